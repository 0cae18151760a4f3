#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "proxy/http/private_caching.h"

// Lines "Name: value". What is written anew says that it is private, and written anew once more says the same.
namespace {

std::string rewritten(std::string_view text) {
  lp::Fields answer;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos || line.find('\r') < line.size() - (line.ends_with('\r') ? 1 : 0)) continue;
    std::string_view value = line.substr(colon + 2);
    if (value.ends_with('\r')) value.remove_suffix(1);
    answer.add(line.substr(0, colon), value);
  }
  lp::PrivateCaching caching;
  for (const lp::Field& field : answer.all()) {
    if (lp::speaks_to_caches(field.name)) caching.take(field);
  }
  std::string out;
  {
    lp::HeadText head(out);
    caching.append_to(head, answer);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string once = rewritten({reinterpret_cast<const char*>(data), size});
  LP_CHECK(!once.empty(), "says nothing to caches");
  LP_CHECK(rewritten(once) == once, "not a fixed point");
  return 0;
}
