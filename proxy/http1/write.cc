#include "proxy/http1/write.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/encoding.h"

namespace lp {

ChunkHead::ChunkHead(std::size_t bytes) {
  const auto written = std::to_chars(text_.data(), text_.data() + 16, bytes, 16);
  length_ = static_cast<std::size_t>(written.ptr - text_.data());
  text_[length_++] = '\r';
  text_[length_++] = '\n';
}

namespace {
struct Reason {
  int status;
  std::string_view phrase;
};
constexpr Reason kReasons[] = {
    {200, "OK"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {426, "Upgrade Required"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

// A field of ours with a line break in it would be two fields: whoever made it has a bug that must not reach a client.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  LP_CHECK(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos, "a field of ours is one line");
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_date(std::string& out, std::time_t now) {
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 40> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  append_field(out, "Date", {text.data(), length});
}
}  // namespace

std::string_view reason_phrase(int status) {
  const auto* found = std::find_if(std::begin(kReasons), std::end(kReasons),
                                   [status](const Reason& reason) { return reason.status == status; });
  return found == std::end(kReasons) ? std::string_view{} : found->phrase;
}

void append_answer(std::string& out, const Answer& answer, bool without_body, bool keep_alive, std::time_t now) {
  out.append("HTTP/1.1 ")
      .append(std::to_string(answer.status))
      .append(" ")
      .append(reason_phrase(answer.status))
      .append("\r\n");
  append_date(out, now);
  for (const auto& [name, value] : answer.headers) append_field(out, name, value);
  if (answer.status != 204) append_field(out, "Content-Length", std::to_string(answer.body.size()));  // RFC 9110 8.6
  if (!keep_alive) append_field(out, "Connection", "close");
  out.append("\r\n");
  if (!without_body) out.append(answer.body);
}

void add_strict_transport(std::string& message, std::string_view value) {
  constexpr std::string_view kName = "Strict-Transport-Security";
  const std::size_t end = message.find("\r\n\r\n");
  LP_CHECK(end != std::string::npos, "a head has an end");
  for (std::size_t at = message.find("\r\n"); at < end; at = message.find("\r\n", at + 2)) {
    if (iequals(std::string_view(message).substr(at + 2, kName.size() + 1), "Strict-Transport-Security:")) return;
  }
  message.insert(end + 2, std::string(kName) + ": " + std::string(value) + "\r\n");
}

}  // namespace lp
