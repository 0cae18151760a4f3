#include "auth/refresh/flow.h"

#include <algorithm>
#include <utility>

#include "auth/oidc/app_token_needs.h"
#include "auth/oidc/app_token_rules.h"

namespace lp {
namespace {

using Kind = RefreshFailure::Kind;

constexpr std::size_t kMaxScopesLeftOut = 64;

// A token that breaks a rule is somebody's lie, so the session ends; what could not be judged says nothing of it. The
// latter goes for a key that is not published yet, too: while Logto rotates its keys nobody is signed out.
Kind refresh_kind(const VerifyFailure& failure) {
  return failure.kind == VerifyFailure::Kind::rejected && !failure.unknown_key ? Kind::ended : Kind::unavailable;
}

}  // namespace

RefreshFlow::RefreshFlow(const AuthWorld& world, Session session, TokenAudience audience, Done done)
    : world_(world),
      session_(std::move(session)),
      audience_(std::move(audience)),
      done_(std::move(done)),
      refresh_token_(session_.refresh_token) {
  waiting_ = world_.provider.need_metadata([this](const auto& known) { on_metadata(known); });
}

void RefreshFlow::on_metadata(const Result<std::shared_ptr<const ProviderMetadata>>& known) {
  if (!known) return fail_with({Kind::unavailable, "discovery", known.error().message, {}});
  metadata_ = *known;
  send();
}

void RefreshFlow::send() {
  TokenAudience asked = audience_;
  if (!asked.is_id_token()) asked.scopes = scopes_to_ask(world_.settings, audience_);
  auto fetch = world_.client_fetch.fetch(
      [this, asked = std::move(asked)](const Secret& secret) {
        return refresh_request(*metadata_, world_.settings.logto, secret, session_.refresh_token, asked, not_granted_);
      },
      [this](const auto& reply) { on_token_reply(reply); });
  waiting_ = std::move(fetch);
}

// A scope that this person's roles do not give, or that was configured after they signed in, was not granted, and
// asking for it is refused as a whole (RFC 6749 6). Nothing is spent by that: the rest is asked for, once for each that
// Logto names.
bool RefreshFlow::asks_for_less(const TokenError& error) {
  const std::size_t before = not_granted_.size();
  for (const std::string& scope : error.scopes_not_granted) {
    if (scope == "openid" || std::find(not_granted_.begin(), not_granted_.end(), scope) != not_granted_.end()) continue;
    not_granted_.push_back(scope);
  }
  return not_granted_.size() > before && not_granted_.size() <= kMaxScopesLeftOut;
}

// Logto repeats the refresh token or sends its successor: what comes back is kept, whatever becomes of the rest.
void RefreshFlow::on_token_reply(const Result<ProviderReply>& reply) {
  if (!reply) {
    const bool broke_off = reply.error().message.starts_with(kAnswerBrokeOff);
    return fail_with(
        {Kind::unavailable, broke_off ? "broken_answer" : "provider_unavailable", reply.error().message, {}});
  }
  auto tokens = judge_token_reply(*reply);
  if (!tokens && !audience_.is_id_token() && asks_for_less(tokens.error())) return send();
  if (!tokens)
    return fail_with(audience_.is_id_token() ? refresh_failure(tokens.error()) : grant_failure(tokens.error()));
  if (!tokens->refresh_token.empty()) refresh_token_ = tokens->refresh_token;
  id_token_ = tokens->id_token;
  if (audience_.is_id_token()) {
    auto account = account_token_of(*tokens, world_.settings.logto.refresh_early_ms, world_.clock.unix_s());
    if (account) account_token_ = std::make_shared<const AppToken>(std::move(*account));
  } else {
    auto access_token = judge_app_token(*tokens, audience_, session_.sub, world_.settings.logto.refresh_early_ms,
                                        world_.clock.unix_s());
    if (!access_token) return fail_with({Kind::refused, "access_token", access_token.error().message, {}});
    access_token_ = std::make_shared<const AppToken>(std::move(*access_token));
    tokens->opens_userinfo = false;
    tokens->expires_in_s = 0;  // how long it lives is no word on the session
  }
  waiting_ = std::make_unique<VerifyTokens>(world_, metadata_, std::move(*tokens),
                                            VerifyTokens::Binding{{}, session_.nonce_hash},
                                            [this](const auto& verified) { on_verified(verified); });
}

// OIDC Core 12.2: the subject must not change.
void RefreshFlow::on_verified(const VerifyTokens::Outcome& verified) {
  if (!verified) {
    const VerifyFailure& failure = verified.error();
    return fail_with({refresh_kind(failure), failure.rule, failure.message, {}});
  }
  if (verified->sub != session_.sub) {
    return fail_with({Kind::ended, "sub", "the refreshed ID token is of another subject", {}});
  }
  succeed(*verified);
}

void RefreshFlow::succeed(const VerifiedTokens& verified) {
  GrantedTokens granted;
  granted.refreshed = verified.lacks_userinfo ? replaced_token_only() : refreshed_by(verified);
  granted.access_token = access_token_;
  granted.account_token = account_token_;
  auto id_token = std::make_shared<AppToken>();
  id_token->token = id_token_;
  id_token->expires_at_s = verified.id_token_expires_at_s;
  id_token->renew_at_s =
      renew_at_s(id_token->expires_at_s, world_.settings.logto.refresh_early_ms, world_.clock.unix_s());
  granted.id_token = std::move(id_token);
  done_(std::move(granted));
}

std::shared_ptr<const Refreshed> RefreshFlow::refreshed_by(const VerifiedTokens& verified) const {
  auto refreshed = std::make_shared<Refreshed>();
  refreshed->claims = verified.claims;
  refreshed->refresh_token = refresh_token_;
  refreshed->sid = verified.sid;
  refreshed->tokens_expire_at_s = verified.expire_at_s;
  refreshed->validated_at_s = world_.clock.unix_s();
  refreshed->generation = session_.generation + 1;
  return refreshed;
}

// Without userinfo the claims are half of what the session needs: it keeps those that it has, until its own refresh.
std::shared_ptr<const Refreshed> RefreshFlow::replaced_token_only() const {
  if (!is_replaced()) return nullptr;
  auto replaced = std::make_shared<Refreshed>(*with_new_token(session_, refresh_token_));
  replaced->generation = session_.generation + 1;  // a cookie with the spent token never overwrites one with this
  return replaced;
}

void RefreshFlow::fail_with(RefreshFailure failure) {
  if (is_replaced() && failure.kind != Kind::ended) failure.successor = refresh_token_;
  done_(std::move(failure));
}

}  // namespace lp
