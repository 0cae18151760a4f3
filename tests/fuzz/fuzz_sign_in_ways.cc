// The public sign-in experience: whatever comes, the page that is made of it has bounds, and nothing in it can end an
// attribute, begin a script or load from elsewhere.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/oidc/authorization_request.h"
#include "auth/oidc/sign_in_ways.h"

namespace {

void must_be_a_picture(const std::string& uri) {
  if (uri.empty()) return;
  const bool is_plain = std::none_of(uri.begin(), uri.end(), [](char c) {
    return c <= 0x20 || c == '"' || c == '\'' || c == '<' || c == '>' || c == '&' || c == 0x7f;
  });
  if (!uri.starts_with("data:image/") || uri.size() > lp::kMaxLogoBytes || !is_plain) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lp::ProviderReply reply{200, "application/json", {}};
  reply.body.assign(reinterpret_cast<const char*>(data), size);
  const auto ways = lp::judge_sign_in_ways(reply);
  if (!ways) return 0;
  if (ways->social.size() > lp::kMaxSignInWays) std::abort();
  std::size_t pictures = 0;
  for (const lp::SignInWay& way : ways->social) {
    if (!lp::is_valid_with("social:" + way.target)) std::abort();
    must_be_a_picture(way.logo);
    must_be_a_picture(way.logo_dark);
    pictures += way.logo.size() + way.logo_dark.size();
    for (const auto& [language, name] : way.names) {
      if (language.size() > 16 || name.empty() || name.size() > lp::kMaxWayNameBytes) std::abort();
    }
  }
  if (pictures > lp::kMaxLogosBytes) std::abort();
  return 0;
}
