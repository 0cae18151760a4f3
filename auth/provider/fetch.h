#pragma once
#include <functional>
#include <memory>
#include <string>

#include "auth/oidc/provider_call.h"
#include "base/event.h"
#include "base/result.h"
#include "config/settings.h"

// HTTP to Logto's back channel: libcurl multi on the auth thread's loop. https with verification (or what the
// configured endpoint says), no redirects followed, bodies cut at 1 MiB, no proxies from the environment, bounded time
// (connect 5 s, whole 15 s), no signals, CURLOPT_QUICK_EXIT so that dropping a fetch during a name look-up does not
// block.
namespace lp {

class Fetcher {
 public:
  // Auth thread only. `loop` and `logto` must outlive it, it must outlive its handles. With connect_to the connection
  // goes there (TLS names are verified against it) while Host and X-Forwarded-Proto stay the endpoint's.
  Fetcher(EventLoop& loop, const LogtoSettings& logto);
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  class Handle {  // dropping it cancels; it may be dropped inside any `done`, also its own
   public:
    virtual ~Handle() = default;
  };
  using Done = std::function<void(Result<BackchannelReply>)>;
  // At most logto.max_calls are under way at a time; others wait for their turn, in order, before their time counts.
  // `done` runs later on the loop, never inside this call, and not after the handle is gone. An error means that there
  // is no whole answer: refused, timed out, TLS failure, too long, or a URL that is not on the endpoint's origin.
  [[nodiscard]] std::unique_ptr<Handle> fetch(const BackchannelRequest& request, Done done);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace lp
