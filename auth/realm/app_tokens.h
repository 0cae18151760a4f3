#pragma once
#include <cstdint>
#include <optional>

#include "auth/realm/realm.h"
#include "auth/session/app_token_cache.h"
#include "auth/session/refreshed.h"
#include "auth/session/session.h"

// Tokens of sessions in Realm::tokens. Any thread.
namespace lp {

[[nodiscard]] AppTokenCache::Owner owner_of(const Realm& realm, const Session& session);

// What need not be asked of Logto: a token that is not due for renewal, or a refusal of a moment ago.
[[nodiscard]] std::optional<GrantOutcome> known_token(Realm& realm, const Session& session,
                                                      const TokenAudience& audience);
// Of an outcome for this audience: the token, or that it was refused. Nothing is kept of a session that has ended.
void keep_token(Realm& realm, const AppTokenCache::Owner& owner, const TokenAudience& audience,
                const GrantOutcome& outcome);
void keep_id_token_of(Realm& realm, const Session& session, const Secret& id_token, std::int64_t expires_at_s);

// Every second: tokens that ran out, and those of sessions that ended by a record that names more than one.
void drop_ended_tokens(Realm& realm, std::int64_t now_s);

}  // namespace lp
