#include <cstdint>
#include <string>
#include <string_view>

#include "auth/identity/client_headers.h"
#include "base/check.h"
#include "base/http_message.h"

// No cookie of ours is left, whatever the Cookie looks like, and stripping again changes nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const lp::Settings settings;
  static const lp::ClientHeaderRules rules(settings);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)rules.strips_request_field(text);
  (void)rules.strips_response_field(text);
  (void)rules.app_may_set(text, "app.test");
  std::string once;
  rules.append_foreign_cookies(text, "app.test", once);
  lp::Fields fields;
  fields.add("Cookie", once);
  for (const auto& [name, value] : lp::cookie_pairs(fields)) LP_CHECK(!rules.is_own_cookie(name), "our cookie is left");
  std::string twice;
  rules.append_foreign_cookies(once, "app.test", twice);
  LP_CHECK(once == twice, "stripping twice differs");
  return 0;
}
