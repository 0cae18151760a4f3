#include "proxy/http2/request_head.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "config/value.h"
#include "proxy/http/syntax.h"
#include "proxy/http/websocket.h"
#include "proxy/http1/request.h"

namespace lp {
namespace {

constexpr auto kPseudo = std::to_array<std::string_view>({":method", ":path", ":scheme", ":authority", ":protocol"});
enum Pseudo : unsigned { kMethod = 1, kPath = 2, kScheme = 4, kAuthority = 8, kProtocol = 16 };

// RFC 9113 8.2.1: nothing of it may mean something else where it is written as a line (threat D13).
bool is_line_of_value(std::string_view value) {
  // One search each: find_first_of() asks anew for every byte.
  return value.find('\r') == value.npos && value.find('\n') == value.npos && value.find('\0') == value.npos;
}
constexpr syntax::CharTable kLowerToken = [] {
  syntax::CharTable table = syntax::kToken;
  for (std::size_t c = 'A'; c <= 'Z'; ++c) table[c] = false;
  return table;
}();
bool is_lower_case_name(std::string_view name) {
  bool is_good = !name.empty();
  for (const char c : name) is_good = is_good && syntax::in(kLowerToken, c);
  return is_good;
}
bool has_blank_or_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return !syntax::is_text(c) || c == ' '; });
}
// With its memory.
void forget(std::string& text) { std::string().swap(text); }
constexpr std::size_t kUsualLines = 1024;  // without cookies

// RFC 9113 8.2.2 (threat D12).
bool is_of_connection(std::string_view name) {
  switch (name.size()) {
    case 7:
      return name == "upgrade";
    case 10:
      return name == "connection" || name == "keep-alive";
    case 16:
      return name == "proxy-connection";
    case 17:
      return name == "transfer-encoding";
    default:
      return false;
  }
}

}  // namespace

void Http2RequestHead::start_over() {
  for (std::string* text : {&method_, &path_, &scheme_, &authority_, &host_, &protocol_, &lines_, &cookies_})
    text->clear();
  lines_.reserve(kUsualLines);
  broken_rule_ = nullptr;
  seen_ = 0;
  has_fields_ = has_host_ = has_cookies_ = has_length_ = is_too_large_ = false;
}

void Http2RequestHead::release() {
  for (std::string* text : {&path_, &authority_, &host_, &lines_, &cookies_}) forget(*text);
}

std::size_t Http2RequestHead::memory() const {
  std::size_t bytes = 0;
  for (const std::string* part : {&method_, &path_, &scheme_, &authority_, &host_, &lines_, &cookies_, &text_})
    bytes += part->capacity();
  return bytes;
}

void Http2RequestHead::add(std::string_view name, std::string_view value) {
  if (broken_rule_ != nullptr || is_too_large_) return;
  broken_rule_ = name.starts_with(':') ? note_pseudo(name, value) : note_field(name, value);
  is_too_large_ = kept_bytes() > limits_.head_bytes;
  if (!is_too_large_) return;
  forget(lines_);
  forget(cookies_);
}

std::size_t Http2RequestHead::kept_bytes() const {
  return method_.size() + path_.size() + scheme_.size() + authority_.size() + host_.size() + lines_.size() +
         cookies_.size();
}

const char* Http2RequestHead::note_pseudo(std::string_view name, std::string_view value) {
  const auto* const found = std::find(kPseudo.begin(), kPseudo.end(), name);
  if (found == kPseudo.end()) return "unknown pseudo-header field";
  const auto which = static_cast<std::size_t>(found - kPseudo.begin());
  if (has_fields_) return "pseudo-header field behind another one";
  if ((seen_ & 1U << which) != 0) return "pseudo-header field that comes twice";
  seen_ |= 1U << which;
  std::string* const places[] = {&method_, &path_, &scheme_, &authority_, &protocol_};
  places[which]->assign(value);
  return nullptr;
}

const char* Http2RequestHead::note_field(std::string_view name, std::string_view value) {
  has_fields_ = true;
  if (!is_lower_case_name(name)) return "field name that is no token in lower case";
  if (!is_line_of_value(value)) return "control byte in a field value";
  if (is_of_connection(name)) return "field that speaks of a connection";
  if (name == "te" && !iequals(value, "trailers")) return "TE other than trailers";
  if (name == "host") return note_host(value);
  has_length_ = has_length_ || name == "content-length";
  const bool is_ours = name == "sec-websocket-key" && !protocol_.empty();  // so is the handshake
  if (name == "cookie")
    note_cookie(value);
  else if (!is_ours)
    lines_.append(name).append(": ").append(value).append("\r\n");
  return nullptr;
}

