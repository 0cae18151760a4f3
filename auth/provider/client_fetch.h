#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "auth/provider/client_secrets.h"
#include "auth/provider/pinned_fetch.h"
#include "base/log.h"
#include "base/secret.h"

namespace lp {

// Calls to Logto that authenticate us as the client. A call is sent with the secret that worked last; when Logto
// refuses that secret it is sent again with each of the others, once. A refused client authentication spends nothing
// of the request (RFC 6749 5.2), neither a code nor a refresh token, so that sending it again is safe. Auth thread.
class ClientFetch {
 public:
  // `fetcher` and `log` must outlive it, and it must outlive its handles. `secrets`: at least one.
  ClientFetch(PinnedFetcher& fetcher, Log& log, std::vector<Secret> secrets);

  // Makes the request for one client secret; called once for each attempt, also later, so it owns what it needs.
  using Build = std::function<ProviderRequest(const Secret& client_secret)>;
  // As Fetcher::fetch: `done` runs later on the loop, once, not after the handle is gone; dropping the handle cancels
  // and may happen inside any `done`. When every secret is refused `done` gets the last refusal as the reply.
  [[nodiscard]] std::unique_ptr<Fetcher::Handle> fetch(Build build, Fetcher::Done done);

  // For attempts from now on; those under way end as they are.
  void replace_secrets(std::vector<Secret> secrets) { secrets_.replace(std::move(secrets)); }

 private:
  class Call;
  void accepted(const Secret& secret, const std::vector<Secret>& refused);

  PinnedFetcher& fetcher_;
  Log& log_;
  ClientSecrets secrets_;
};

}  // namespace lp
