#pragma once
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "auth/provider/pinned_fetch.h"
#include "auth/provider/provider.h"
#include "auth/provider/waiters.h"
#include "base/event.h"
#include "base/log.h"
#include "config/settings.h"

namespace lp {

// Whether Logto knows the API resources of the routes, asked as a sign-in asks but with prompt=none and in nobody's
// name: one that it does not know is answered `invalid_target`, and would fail everybody's sign-in (RFC 8707 2). Asked
// at the start, where a mistake in the configuration shows before anybody comes, and again when a sign-in met one;
// while any is unknown from time to time, so that it is used as soon as it is made at Logto. Also sees that Logto can
// be asked at all. Auth thread, but for unknown().
class ResourceProbe {
 public:
  // All must outlive it.
  ResourceProbe(EventLoop& loop, PinnedFetcher& fetcher, Provider& provider, const Settings& settings, Log& log);
  ResourceProbe(const ResourceProbe&) = delete;
  ResourceProbe& operator=(const ResourceProbe&) = delete;

  using Resources = std::shared_ptr<const std::vector<std::string>>;
  // Any thread. Null until something is known.
  [[nodiscard]] Resources unknown() const;

  // One round for all who ask. True: unknown() says what is so now. `done` runs later; dropping the ticket cancels.
  using Done = std::function<void(Result<bool>)>;
  using Ticket = Waiters<Result<bool>>::Ticket;
  [[nodiscard]] Ticket ask(Done done);
  // The same at the start of the process, which does not wait for it.
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
  void on_impatient();
  [[nodiscard]] Word word_of(const Result<ProviderReply>& reply);
  void publish(std::vector<std::string> unknown);
  void tell(const std::string& resource, bool is_known) const;
  void tell_refused(const ProviderReply& reply);

  EventLoop& loop_;
  PinnedFetcher& fetcher_;
  Provider& provider_;
  const Settings& settings_;
  Log& log_;
  const std::vector<std::string> resources_;  // of all routes
  Waiters<Result<bool>> waiters_;
  std::shared_ptr<const ProviderMetadata> metadata_;
  std::unique_ptr<Provider::Wait> wait_;
  std::unique_ptr<Fetcher::Handle> fetch_;
  std::size_t at_ = 0;                // the one that is asked for by itself; past the end: all of them
  std::vector<std::string> refused_;  // of this round, so far
  bool told_of_refusal_ = false;
  Timer patience_;
  Timer again_;
  mutable std::mutex mutex_;  // guards unknown_
  Resources unknown_;
};

}  // namespace lp
