#include "auth/session.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "auth/cbor_members.h"

namespace lp {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kMembers = 9;
constexpr std::int64_t kMaxResealAfterS = 300;

std::int64_t in_seconds(std::int64_t ms) { return ms / 1000; }

std::int64_t reseal_at_s(const Session& session, const SessionSettings& settings) {
  return session.sealed_at_s + std::min(in_seconds(settings.idle_timeout_ms) / 10, kMaxResealAfterS);
}

std::int64_t revalidate_at_s(const Session& session, const SessionSettings& settings) {
  return session.validated_at_s + in_seconds(settings.revalidate_ms);
}

std::int64_t expires_at_s(const Session& session, const SessionSettings& settings) {
  return std::min(session.sealed_at_s + in_seconds(settings.idle_timeout_ms), session_ends_at_s(session, settings));
}

}  // namespace

std::string encode_session(const Session& session) {
  return write_members(
      json::array({kVersion, session.sub, session.sid, session.claims, std::string(session.refresh_token.reveal()),
                   session.signed_in_at_s, session.validated_at_s, session.sealed_at_s, session.generation}));
}

Result<Session> decode_session(std::string_view bytes) {
  std::optional<json> members = read_members(bytes, kMaxSessionBytes, kVersion, kMembers);
  if (!members) return fail("not a session of this version");
  json& m = *members;
  Session session;
  const bool complete = take_member(m[1], session.sub) && take_member(m[2], session.sid) && m[3].is_object() &&
                        take_member(m[4], session.refresh_token) && take_time_s(m[5], session.signed_in_at_s) &&
                        take_time_s(m[6], session.validated_at_s) && take_time_s(m[7], session.sealed_at_s) &&
                        take_member(m[8], session.generation);
  if (!complete || session.sub.empty()) return fail("a session with a member of the wrong type");
  session.claims = std::move(m[3]);
  return session;
}

std::int64_t session_ends_at_s(const Session& session, const SessionSettings& settings) {
  return session.signed_in_at_s + in_seconds(settings.max_lifetime_ms);
}

SessionAge session_age(const Session& session, const SessionSettings& settings, std::int64_t now_s) {
  if (now_s >= expires_at_s(session, settings)) return SessionAge::expired;
  if (now_s >= revalidate_at_s(session, settings)) return SessionAge::due_for_revalidation;
  return wants_reseal(session, settings, now_s) ? SessionAge::due_for_reseal : SessionAge::fresh;
}

bool wants_reseal(const Session& session, const SessionSettings& settings, std::int64_t now_s) {
  return now_s >= reseal_at_s(session, settings);
}

std::int64_t age_valid_until_s(const Session& session, const SessionSettings& settings, std::int64_t now_s) {
  std::int64_t until = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t change :
       {reseal_at_s(session, settings), revalidate_at_s(session, settings), expires_at_s(session, settings)}) {
    if (change > now_s) until = std::min(until, change);
  }
  return until;
}

}  // namespace lp
