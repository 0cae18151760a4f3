#include "auth/realm/app_tokens.h"

#include <memory>
#include <utility>

#include "auth/oidc/app_token_rules.h"

namespace lp {
namespace {

// Which of the tokens of an outcome an audience is about.
template <class Granted>
auto& token_in(Granted& granted, const TokenAudience& audience) {
  if (audience.account) return granted.account_token;
  return audience.is_id_token() ? granted.id_token : granted.access_token;
}

// Whoever ends the session after this was asked finds the token with the next drop_ended().
bool is_over(const Realm& realm, const AppTokenCache::Owner& owner) {
  return realm.revocations.is_revoked(owner.keys, owner.signed_in_at_ms);
}

}  // namespace

AppTokenCache::Owner owner_of(const Realm& realm, const Session& session) {
  return {session.id, revocation_keys(realm.settings->realm, session.id, session.sid, session.sub),
          session.signed_in_at_ms};
}

std::optional<GrantOutcome> known_token(Realm& realm, const Session& session, const TokenAudience& audience) {
  const AppTokenCache::Found known = realm.tokens.peek(session.id, audience, realm.clock.unix_s());
  if (known.is_refused) {
    return RefreshFailure{RefreshFailure::Kind::refused, "refused", "Logto refused it a moment ago", {}};
  }
  if (!known.token) return std::nullopt;
  GrantedTokens granted;
  token_in(granted, audience) = known.token;
  return granted;
}

void keep_token(Realm& realm, const AppTokenCache::Owner& owner, const TokenAudience& audience,
                const GrantOutcome& outcome) {
  if (is_over(realm, owner)) return;
  if (!outcome) {
    if (outcome.error().kind == RefreshFailure::Kind::refused) {
      realm.tokens.refuse(owner, audience, realm.clock.unix_s());
    }
    return;
  }
  const auto& token = token_in(*outcome, audience);
  if (token) realm.tokens.put(owner, audience, token);
}

void keep_id_token_of(Realm& realm, const Session& session, const Secret& id_token, std::int64_t expires_at_s) {
  auto token = std::make_shared<AppToken>();
  token->token = id_token;
  token->expires_at_s = expires_at_s;
  token->renew_at_s = renew_at_s(expires_at_s, realm.settings->logto.refresh_early_ms, realm.clock.unix_s());
  const AppTokenCache::Owner owner = owner_of(realm, session);
  if (!is_over(realm, owner)) realm.tokens.put(owner, TokenAudience{}, std::move(token));
}

void drop_ended_tokens(Realm& realm, std::int64_t now_s) {
  realm.tokens.drop_ended(now_s, [&](const AppTokenCache::Owner& owner) { return is_over(realm, owner); });
}

}  // namespace lp
