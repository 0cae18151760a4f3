#include "auth/session/session.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "auth/cookies/cbor_members.h"
#include "auth/session/patreon_member.h"

namespace lp {
namespace {

using nlohmann::json;

constexpr int kSessionVersion = 3;
constexpr std::size_t kSessionMembers = 13;
constexpr std::size_t kSessionMembersWithPatreon = 14;

}  // namespace

std::string encode_session(const Session& session) {
  json members = json::array({kSessionVersion, session.sub, session.sid, *session.claims,
                              std::string(session.refresh_token.reveal()), session.signed_in_at_ms,
                              session.validated_at_s, session.sealed_at_s, session.generation, session.id,
                              session.nonce_hash, session.tokens_expire_at_s, session.authenticated_at_s});
  if (session.patreon) members.push_back(patreon_member(*session.patreon));
  return write_members(members);
}

Result<Session> decode_session(std::string_view bytes) {
  std::optional<json> members = read_members(bytes, kMaxSessionBytes, kSessionVersion, kSessionMembers);
  if (!members) members = read_members(bytes, kMaxSessionBytes, kSessionVersion, kSessionMembersWithPatreon);
  if (!members) return fail("not a session of this version");
  json& m = *members;
  Session session;
  const bool complete = take_member(m[1], session.sub) && take_member(m[2], session.sid) && m[3].is_object() &&
                        take_member(m[4], session.refresh_token) && take_time(m[5], session.signed_in_at_ms) &&
                        take_time(m[6], session.validated_at_s) && take_time(m[7], session.sealed_at_s) &&
                        take_member(m[8], session.generation) && take_member(m[9], session.id) &&
                        take_member(m[10], session.nonce_hash) && take_time(m[11], session.tokens_expire_at_s) &&
                        take_time(m[12], session.authenticated_at_s);
  if (!complete || session.sub.empty() || session.id.empty()) return fail("a session with a member of the wrong type");
  if (m.size() == kSessionMembersWithPatreon) {
    auto patreon = take_patreon_member(m[13]);
    if (!patreon) return fail("a session with a member of the wrong type");
    session.patreon = std::make_shared<const PatreonStanding>(std::move(*patreon));
  }
  session.claims = std::move(m[3]);
  return session;
}

}  // namespace lp
