#include "auth/revoke_flow.h"

#include <utility>

#include "auth/revocation.h"

namespace lp {

RevokeFlow::RevokeFlow(Provider& provider, Fetcher& fetcher, const LogtoSettings& logto, Log& log,
                       std::string request_id, Secret refresh_token, std::function<void()> done)
    : fetcher_(fetcher),
      logto_(logto),
      log_(log),
      request_id_(std::move(request_id)),
      refresh_token_(std::move(refresh_token)),
      done_(std::move(done)) {
  wait_ = provider.need_metadata([this](const auto& known) { on_metadata(known); });
}

void RevokeFlow::on_metadata(const Result<std::shared_ptr<const ProviderMetadata>>& known) {
  if (!known) return fail_with(known.error().message);
  const ProviderMetadata& metadata = **known;
  if (!metadata.revocation_endpoint) return fail_with("Logto names no revocation endpoint");
  fetch_ = fetcher_.fetch(revocation_request(metadata, logto_, refresh_token_),
                          [this](const auto& reply) { on_reply(reply); });
}

void RevokeFlow::on_reply(const Result<BackchannelReply>& reply) {
  if (!reply) return fail_with(reply.error().message);
  auto judged = judge_revocation(*reply);
  if (!judged) return fail_with(judged.error().message);
  done_();
}

void RevokeFlow::fail_with(std::string_view reason) {
  log_.warning("the refresh token of a signed-out session could not be revoked",
               {{"id", request_id_}, {"reason", reason}});
  done_();
}

}  // namespace lp
