#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/oidc/provider_call.h"
#include "base/event.h"
#include "base/result.h"
#include "base/url.h"

// HTTP to any server: libcurl multi on the auth thread's loop. https with verification, no redirects followed, bodies
// cut at 1 MiB, no proxies from the environment, bounded time (connect 5 s, whole 15 s), no signals, CURLOPT_QUICK_EXIT
// so that dropping a fetch during a name look-up does not block. Whoever must not call just anybody uses
// auth/provider/pinned_fetch.h.
namespace lp {

// How the error of a call begins whose answer had begun: the server has done what it was asked for.
inline constexpr std::string_view kAnswerBrokeOff = "the answer broke off: ";

class Fetcher {
 public:
  struct Options {
    std::string ca_file;               // empty: the system's
    std::int64_t max_calls = 32;       // at one time; more wait for their turn (auth/provider/call_turns.h)
    bool allows_http = false;          // plain http too, for whoever decides on it elsewhere
    std::int64_t max_wait_ms = 8'000;  // for a turn, of what strangers cause
  };
  // Auth thread only. `loop` must outlive it, it must outlive its handles.
  Fetcher(EventLoop& loop, Options options);
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  class Handle {  // dropping it cancels; it may be dropped inside any `done`, also its own
   public:
    virtual ~Handle() = default;
  };
  using Done = std::function<void(Result<ProviderReply>)>;
  // `done` runs later on the loop, never inside this call, and not after the handle is gone. An error means that there
  // is no whole answer: refused, timed out, TLS failure, too long, or a URL that may not be called at all; or that
  // it was never sent, for its turn did not come (was_never_sent()). The time limits of a call that waits for its turn
  // begin with that. With `connect_to` the connection goes there
  // (TLS names are verified against it) while Host and X-Forwarded-Proto stay the URL's.
  [[nodiscard]] std::unique_ptr<Handle> fetch(const ProviderRequest& request, const std::optional<Origin>& connect_to,
                                              Done done);
  // For calls that must not be made: `done` gets `error`, as above.
  [[nodiscard]] std::unique_ptr<Handle> refuse(Error error, Done done);

  // True of the error of a call that nobody has seen: what it would have spent is not spent.
  [[nodiscard]] static bool was_never_sent(const Error& error);
  // True of the error of an answer that was longer than any may be: whoever answered is there.
  [[nodiscard]] static bool was_too_long(const Error& error);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace lp
