#include "auth/service/revoke_flow.h"

#include <utility>

#include "auth/oidc/token_endpoint.h"
#include "auth/oidc/token_revocation.h"
#include "auth/provider/backoff.h"

namespace lp {
RevokeFlow::RevokeFlow(EventLoop& loop, Provider& provider, ClientFetch& client_fetch, const LogtoSettings& logto,
                       Log& log, std::string request_id, Secret refresh_token, std::function<void()> done)
    : loop_(loop),
      provider_(provider),
      client_fetch_(client_fetch),
      logto_(logto),
      log_(log),
      request_id_(std::move(request_id)),
      refresh_token_(std::move(refresh_token)),
      done_(std::move(done)),
      again_(loop, [this] { begin(); }) {
  begin();
}

void RevokeFlow::begin() {
  ++attempts_;
  wait_ = provider_.need_metadata([this](const auto& known) { on_metadata(known); });
}

void RevokeFlow::on_metadata(const Result<std::shared_ptr<const ProviderMetadata>>& known) {
  loop_.defer_delete(std::move(wait_));
  if (!known) return try_later(known.error().message);
  if (!(*known)->revocation_endpoint) return fail_with("Logto names no revocation endpoint");
  send(*known);
}

void RevokeFlow::send(std::shared_ptr<const ProviderMetadata> metadata) {
  fetch_ = client_fetch_.fetch(
      [this, metadata = std::move(metadata)](const Secret& client_secret) {
        return token_revocation_request(*metadata, logto_, client_secret, refresh_token_);
      },
      [this](const auto& reply) { on_reply(reply); });
}

// Revoking again does no harm, also where the first one has arrived.
void RevokeFlow::on_reply(const Result<ProviderReply>& reply) {
  loop_.defer_delete(std::move(fetch_));
  if (!reply) return try_later(reply.error().message);
  auto judged = judge_token_revocation(*reply);
  if (judged) return done_();
  return says_unavailable(reply->status) || reply->status == 401 ? try_later(judged.error().message)
                                                                 : fail_with(judged.error().message);
}

void RevokeFlow::try_later(std::string_view reason) {
  if (attempts_ >= kMaxAttempts) return fail_with(reason);
  if (attempts_ == 1) {
    log_.warning("the refresh token of a signed-out session could not be revoked yet, it is tried again",
                 {{"id", request_id_}, {"reason", reason}});
  }
  again_.start_ms(Backoff::pause_ms(attempts_));
}

void RevokeFlow::fail_with(std::string_view reason) {
  log_.warning("the refresh token of a signed-out session could not be revoked",
               {{"id", request_id_}, {"reason", reason}, {"attempts", static_cast<std::int64_t>(attempts_)}});
  done_();
}

}  // namespace lp
