#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "auth/jose/jwks.h"
#include "auth/provider/backoff.h"
#include "auth/provider/pinned_fetch.h"
#include "auth/provider/strangers_budget.h"
#include "auth/provider/waiters.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/settings.h"

namespace lp {

// The key set of one further issuer of access tokens (bearer.issuers). It has connections, back-off and a budget of its
// own, so that its outage harms nobody else; nothing is fetched before the first token asks. Auth thread.
class IssuerKeys {
 public:
  using KeysPtr = std::shared_ptr<const Jwks>;
  using Done = std::function<void(Result<KeysPtr>)>;
  using Wait = Waiters<Result<KeysPtr>>::Ticket;  // dropping it cancels

  // All references must outlive it. `changed` hears of each set that is not the one before.
  IssuerKeys(EventLoop& loop, const IssuerSettings& issuer, const Clock& clock, Log& log,
             std::function<void()> changed);
  IssuerKeys(const IssuerKeys&) = delete;
  IssuerKeys& operator=(const IssuerKeys&) = delete;

  // The set, fetched if it isn't known, or once more when it lacks `kid`, as often as StrangersBudget lets this client
  // (base/client_group.h); it may lack it still.
  // `done` runs later. An error where there is none and none can be had now (1 s doubling to 60 s between attempts).
  [[nodiscard]] Wait need(const std::string& client, const std::string& kid, Done done);
  [[nodiscard]] const KeysPtr& known() const { return known_; }  // null: none yet
  // In the background, when it is older than ten minutes: whose key is gone from the set must not pass for long.
  void refresh_if_stale();

 private:
  void fetch();
  void request(const std::string& url, std::function<void(const std::string&)> then);
  void on_discovery(const std::string& body);
  void on_keys(const std::string& body);
  void failed(const std::string& why);

  EventLoop& loop_;
  const IssuerSettings& issuer_;
  const Clock& clock_;
  Log& log_;
  std::function<void()> changed_;
  PinnedFetcher fetcher_;
  std::unique_ptr<Fetcher::Handle> call_;
  std::string keys_url_;  // empty: not discovered yet
  KeysPtr known_;
  std::int64_t fetched_at_ms_ = 0;  // monotonic
  StrangersBudget strangers_;
  Backoff backoff_;
  std::string last_error_;
  bool is_failing_ = false;
  Waiters<Result<KeysPtr>> waiters_;
};

}  // namespace lp
