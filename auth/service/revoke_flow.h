#pragma once
#include <functional>
#include <memory>
#include <string>

#include "auth/provider/client_fetch.h"
#include "auth/provider/provider.h"
#include "base/log.h"
#include "base/secret.h"
#include "config/settings.h"

namespace lp {

// One revocation of a refresh token (RFC 7009): metadata -> request -> a log line when it failed. The sign-out that
// asked for it has long gone on. Auth thread; dropping it cancels.
class RevokeFlow {
 public:
  // All references must outlive the flow. `done` runs later, once; the flow must not be destroyed inside it.
  RevokeFlow(Provider& provider, ClientFetch& client_fetch, const LogtoSettings& logto, Log& log,
             std::string request_id, Secret refresh_token, std::function<void()> done);
  RevokeFlow(const RevokeFlow&) = delete;
  RevokeFlow& operator=(const RevokeFlow&) = delete;

 private:
  void on_metadata(const Result<std::shared_ptr<const ProviderMetadata>>& known);
  void send(std::shared_ptr<const ProviderMetadata> metadata);
  void on_reply(const Result<ProviderReply>& reply);
  void fail_with(std::string_view reason);

  ClientFetch& client_fetch_;
  const LogtoSettings& logto_;
  Log& log_;
  std::string request_id_;
  Secret refresh_token_;
  std::function<void()> done_;
  std::unique_ptr<Provider::Wait> wait_;
  std::unique_ptr<Fetcher::Handle> fetch_;
};

}  // namespace lp
