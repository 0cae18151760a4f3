#include "auth/refresh/verify_tokens.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "auth/session/kept_claims.h"
#include "auth/session/refreshed.h"

namespace lp {

using VerifyKind = VerifyFailure::Kind;

// A token that is no JWS is refused by its rules, not here.
VerifyTokens::VerifyTokens(const AuthWorld& world, std::shared_ptr<const ProviderMetadata> metadata, TokenSet tokens,
                           Binding binding, Done done)
    : world_(world),
      metadata_(std::move(metadata)),
      tokens_(std::move(tokens)),
      binding_(std::move(binding)),
      done_(std::move(done)) {
  auto jws = parse_jws(tokens_.id_token.reveal());
  waiting_ = world_.provider.need_keys(jws ? jws->kid : std::string(), [this](const auto& keys) { on_keys(keys); });
}

void VerifyTokens::on_keys(const Result<std::shared_ptr<const Jwks>>& keys) {
  if (!keys) return fail_with(VerifyKind::provider_unavailable, "provider_unavailable", keys.error().message);
  const std::string issuer = world_.settings.logto.issuer();
  IdTokenExpectations expected;
  expected.issuer = issuer;
  expected.client_id = world_.settings.logto.app_id;
  expected.nonce = binding_.nonce;
  expected.nonce_hash = binding_.nonce_hash;
  expected.max_age_s = binding_.max_age_s;
  expected.access_token = tokens_.access_token.reveal();
  expected.now_s = world_.clock.unix_s();
  bool unknown_key = false;
  auto id_token = judge_id_token(tokens_.id_token.reveal(), **keys, expected, unknown_key);
  if (!id_token) {
    return done_(VerifyFailure{VerifyKind::rejected, id_token.error().rule, id_token.error().message, unknown_key});
  }
  id_token_ = std::move(*id_token);
  complete_claims();
}

void VerifyTokens::complete_claims() {
  const bool is_complete = !needs_userinfo(*id_token_.claims, world_.settings);
  if (is_complete || !tokens_.opens_userinfo) return succeed(nlohmann::json::object());
  if (!metadata_->userinfo_endpoint) {
    return fail_with(VerifyKind::provider_error, "userinfo", "a claim is needed but there is no userinfo endpoint");
  }
  waiting_ = world_.fetcher.fetch(userinfo_request(*metadata_, tokens_.access_token),
                                  [this](const auto& reply) { on_userinfo(reply); });
}

void VerifyTokens::on_userinfo(const Result<ProviderReply>& reply) {
  if (!reply) return fail_with(VerifyKind::provider_unavailable, "provider_unavailable", reply.error().message);
  auto claims = judge_userinfo(*reply, id_token_.sub);
  if (claims) return succeed(*claims);
  const VerifyKind kind = says_unavailable(reply->status) ? VerifyKind::provider_unavailable : VerifyKind::rejected;
  fail_with(kind, "userinfo", claims.error().message);
}

void VerifyTokens::succeed(const nlohmann::json& userinfo_claims) {
  VerifiedTokens verified;
  verified.sub = id_token_.sub;
  verified.sid = id_token_.sid;
  verified.amr = authentication_methods(*id_token_.claims);
  verified.claims = claims_to_keep(*id_token_.claims, userinfo_claims, world_.settings);
  verified.expire_at_s = tokens_expire_at_s(*id_token_.claims, tokens_, world_.clock.unix_s());
  verified.authenticated_at_s = authenticated_at_s(*id_token_.claims, world_.clock.unix_s());
  verified.id_token_expires_at_s = tokens_expire_at_s(*id_token_.claims, TokenSet{}, world_.clock.unix_s());
  verified.lacks_userinfo = !tokens_.opens_userinfo && needs_userinfo(*id_token_.claims, world_.settings);
  done_(std::move(verified));
}

void VerifyTokens::fail_with(VerifyKind kind, std::string rule, std::string message) {
  done_(VerifyFailure{kind, std::move(rule), std::move(message), false});
}

}  // namespace lp
