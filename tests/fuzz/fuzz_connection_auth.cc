#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/encoding.h"
#include "proxy/http/connection_auth.h"

// A value of Authorization or WWW-Authenticate. Its case does not matter, another challenge before or behind it hides
// none, and what both sides of a message are asked is the same question.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string value(reinterpret_cast<const char*>(data), size);
  const bool is_named = lp::names_connection_scheme(value);
  LP_CHECK(lp::names_connection_scheme(lp::ascii_lower(value)) == is_named, "case matters");
  LP_CHECK(lp::names_connection_scheme("Basic realm=\"x\", " + value) == is_named, "hidden by a challenge before it");
  LP_CHECK(lp::names_connection_scheme(value + ", Basic realm=\"x\"") == is_named, "hidden by a challenge behind it");
  lp::Fields fields;
  fields.add("authorization", value);
  fields.add("www-authenticate", value);
  LP_CHECK(lp::asks_to_sign_in_connection(fields) == is_named, "asked otherwise");
  LP_CHECK(lp::offers_to_sign_in_connection(fields) == is_named, "offered otherwise");
  return 0;
}
