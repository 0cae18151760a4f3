// Whatever is asked for, what is granted stays on the own origin as a browser reads it (WHATWG URL), and is granted
// again unchanged.
#include <cstdint>
#include <string>
#include <string_view>

#include "auth/rules/return_to.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const lp::Origin own{"https", "app.test", 443};
  const std::string_view candidate(reinterpret_cast<const char*>(data), size);
  const auto vetted = lp::vet_return_to(candidate, own, lp::Settings{});
  if (!vetted) return 0;
  LP_CHECK(!vetted->empty() && vetted->front() == '/', "not a path");
  LP_CHECK(vetted->size() == 1 || ((*vetted)[1] != '/' && (*vetted)[1] != '\\'), "reads as another host");
  for (const char c : *vetted) LP_CHECK(c > 0x20 && c < 0x7f && c != '\\', "a byte that browsers repair");
  const auto url = lp::parse_url("https://app.test" + vetted->substr(0, vetted->find('#')));
  LP_CHECK(url.ok() && url->origin == own, "leaves the origin");
  LP_CHECK(!url->path.starts_with("/_auth/") && url->path != "/_auth", "an own endpoint");
  LP_CHECK(lp::vet_return_to(*vetted, own, lp::Settings{}) == vetted, "not a fixed point");
  return 0;
}