const char* Http2RequestHead::note_host(std::string_view value) {
  if (has_host_) return "two Host fields";
  has_host_ = true;
  host_ = value;
  return nullptr;
}

void Http2RequestHead::note_cookie(std::string_view value) {
  if (has_cookies_) cookies_ += "; ";
  has_cookies_ = true;
  cookies_ += value;
}

// All that is written as a line of its own is looked at here: behind it there is but text.
std::optional<ParseError> Http2RequestHead::check() const {
  if (broken_rule_ != nullptr) return ParseError{400, broken_rule_};
  if (path_.size() > limits_.target_bytes) return ParseError{414, "request target too long (limits.target)"};
  if (is_too_large_) return ParseError{431, "request head too large (limits.request_head)"};
  const bool is_connect = method_ == "CONNECT";
  if (is_connect && protocol_.empty()) return ParseError{405, "TRACE or CONNECT"};
  if (!is_connect && (seen_ & kProtocol) != 0) return ParseError{400, ":protocol without CONNECT"};
  if (is_connect && !iequals(protocol_, kWebSocket)) return ParseError{501, ":protocol other than websocket"};
  constexpr unsigned kNeeded = kMethod | kPath | kScheme;
  if ((seen_ & kNeeded) != kNeeded) return ParseError{400, "pseudo-header field missing"};
  if (!is_token(method_)) return ParseError{400, "malformed method"};
  if (path_.empty() || has_blank_or_control(path_)) return ParseError{400, "malformed request target"};
  if (path_.front() != '/' && path_ != "*") return ParseError{400, ":path is no path"};
  // In one spelling, as all clients write it (threat D15).
  if (scheme_ != "http" && scheme_ != "https") return ParseError{400, ":scheme other than http and https"};
  if (has_blank_or_control(authority_)) return ParseError{400, "malformed :authority"};
  const bool has_both = has_host_ && (seen_ & kAuthority) != 0;
  if (has_both && !iequals(authority_, host_)) return ParseError{400, ":authority and Host differ"};
  return std::nullopt;
}

void Http2RequestHead::write_text(const Ending& ending) {
  const bool is_tunnel = asks_for_tunnel();
  constexpr std::size_t kOurWords = 64;
  constexpr std::size_t kWordsOfHandshake = 128;
  text_.clear();
  text_.reserve(kept_bytes() + kOurWords + (is_tunnel ? kWordsOfHandshake : 0));
  text_.append(is_tunnel ? std::string_view("GET") : std::string_view(method_)).append(" ").append(path_);
  text_ += " HTTP/1.1\r\n";
  const bool has_authority = (seen_ & kAuthority) != 0;
  if (has_authority || has_host_) text_.append("host: ").append(has_authority ? authority_ : host_).append("\r\n");
  text_ += lines_;
  if (has_cookies_) text_.append("cookie: ").append(cookies_).append("\r\n");
  if (is_tunnel)
    text_.append("connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: ")
        .append(ending.websocket_key)
        .append("\r\n");
  if (!ending.ends_stream && !has_length_ && !is_tunnel) text_ += "transfer-encoding: chunked\r\n";
  text_ += "\r\n";
}

std::optional<ParseError> Http2RequestHead::finish(const Ending& ending, ParsedRequest& out) {
  if (const auto error = check()) return error;
  write_text(ending);
  if (text_.size() > limits_.head_bytes) return ParseError{431, "request head too large (limits.request_head)"};
  out.good_host.swap(good_host_);
  const auto error = parse_request_head(text_, limits_, out);
  out.good_host.swap(good_host_);
  if (error) return error;
  const bool promises_body = out.body.kind != BodyFraming::Kind::none && out.body.length > 0;
  if (ending.ends_stream && promises_body) return ParseError{400, "Content-Length without a body"};
  return std::nullopt;
}

void Http2Trailers::add(std::string_view name, std::string_view value) {
  if (is_bad_) return;
  const bool is_too_much =
      ++count_ > limits_.field_count || lines_.size() + name.size() + value.size() > limits_.head_bytes;
  is_bad_ = is_too_much || !is_lower_case_name(name) || !is_line_of_value(value) || is_of_connection(name);
  if (is_bad_) return forget(lines_);
  lines_.append(name).append(": ").append(value).append("\r\n");
}

Fields Http2Trailers::fields() const {
  Fields result;
  std::string_view rest = lines_;
  for (std::size_t end = 0; (end = rest.find("\r\n")) != std::string_view::npos; rest.remove_prefix(end + 2)) {
    const std::size_t colon = rest.find(':');
    result.add(rest.substr(0, colon), rest.substr(colon + 2, end - colon - 2));
  }
  return result;
}

}  // namespace lp
