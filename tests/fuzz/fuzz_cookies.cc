// Cookie headers, one per line of the input: pairs are exact pieces of the header, in order.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/http_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  lp::Fields fields;
  for (std::size_t at = 0; at <= input.size();) {
    const std::size_t end = std::min(input.find('\n', at), input.size());
    fields.add("cookie", input.substr(at, end - at));
    at = end + 1;
  }
  const char* last = input.data();
  for (const auto& [name, value] : lp::cookie_pairs(fields)) {
    LP_CHECK(name.data() >= last && name.data() + name.size() + 1 == value.data(), "a pair that is no piece in order");
    LP_CHECK(value.data()[-1] == '=', "a pair without '='");
    LP_CHECK(name.find_first_of("=;\n") == std::string_view::npos, "a name that holds a separator");
    LP_CHECK(value.find_first_of(";\n") == std::string_view::npos, "a value that holds a separator");
    last = value.data() + value.size();
    LP_CHECK(last <= input.data() + input.size(), "a pair beyond the header");
  }
  return 0;
}
