// The callback's query, and the browser's languages that go into the authorization request.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "auth/oidc/callback_response.h"
#include "auth/oidc/ui_locales.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view query(reinterpret_cast<const char*>(data), size);
  const std::string locales = lp::ui_locales_from(query);
  if (locales.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789- ") !=
      std::string::npos) {
    std::abort();
  }
  auto response = lp::parse_callback(query);
  if (!response) return 0;
  if (response->state.empty() || response->code.empty() == response->error.empty()) std::abort();
  static_cast<void>(lp::judge_callback_issuer(*response, "https://auth.example.com/oidc", true));
  return 0;
}
