#include "auth/cookie_names.h"

#include <algorithm>

namespace lp {

CookieNames cookie_names(const Settings& settings, bool https) {
  const CookieSettings& cookie = settings.session.cookie;
  const std::string guard = !https ? "" : cookie.domain.empty() ? "__Host-" : "__Secure-";
  CookieNames names{guard + "logto_session", guard + "logto_pending_", guard + "logto_loop", guard + "logto_held"};
  if (!cookie.name.empty()) names.session = cookie.name;
  return names;
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
