// Encoders and decoders: what is encoded decodes to itself, and what a strict decoder accepts has one spelling.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/log_format.h"

namespace {

void check_round_trips(std::string_view bytes) {
  LP_CHECK(lp::base64_decode(lp::base64_encode(bytes)) == bytes, "base64 lost bytes");
  LP_CHECK(lp::base64url_decode(lp::base64url_encode(bytes)) == bytes, "base64url lost bytes");
  LP_CHECK(lp::percent_decode(lp::percent_encode(bytes)) == bytes, "percent encoding lost bytes");
  LP_CHECK(lp::form_decode(lp::percent_encode(bytes)) == bytes, "form encoding lost bytes");
}

void check_single_spelling(std::string_view text) {
  if (const auto bytes = lp::base64_decode(text)) {
    LP_CHECK(lp::base64_encode(*bytes) == text, "a second spelling in base64");
  }
  if (const auto bytes = lp::base64url_decode(text)) {
    LP_CHECK(lp::base64url_encode(*bytes) == text, "a second spelling in base64url");
  }
  if (const auto bytes = lp::percent_decode(text)) LP_CHECK(bytes->size() <= text.size(), "decoding made bytes");
}

void check_utf8(std::string_view bytes) {
  const std::string valid = lp::replace_invalid_utf8(bytes);
  LP_CHECK(lp::is_valid_utf8(valid), "a replacement that left broken UTF-8");
  LP_CHECK(lp::is_valid_utf8(bytes) == (valid == bytes), "valid UTF-8 was changed, or invalid kept");
  const std::string html = lp::html_escape(bytes);
  LP_CHECK(html.find_first_of("<>\"'") == std::string::npos, "markup survived");
  LP_CHECK(lp::is_valid_utf8(html), "HTML that is not UTF-8");
}

// Escaped text is one line of printable UTF-8 in which each quote and backslash belongs to an escape.
void check_json(std::string_view bytes) {
  for (const std::size_t max_bytes : {std::size_t{5}, std::size_t{2048}}) {
    std::string out;
    lp::append_json_escaped(out, bytes, max_bytes);
    LP_CHECK(lp::is_valid_utf8(out), "a log line that is not UTF-8");
    LP_CHECK(out.size() <= max_bytes * 6, "a log line over its bound");
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto c = static_cast<unsigned char>(out[i]);
      LP_CHECK(c >= 0x20 && c != 0x7f && c != '"', "a raw control byte or quote in a log line");
      if (c != '\\') continue;
      LP_CHECK(i + 1 < out.size() && std::string_view("\"\\nrtu").find(out[i + 1]) != std::string_view::npos,
               "a broken escape in a log line");
      ++i;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_round_trips(bytes);
  check_single_spelling(bytes);
  check_utf8(bytes);
  check_json(bytes);
  return 0;
}
