#pragma once
#include <memory>
#include <optional>

#include "auth/oidc/provider_call.h"
#include "auth/provider/fetch.h"
#include "base/event.h"
#include "base/url.h"
#include "config/settings.h"

namespace lp {

// The one server that may be called.
struct Pin {
  Origin origin;                     // as URLs name it
  std::optional<Origin> connect_to;  // where it is reached, if elsewhere
};

// Calls to one server and no other: the client secret and tokens must not leave for anywhere else, whatever a discovery
// document or a configured URL says. Plain http where the pin says http. Its connections and its turns (max_calls) are
// its own. Auth thread.
class PinnedFetcher {
 public:
  // `loop` must outlive it, it must outlive its handles. Whether http is allowed is the pin's matter.
  PinnedFetcher(EventLoop& loop, Pin pin, Fetcher::Options options);
  // To Logto.
  PinnedFetcher(EventLoop& loop, const LogtoSettings& logto);

  // As Fetcher::fetch. An error, and no connection, for a URL that is not on the pin's origin.
  [[nodiscard]] std::unique_ptr<Fetcher::Handle> fetch(const ProviderRequest& request, Fetcher::Done done);

  // Hears of what became of each call that was made, before whoever made it; not of one that was never sent, which says
  // nothing of the server. One listener, set before the first call.
  using Listener = std::function<void(const Result<ProviderReply>&)>;
  void set_listener(Listener listener) { listener_ = std::move(listener); }

 private:
  Listener listener_;
  Pin pin_;
  Fetcher fetcher_;
};

}  // namespace lp
