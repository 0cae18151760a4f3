#include "auth/session/authentic_session.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "auth/cookies/cookie_names.h"
#include "auth/cookies/cookie_pieces.h"
#include "auth/session/session_times.h"

namespace lp {

SessionRemains session_remains(const Fields& fields, std::string_view name, const CookieSealer& sealer) {
  SessionRemains remains;
  std::set<std::string_view> names;
  for (const auto& [cookie, value] : cookie_pairs(fields)) {
    if (!is_piece_of(cookie, name)) continue;
    remains.twice = !names.insert(cookie).second || remains.twice;
    remains.bytes += value.size();
  }
  remains.pieces = names.size();
  const JoinedCookie joined = join_cookie_pieces(name, fields);
  remains.complete = !joined.value().empty();
  const std::optional<std::string> bytes = sealer.open(name, joined.value());
  if (!bytes) return remains;
  Result<Session> session = decode_session(*bytes);
  if (session) remains.session = std::move(*session);
  return remains;
}

std::int64_t session_expires_at_s(const Session& session, const SessionSettings& settings) {
  return std::min(session.sealed_at_s + settings.idle_timeout_ms / 1000, session_ends_at_s(session, settings));
}

}  // namespace lp
