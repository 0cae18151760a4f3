#include "auth/service/finish_sign_in.h"

#include <utility>

#include "base/crypto.h"

namespace lp {
namespace {

using FailureKind = SignInFailure::Kind;

// RFC 8707 2 and RFC 6749 5.2, by the word that the provider said: what the configuration asks for in vain.
std::string refused_part(const TokenError& error) {
  return error.message.find("invalid_target") != std::string::npos ? "invalid_target" : "invalid_scope";
}

// The operator's and the provider's faults are not the person's: they get another page and another log line.
SignInFailure failure_of(const TokenError& error) {
  switch (error.kind) {
    case TokenError::Kind::invalid_grant:
      return {FailureKind::rejected, "invalid_grant", error.message};
    case TokenError::Kind::access_denied:
      return {FailureKind::rejected, "access_denied", error.message};
    case TokenError::Kind::client_credentials:
      return {FailureKind::provider_error, "client_credentials", error.message};
    case TokenError::Kind::provider_unavailable:
      return {FailureKind::provider_unavailable, "provider_unavailable", error.message};
    case TokenError::Kind::not_for_audience:
      return {FailureKind::provider_error, refused_part(error), error.message};
    case TokenError::Kind::protocol:
      break;
  }
  return {FailureKind::provider_error, "token_reply", error.message};
}

FailureKind sign_in_kind(VerifyFailure::Kind kind) {
  switch (kind) {
    case VerifyFailure::Kind::rejected:
      return FailureKind::rejected;
    case VerifyFailure::Kind::provider_unavailable:
      return FailureKind::provider_unavailable;
    case VerifyFailure::Kind::provider_error:
      break;
  }
  return FailureKind::provider_error;
}

// RFC 6749 4.1.2.1: the provider speaks of itself with these two, of the request or the person with all others.
FailureKind kind_of_error_response(const std::string& error) {
  return error == "server_error" || error == "temporarily_unavailable" ? FailureKind::provider_unavailable
                                                                       : FailureKind::rejected;
}

}  // namespace

FinishSignIn::FinishSignIn(const World& world, std::string client, CallbackResponse response, PendingSignIn pending,
                           Done done)
    : world_(world),
      client_(std::move(client)),
      response_(std::move(response)),
      pending_(std::move(pending)),
      done_(std::move(done)) {
  waiting_ = world_.provider.need_metadata([this](auto known) { on_metadata(std::move(known)); });
}

// RFC 9207 2.4: whose response this is comes before anything is sent to anybody, or believed.
void FinishSignIn::on_metadata(Result<std::shared_ptr<const ProviderMetadata>> known) {
  if (!known) return fail_with(FailureKind::provider_unavailable, "provider_unavailable", known.error().message);
  metadata_ = *known;
  auto issuer = judge_callback_issuer(response_, metadata_->issuer, metadata_->iss_parameter_supported);
  if (!issuer) return fail_with(FailureKind::rejected, "response_iss", issuer.error().message);
  if (!response_.error.empty()) {
    return fail_with(kind_of_error_response(response_.error), response_.error, response_.error_description);
  }
  exchange_code();
}

void FinishSignIn::exchange_code() {
  waiting_ = world_.client_fetch.fetch(
      [this](const Secret& client_secret) {
        ProviderRequest request =
            code_exchange_request(*metadata_, world_.settings.logto, client_secret, response_.code, pending_);
        request.caller.client = client_;
        return request;
      },
      [this](const auto& reply) { on_token_reply(reply); });
}

void FinishSignIn::on_token_reply(const Result<ProviderReply>& reply) {
  if (!reply) {
    const bool was_sent = !Fetcher::was_never_sent(reply.error());
    return fail_with(FailureKind::provider_unavailable, was_sent ? "provider_unavailable" : kBusySignIn,
                     reply.error().message);
  }
  auto tokens = judge_token_reply(*reply);
  if (!tokens) {
    SignInFailure failure = failure_of(tokens.error());
    return fail_with(failure.kind, std::move(failure.rule), std::move(failure.message));
  }
  refresh_token_ = tokens->refresh_token;
  id_token_ = tokens->id_token;
  waiting_ = std::make_unique<VerifyTokens>(
      world_, metadata_, std::move(*tokens),
      VerifyTokens::Binding{std::string(pending_.nonce.reveal()), {}, pending_.max_age_s},
      [this](auto verified) { on_verified(std::move(verified)); });
}

void FinishSignIn::on_verified(VerifyTokens::Outcome verified) {
  if (verified) return succeed(std::move(*verified));
  const VerifyFailure& failure = verified.error();
  fail_with(sign_in_kind(failure.kind), failure.rule, failure.message);
}

void FinishSignIn::succeed(VerifiedTokens verified) {
  Session session;
  session.id = random_bytes(kSessionIdBytes);
  session.sub = std::move(verified.sub);
  session.sid = std::move(verified.sid);
  session.claims = std::move(verified.claims);
  if (world_.settings.logto.refresh != RefreshMode::off) session.refresh_token = std::move(refresh_token_);
  session.nonce_hash = sha256(pending_.nonce.reveal());
  session.tokens_expire_at_s = verified.expire_at_s;
  session.signed_in_at_ms = world_.clock.unix_ms();
  session.validated_at_s = session.signed_in_at_ms / 1000;
  session.authenticated_at_s = verified.authenticated_at_s;
  session.generation = 1;
  if (world_.keep_id_token) (*world_.keep_id_token)(session, id_token_, verified.id_token_expires_at_s);
  FinishedSignIn finished(std::move(session));
  finished.amr = std::move(verified.amr);
  done_(std::move(finished));
}

void FinishSignIn::fail_with(FailureKind kind, std::string rule, std::string message) {
  done_(SignInFailure{kind, std::move(rule), std::move(message)});
}

}  // namespace lp
