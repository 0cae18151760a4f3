#include "auth/refresh_flow.h"

#include <utility>

namespace lp {
namespace {

using Kind = RefreshFailure::Kind;

// A token that breaks a rule is somebody's lie, so the session ends; what could not be judged says nothing of it. The
// latter goes for a key that is not published yet, too: while Logto rotates its keys nobody is signed out.
Kind refresh_kind(const VerifyFailure& failure) {
  return failure.kind == VerifyFailure::Kind::rejected && !failure.unknown_key ? Kind::ended : Kind::unavailable;
}

}  // namespace

RefreshFlow::RefreshFlow(const AuthWorld& world, Session session, Done done)
    : world_(world), session_(std::move(session)), done_(std::move(done)), refresh_token_(session_.refresh_token) {
  waiting_ = world_.provider.need_metadata([this](const auto& known) { on_metadata(known); });
}

void RefreshFlow::on_metadata(const Result<std::shared_ptr<const ProviderMetadata>>& known) {
  if (!known) return fail_with({Kind::unavailable, "discovery", known.error().message, {}});
  metadata_ = *known;
  waiting_ = world_.client_fetch.fetch(
      [this](const Secret& secret) {
        return refresh_request(*metadata_, world_.settings.logto, secret, session_.refresh_token);
      },
      [this](const auto& reply) { on_token_reply(reply); });
}

// Logto repeats the refresh token or sends its successor: what comes back is kept, whatever becomes of the rest.
void RefreshFlow::on_token_reply(const Result<BackchannelReply>& reply) {
  if (!reply) return fail_with({Kind::unavailable, "provider_unavailable", reply.error().message, {}});
  auto tokens = judge_token_reply(*reply);
  if (!tokens) return fail_with(refresh_failure(tokens.error()));
  if (!tokens->refresh_token.empty()) refresh_token_ = tokens->refresh_token;
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
  auto refreshed = std::make_shared<Refreshed>();
  refreshed->claims = verified.claims;
  refreshed->refresh_token = refresh_token_;
  refreshed->sid = verified.sid;
  refreshed->tokens_expire_at_s = verified.expire_at_s;
  refreshed->validated_at_s = world_.clock.unix_s();
  refreshed->generation = session_.generation + 1;
  done_(std::shared_ptr<const Refreshed>(std::move(refreshed)));
}

void RefreshFlow::fail_with(RefreshFailure failure) {
  const bool replaced = !refresh_token_.equals(session_.refresh_token.reveal());
  if (replaced && failure.kind == Kind::unavailable) failure.successor = refresh_token_;
  done_(std::move(failure));
}

}  // namespace lp
