#pragma once
#include <array>
#include <string>
#include <string_view>

#include "base/url.h"
#include "config/settings.h"

// Which paths are ours on every external URL: never routed, never forwarded. Paths are normalised. Pure.
namespace lp {

// True for the prefix itself and everything below it.
[[nodiscard]] inline bool lies_below_prefix(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

// All prefixes of ours; where there is but one it stands twice.
[[nodiscard]] inline std::array<std::string_view, 2> own_prefixes(const Settings& settings) {
  const std::string& oauth2_proxy = settings.forward_auth.oauth2_proxy;
  return {settings.auth_prefix, oauth2_proxy.empty() ? settings.auth_prefix : oauth2_proxy};
}

[[nodiscard]] inline bool is_own_path(std::string_view path, const Settings& settings) {
  const auto [first, second] = own_prefixes(settings);
  return lies_below_prefix(path, first) ||
         (!settings.forward_auth.oauth2_proxy.empty() && lies_below_prefix(path, second));
}

// "https://app.example/_auth/callback": an endpoint as browsers and Logto know it, below sign_in_url where there is
// one, else below the external URL of the request.
[[nodiscard]] std::string own_url(const Settings& settings, const Origin& external, std::string_view endpoint);
// The redirect URI of sign-ins that begin now. Who comes from oauth2-proxy has that one's registered at Logto.
[[nodiscard]] std::string callback_url(const Settings& settings, const Origin& external);

}  // namespace lp
