#include "auth/finish_sign_in.h"

#include <utility>

#include "auth/kept_claims.h"

namespace lp {
namespace {

using Kind = SignInFailure::Kind;

// The operator's and the provider's faults are not the person's: they get another page and another log line.
SignInFailure failure_of(const TokenError& error) {
  switch (error.kind) {
    case TokenError::Kind::invalid_grant:
      return {Kind::rejected, "invalid_grant", error.message};
    case TokenError::Kind::client_credentials:
      return {Kind::provider_error, "client_credentials", error.message};
    case TokenError::Kind::provider_unavailable:
      return {Kind::provider_unavailable, "provider_unavailable", error.message};
    case TokenError::Kind::protocol:
      break;
  }
  return {Kind::provider_error, "token_reply", error.message};
}

// RFC 6749 4.1.2.1: the provider speaks of itself with these two, of the request or the person with all others.
Kind kind_of_error_response(const std::string& error) {
  return error == "server_error" || error == "temporarily_unavailable" ? Kind::provider_unavailable : Kind::rejected;
}

}  // namespace

FinishSignIn::FinishSignIn(const World& world, CallbackResponse response, PendingSignIn pending, Done done)
    : world_(world), response_(std::move(response)), pending_(std::move(pending)), done_(std::move(done)) {
  waiting_ = world_.provider.need_metadata([this](auto known) { on_metadata(std::move(known)); });
}

// RFC 9207 2.4: whose response this is comes before anything is sent to anybody, or believed.
void FinishSignIn::on_metadata(Result<std::shared_ptr<const ProviderMetadata>> known) {
  if (!known) return fail_with(Kind::provider_unavailable, "provider_unavailable", known.error().message);
  metadata_ = *known;
  auto issuer = judge_callback_issuer(response_, metadata_->issuer, metadata_->iss_parameter_supported);
  if (!issuer) return fail_with(Kind::rejected, "response_iss", issuer.error().message);
  if (!response_.error.empty()) {
    return fail_with(kind_of_error_response(response_.error), response_.error, response_.error_description);
  }
  exchange_code();
}

void FinishSignIn::exchange_code() {
  waiting_ = world_.client_fetch.fetch(
      [this](const Secret& client_secret) {
        return code_exchange_request(*metadata_, world_.settings.logto, client_secret, response_.code, pending_);
      },
      [this](const auto& reply) { on_token_reply(reply); });
}

void FinishSignIn::on_token_reply(const Result<BackchannelReply>& reply) {
  if (!reply) return fail_with(Kind::provider_unavailable, "provider_unavailable", reply.error().message);
  auto tokens = judge_token_reply(*reply);
  if (!tokens) {
    SignInFailure failure = failure_of(tokens.error());
    return fail_with(failure.kind, std::move(failure.rule), std::move(failure.message));
  }
  tokens_ = std::move(*tokens);
  need_key();
}

// Known, or fetched at most once per interval. A token that is no JWS is refused by its rules, not here.
void FinishSignIn::need_key() {
  auto jws = parse_jws(tokens_.id_token.reveal());
  waiting_ = world_.provider.need_keys(jws ? jws->kid : std::string(), [this](const auto& keys) { on_keys(keys); });
}

void FinishSignIn::on_keys(const Result<std::shared_ptr<const Jwks>>& keys) {
  if (!keys) return fail_with(Kind::provider_unavailable, "provider_unavailable", keys.error().message);
  const std::string issuer = world_.settings.logto.issuer();
  IdTokenExpectations expected;
  expected.issuer = issuer;
  expected.client_id = world_.settings.logto.app_id;
  expected.nonce = pending_.nonce.reveal();
  expected.access_token = tokens_.access_token.reveal();
  expected.now_s = world_.clock.unix_s();
  bool unknown_key = false;
  auto id_token = judge_id_token(tokens_.id_token.reveal(), **keys, expected, unknown_key);
  if (!id_token) return fail_with(Kind::rejected, id_token.error().rule, id_token.error().message);
  complete_claims(std::move(*id_token));
}

void FinishSignIn::complete_claims(IdToken id_token) {
  id_token_ = std::move(id_token);
  if (!needs_userinfo(id_token_.claims, world_.settings)) return succeed(nlohmann::json::object());
  if (!metadata_->userinfo_endpoint) {
    return fail_with(Kind::provider_error, "userinfo", "a claim is needed but there is no userinfo endpoint");
  }
  waiting_ = world_.fetcher.fetch(userinfo_request(*metadata_, tokens_.access_token),
                                  [this](const auto& reply) { on_userinfo(reply); });
}

void FinishSignIn::on_userinfo(const Result<BackchannelReply>& reply) {
  if (!reply) return fail_with(Kind::provider_unavailable, "provider_unavailable", reply.error().message);
  auto claims = judge_userinfo(*reply, id_token_.sub);
  if (claims) return succeed(*claims);
  const Kind kind = says_unavailable(reply->status) ? Kind::provider_unavailable : Kind::rejected;
  fail_with(kind, "userinfo", claims.error().message);
}

void FinishSignIn::succeed(const nlohmann::json& userinfo_claims) {
  Session session;
  session.sub = id_token_.sub;
  session.sid = id_token_.sid;
  session.claims = claims_to_keep(id_token_.claims, userinfo_claims, world_.settings);
  if (world_.settings.logto.refresh != RefreshMode::off) session.refresh_token = std::move(tokens_.refresh_token);
  session.signed_in_at_s = world_.clock.unix_s();
  session.validated_at_s = session.signed_in_at_s;
  session.generation = 1;
  done_(std::move(session));
}

void FinishSignIn::fail_with(Kind kind, std::string rule, std::string message) {
  done_(SignInFailure{kind, std::move(rule), std::move(message)});
}

}  // namespace lp
