// A logout request: what is accepted of its form is one token; claims of a logout token whose signature has been
// verified: what is accepted is ours, for us, of somebody, and can be remembered.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "auth/oidc/backchannel_logout_request.h"
#include "auth/oidc/logout_token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  auto token = lp::parse_logout_request("application/x-www-form-urlencoded", input);
  if (token && token->empty()) std::abort();

  const lp::LogoutTokenExpectations expected{"https://auth.example.com/oidc", "app", 1'800'000'000};
  auto judged = lp::judge_verified_logout_claims(input, expected);
  if (!judged) return judged.error().rule.empty() ? (std::abort(), 0) : 0;
  const auto printable = [](std::string_view text) {
    return text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
  };
  if (judged->sub.empty() && judged->sid.empty()) std::abort();
  if (judged->jti.empty() || !printable(judged->sub) || !printable(judged->sid) || !printable(judged->jti))
    std::abort();
  if (judged->remember_until_s < expected.now_s || judged->remember_until_s > expected.now_s + 3700) std::abort();
  return 0;
}
