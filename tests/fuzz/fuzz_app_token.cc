// Access tokens for an audience: what is passed on to an app must be a header value, for the right subject, with an
// end.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "auth/oidc/app_token_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kNow = 1'795'317'047;
  if (size == 0) return 0;
  lp::TokenSet tokens;
  tokens.expires_in_s = data[0] % 2 == 0 ? 0 : 600;
  tokens.access_token = lp::Secret(std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  for (const lp::TokenAudience& audience :
       {lp::TokenAudience{"https://things.example.test/api", ""}, lp::TokenAudience{"", "rvsdxgj6esgo"}}) {
    const auto issued = lp::judge_app_token(tokens, audience, "w4ndvwcirbdr", 60'000, kNow);
    if (!issued) continue;
    const std::string_view text = issued->token.reveal();
    if (!std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c <= 0x7e; })) std::abort();
    if (issued->expires_at_s <= kNow || issued->renew_at_s > issued->expires_at_s) std::abort();
  }
  return 0;
}
