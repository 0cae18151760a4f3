#include "auth/service/revoke_flow.h"

#include <utility>

#include "auth/oidc/token_revocation.h"

namespace lp {

RevokeFlow::RevokeFlow(Provider& provider, ClientFetch& client_fetch, const LogtoSettings& logto, Log& log,
                       std::string request_id, Secret refresh_token, std::function<void()> done)
    : client_fetch_(client_fetch),
      logto_(logto),
      log_(log),
      request_id_(std::move(request_id)),
      refresh_token_(std::move(refresh_token)),
      done_(std::move(done)) {
  wait_ = provider.need_metadata([this](const auto& known) { on_metadata(known); });
}

void RevokeFlow::on_metadata(const Result<std::shared_ptr<const ProviderMetadata>>& known) {
  if (!known) return fail_with(known.error().message);
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

void RevokeFlow::on_reply(const Result<ProviderReply>& reply) {
  if (!reply) return fail_with(reply.error().message);
  auto judged = judge_token_revocation(*reply);
  if (!judged) return fail_with(judged.error().message);
  done_();
}

void RevokeFlow::fail_with(std::string_view reason) {
  log_.warning("the refresh token of a signed-out session could not be revoked",
               {{"id", request_id_}, {"reason", reason}});
  done_();
}

}  // namespace lp
