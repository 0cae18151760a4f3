// A claim of any bytes becomes a value without raw controls; different texts give different values: what was encoded
// can be decoded again.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "auth/identity/identity_headers.h"
#include "base/check.h"
#include "base/encoding.h"

namespace {

void check_value(const std::string& value, bool ascii_only) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    LP_CHECK(byte >= 0x20 && byte != 0x7f, "a raw control byte");
    LP_CHECK(!ascii_only || (byte > 0x20 && byte < 0x7f), "a byte that is not visible ASCII");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const lp::HeaderEncoding encoding : {lp::HeaderEncoding::percent, lp::HeaderEncoding::utf8}) {
    const bool percent = encoding == lp::HeaderEncoding::percent;
    const std::string value = lp::header_value(text, encoding);
    check_value(value, percent);
    LP_CHECK(lp::percent_decode(value) == text, "not injective");
    LP_CHECK(lp::trim_ows(value) == value, "a value that recipients trim");
    for (const char separator : {',', '|', ';', ' '}) {
      const std::string list = lp::header_value(nlohmann::json::array({text, "x"}), encoding, separator);
      check_value(list, percent && separator != ' ');
      LP_CHECK(list.find(separator) == list.size() - 2, "a separator in the text separates");
    }
  }
  return 0;
}
