#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "auth/provider/pinned_fetch.h"
#include "auth/provider/provider.h"
#include "auth/provider/waiters.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "config/settings.h"

namespace lp {

// Whether Logto knows the API resources of the routes, asked as a sign-in asks but with prompt=none and in nobody's
// name: one that it does not know is answered `invalid_target`, and would fail everybody's sign-in (RFC 8707 2). Asked
// at the start, where a mistake in the configuration shows before anybody comes, and again when a sign-in met one;
// while any is unknown from time to time, so that it is used as soon as it is made at Logto. Also sees that Logto can
// be asked at all. Anybody can say that their sign-in met one: what that causes are calls of upkeep, and a round in
// kAgainMs. Auth thread, but for unknown().
class ResourceProbe {
 public:
  static constexpr std::int64_t kAgainMs = 30'000;
  static constexpr std::int64_t kLongestWaitMs = 5'000;

  // All must outlive it. `longest_wait_ms`: of whoever asks.
  ResourceProbe(EventLoop& loop, PinnedFetcher& fetcher, Provider& provider, const Settings& settings,
                const Clock& clock, Log& log, std::int64_t longest_wait_ms = kLongestWaitMs);
  ResourceProbe(const ResourceProbe&) = delete;
  ResourceProbe& operator=(const ResourceProbe&) = delete;

  using Resources = std::shared_ptr<const std::vector<std::string>>;
  // Any thread. Null until something is known.
  [[nodiscard]] Resources unknown() const;

  // One round for all who ask, or the last one that somebody asked for where that began less than kAgainMs ago. True:
  // unknown() says what was so then. False: it is not to be found out, or not yet. `done` runs later; dropping the
  // ticket cancels.
  using Done = std::function<void(Result<bool>)>;
  using Ticket = Waiters<Result<bool>>::Ticket;
  [[nodiscard]] Ticket ask(Done done);
  // The round at the start of the process, which does not wait for it: told of its end, however long that takes.
  [[nodiscard]] Ticket begin(Done done);

 private:
  enum class Word { known, unknown, nothing };
  [[nodiscard]] bool is_under_way() const { return wait_ != nullptr || fetch_ != nullptr; }
  void start();
  void on_metadata(const Result<std::shared_ptr<const ProviderMetadata>>& known);
  void send(const std::vector<std::string>& resources);
  void on_reply(const Result<ProviderReply>& reply);
  void on_all(Word word);
  void on_one(Word word);
  void next();
  void finish(bool is_known);
  void on_silent_start();
  void on_impatient();
  [[nodiscard]] Word word_of(const Result<ProviderReply>& reply);
  void publish(std::vector<std::string> unknown);
  void tell(const std::string& resource, bool is_known) const;
  void tell_refused(const ProviderReply& reply);

  EventLoop& loop_;
  PinnedFetcher& fetcher_;
  Provider& provider_;
  const Settings& settings_;
  const Clock& clock_;
  Log& log_;
  const std::int64_t longest_wait_ms_;
  const std::vector<std::string> resources_;  // of all routes
  Waiters<Result<bool>> waiters_;
  Waiters<Result<bool>> start_waiters_;
  std::optional<std::int64_t> asked_at_ms_;  // monotonic: when the last round began that somebody asked for
  bool last_is_known_ = false;               // of the last round
  bool is_impatient_ = false;                // the timer runs
  std::shared_ptr<const ProviderMetadata> metadata_;
  std::unique_ptr<Provider::Wait> wait_;
  std::unique_ptr<Fetcher::Handle> fetch_;
  std::size_t at_ = 0;                // the one that is asked for by itself; past the end: all of them
  std::vector<std::string> refused_;  // of this round, so far
  bool told_of_refusal_ = false;
  Timer start_patience_;
  Timer impatience_;
  Timer again_;
  mutable std::mutex mutex_;  // guards unknown_
  Resources unknown_;
};

}  // namespace lp
