// Accept-Encoding and an app's fields of any bytes: one coding that we speak and the client did not refuse, never for
// what is not to be changed, and the app's fields stay but for those that the coding changes.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "proxy/http/coding_choice.h"

namespace {

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

void check_head(const lp::ResponseHead& head, const lp::CodingChoice& choice, const lp::RequestHead& request) {
  std::string etag;
  const lp::ResponseHead coded = lp::coded_head(head, choice, request, etag);
  LP_CHECK(coded.fields.count("Set-Cookie") == head.fields.count("Set-Cookie"), "a cookie is lost");
  LP_CHECK(!choice.varies || coded.fields.has("Vary"), "an answer that varies does not say so");
  if (choice.coding == lp::Coding::identity) return;
  LP_CHECK(head.status != 206 && !head.fields.has("Content-Encoding"), "coded twice, or a part");
  LP_CHECK(coded.fields.count("Content-Encoding") == 1 && !coded.fields.has("Content-Length"), "a head that errs");
  LP_CHECK(!coded.fields.get("ETag").starts_with('"'), "a strong ETag of other bytes");
}

}  // namespace

// The first line is Accept-Encoding; each further one a field, and '>' in front makes it one of the request.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  lp::CompressionSettings settings;
  settings.mode = lp::CompressionSettings::Mode::on;
  lp::RequestHead request;
  lp::ResponseHead head;
  head.status = 200 + static_cast<int>(size % 7);
  request.fields.add("Accept-Encoding", take_line(rest));
  while (!rest.empty()) {
    std::string_view line = take_line(rest);
    lp::Fields& fields = line.starts_with('>') ? request.fields : head.fields;
    if (line.starts_with('>')) line.remove_prefix(1);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) fields.add(line.substr(0, colon), line.substr(colon + 1));
  }
  const lp::CodingChoice choice =
      lp::choose_coding({settings, request, true, size % 2 == 0}, head, {lp::BodyFraming::Kind::chunked, 0});
  LP_CHECK(choice.coding == lp::Coding::identity || choice.varies, "coded without a word to caches");
  check_head(head, choice, request);
  return 0;
}
