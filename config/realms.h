#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "config/settings.h"

// Several Logto applications in one process: the settings of one realm as if it were alone. Pure.
namespace lp {

// The realm that is there without `realms`. One of this name keeps the cookies, files and keys of such a process.
inline constexpr std::string_view kDefaultRealm = "default";

// `whole` with what belongs to the realm in place of the top: its logto, external_urls, sign_in_url, cookie domain and
// files of its own, and of the routes those that can match one of its hosts, with the index that they have in the file.
[[nodiscard]] Settings settings_of_realm(const Settings& whole, const RealmSettings& realm);
// Of all realms, in the order of the file; without `realms` one, which is `whole` itself.
[[nodiscard]] std::vector<std::shared_ptr<const Settings>> settings_of_realms(std::shared_ptr<const Settings> whole);

}  // namespace lp
