#include "config/realms.h"

#include <algorithm>
#include <utility>

#include "config/host_pattern.h"

namespace lp {

Settings settings_of_realm(const Settings& whole, const RealmSettings& realm) {
  Settings own = whole;
  own.realm = realm.name;
  own.logto = realm.logto;
  own.external_urls = realm.external_urls;
  own.sign_in_url = realm.sign_in_url;
  own.session.cookie.domain = realm.cookie_domain;
  // No realm's name has a dot: nobody's journal is another one's, nor another file next to it.
  if (realm.name != kDefaultRealm && !own.revocations.journal.empty()) {
    own.revocations.journal += ".realm-" + realm.name;
  }
  std::erase_if(own.routes, [&](const RouteSettings& route) {
    return std::none_of(realm.external_urls.begin(), realm.external_urls.end(),
                        [&](const Origin& origin) { return host_patterns_meet(route.host, origin.host); });
  });
  return own;
}

std::vector<std::shared_ptr<const Settings>> settings_of_realms(std::shared_ptr<const Settings> whole) {
  if (whole->realms.empty()) return {std::move(whole)};
  std::vector<std::shared_ptr<const Settings>> all;
  for (const RealmSettings& realm : whole->realms) {
    all.push_back(std::make_shared<const Settings>(settings_of_realm(*whole, realm)));
  }
  return all;
}

}  // namespace lp
