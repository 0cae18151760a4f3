#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

// Which fields an app gets: a preset's, under the names of the proxy that the app was made for, and those written out
// beside it, which add to them or take their place. Pure.
namespace lp {

inline constexpr std::string_view kAssertionHeader = "X-Logto-Proxy-Assertion";
inline constexpr std::string_view kOrganizationHeader = "X-Forwarded-Organization";

struct NamedPreset {
  std::string_view name;
  IdentityPreset preset;
};
// Every preset under the name that users write, `none` first.
[[nodiscard]] const std::vector<NamedPreset>& identity_presets();

// With nothing but claims that Logto tells; values as the original sends them, UTF-8 and its separator of lists.
[[nodiscard]] std::vector<IdentityHeaderSettings> preset_headers(IdentityPreset preset);

// As many servers fold field names: lower case, '-' for '_' and '.'.
[[nodiscard]] std::string folded_header(std::string_view name);

// Of all routes that say nothing of their own.
[[nodiscard]] std::vector<IdentityHeaderSettings> identity_headers_of(const Settings& settings);
// Of this route, with those that follow from its token, memberships, assertion and organization. A route that says
// anything of its own takes nothing from Settings.
[[nodiscard]] std::vector<IdentityHeaderSettings> identity_headers_of(const Settings& settings,
                                                                      const RouteSettings& route);
[[nodiscard]] bool has_own_identity(const RouteSettings& route);

// Of all that any route tells, each name once, those of Settings first.
[[nodiscard]] std::vector<std::string> identity_header_names(const Settings& settings);
// Adds those that are not there yet.
void add_names(const std::vector<IdentityHeaderSettings>& headers, std::vector<std::string>& names);

}  // namespace lp
