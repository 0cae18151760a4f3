#pragma once
#include <functional>
#include <memory>
#include <string>

#include "auth/provider/client_fetch.h"
#include "auth/provider/provider.h"
#include "base/event.h"
#include "base/log.h"
#include "base/secret.h"
#include "config/settings.h"

namespace lp {

// The revocation of one refresh token (RFC 7009): metadata -> request; where Logto cannot be asked again, after 1 s, 2,
// 4 ... up to 60, for about ten minutes. A token that nobody revokes lives on at Logto for two weeks. The sign-out that
// asked for it has long gone on. Auth thread; dropping it cancels.
class RevokeFlow {
 public:
  static constexpr int kMaxAttempts = 15;

  // All references must outlive the flow. `done` runs later, once; the flow must not be destroyed inside it.
  RevokeFlow(EventLoop& loop, Provider& provider, ClientFetch& client_fetch, const LogtoSettings& logto, Log& log,
             std::string request_id, Secret refresh_token, std::function<void()> done);
  RevokeFlow(const RevokeFlow&) = delete;
  RevokeFlow& operator=(const RevokeFlow&) = delete;

 private:
  void begin();
  void on_metadata(const Result<std::shared_ptr<const ProviderMetadata>>& known);
  void send(std::shared_ptr<const ProviderMetadata> metadata);
  void on_reply(const Result<ProviderReply>& reply);
  void try_later(std::string_view reason);
  void fail_with(std::string_view reason);

  EventLoop& loop_;
  Provider& provider_;
  ClientFetch& client_fetch_;
  const LogtoSettings& logto_;
  Log& log_;
  std::string request_id_;
  Secret refresh_token_;
  std::function<void()> done_;
  int attempts_ = 0;
  std::unique_ptr<Provider::Wait> wait_;
  std::unique_ptr<Fetcher::Handle> fetch_;
  Timer again_;
};

}  // namespace lp
