#include "auth/cookies/cookie_names.h"

#include <algorithm>
#include <utility>

#include "config/realms.h"

namespace lp {

CookieNames cookie_names(const CookieSettings& cookie, std::string_view realm, bool https) {
  const std::string guard = !https ? "" : cookie.domain.empty() ? "__Host-" : "__Secure-";
  // '-', which begins no piece and no attempt of another realm's cookie.
  const std::string whose = realm == kDefaultRealm ? "" : "-" + std::string(realm);
  const std::string ours = guard + (cookie.partitioned ? "logto_framed_" : "logto_");
  CookieNames names{ours + "session" + whose, ours + "pending" + whose + "_", ours + "loop" + whose,
                    ours + "held" + whose};
  if (!cookie.name.empty()) names.session = cookie.name + whose;
  return names;
}

CookieNames cookie_names(const Settings& settings, bool https) {
  return cookie_names(settings.session.cookie, settings.realm, https);
}

std::vector<CookieSettings> earlier_cookies(const CookieSettings& now) {
  std::vector<CookieSettings> earlier;
  const auto add = [&](bool host_only, bool whole) {
    CookieSettings cookie = now;
    if (host_only) cookie.domain.clear();
    if (whole) cookie.partitioned = false;
    earlier.push_back(std::move(cookie));
  };
  if (!now.domain.empty()) add(true, false);
  if (now.partitioned) add(false, true);
  if (!now.domain.empty() && now.partitioned) add(true, true);
  return earlier;
}

std::vector<CookieNames> all_cookie_names(const Settings& settings) {
  std::vector<CookieNames> all;
  const auto add = [&](std::string_view realm, const std::string& domain) {
    CookieSettings cookie = settings.session.cookie;
    cookie.domain = domain;
    for (const bool https : {true, false}) all.push_back(cookie_names(cookie, realm, https));
    for (const CookieSettings& earlier : earlier_cookies(cookie)) all.push_back(cookie_names(earlier, realm, true));
  };
  if (settings.realms.empty()) add(settings.realm, settings.session.cookie.domain);
  for (const RealmSettings& realm : settings.realms) add(realm.name, realm.cookie_domain);
  return all;
}

std::string attempt_cookie_domain(const Settings& settings) {
  return settings.sign_in_url ? settings.session.cookie.domain : "";
}

bool is_piece_of(std::string_view cookie_name, std::string_view session_name) {
  if (!cookie_name.starts_with(session_name)) return false;
  std::string_view rest = cookie_name.substr(session_name.size());
  if (rest.empty()) return true;
  if (rest.front() != '_' || rest.size() == 1) return false;
  rest.remove_prefix(1);
  return std::all_of(rest.begin(), rest.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace lp
