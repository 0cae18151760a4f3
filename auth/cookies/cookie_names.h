#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

// How our cookies are called. Pure.
namespace lp {

struct CookieNames {
  std::string session;         // further pieces of a large session: <session>_1, <session>_2, ...
  std::string pending_prefix;  // one cookie per unfinished sign-in: <pending_prefix><id>
  std::string loop;            // what recent sign-ins led to (auth/cookies/loop_marker.h)
  std::string held;            // the key to a held request (auth/cookies/held_ticket.h)
};

// The names under an external URL of the given scheme. __Host- binds a cookie to the very host that set it and to
// https (RFC 6265bis 4.1.3.2); a session.cookie.domain rules it out and leaves __Secure-; plain http allows neither.
// session.cookie.name replaces the session's name only, on either scheme. Partitioned ones have other names: where both
// are sent, nothing tells a browser's partitioned cookie from an earlier one of the same name. Realms but the default
// one have names of their own: a cookie of a domain, or of another port of the host, reaches hosts of other realms too.
[[nodiscard]] CookieNames cookie_names(const Settings& settings, bool https);
[[nodiscard]] CookieNames cookie_names(const CookieSettings& cookie, std::string_view realm, bool https);
// How cookies were set before the configuration had a cookie domain, or partitions, or either of the two.
[[nodiscard]] std::vector<CookieSettings> earlier_cookies(const CookieSettings& now);
// All that any realm of the process uses or, before it had a cookie domain or partitions, used.
[[nodiscard]] std::vector<CookieNames> all_cookie_names(const Settings& settings);
// The Domain of cookies that are set where a sign-in begins and read where it ends, at sign_in_url; empty: host-only.
[[nodiscard]] std::string attempt_cookie_domain(const Settings& settings);

// True for the name itself and its numbered pieces.
[[nodiscard]] bool is_piece_of(std::string_view cookie_name, std::string_view session_name);

}  // namespace lp
