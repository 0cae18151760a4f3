#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "auth/provider/client_fetch.h"
#include "auth/provider/further_issuer_keys.h"
#include "auth/provider/provider.h"
#include "auth/realm/access_token_questions.h"
#include "base/bounded_cache.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/fair_queue.h"
#include "base/log.h"
#include "config/settings.h"

namespace lp {

// Access tokens on their way through the auth thread. Anybody may send one, so that a flood of junk must cost sign-ins
// nothing: at most one signature is verified in a turn of the loop, keys come from the budget for strangers, a part of
// the calls to Logto is for introspection, and what waits is bounded: JWTs, which cost a moment, apart from
// those whose key we lack and from opaque tokens, which cost a call; of each kind one address has a quarter at most,
// the addresses taking turns. What a token turned out to be is remembered for all workers: that it is good until it
// expires or its key is gone, that it is bad for half a minute.
class AccessTokenQueue {
 public:
  static constexpr std::size_t kMaxAtOnce = 4'000;  // of each kind
  static constexpr std::size_t kMaxRejected = 1'000;

  using Outcome = AccessTokenQuestions::Outcome;
  using Done = std::function<void(const Outcome&)>;

  // All references must outlive it.
  AccessTokenQueue(EventLoop& loop, const Settings& settings, Provider& provider, ClientFetch& client_fetch,
                   const Clock& clock, Log& log);
  ~AccessTokenQueue();
  AccessTokenQueue(const AccessTokenQueue&) = delete;
  AccessTokenQueue& operator=(const AccessTokenQueue&) = delete;

  // `done` runs later, never inside this call. What has begun is ended, whoever has stopped waiting.
  void judge(OnBehalfOf whom, Secret token, Done done);
  // Any thread.
  [[nodiscard]] std::uint64_t keys_version() const { return keys_version_.load(std::memory_order_acquire); }

 private:
  struct Flight;
  struct Accepted {
    std::shared_ptr<const AccessToken> token;
    std::shared_ptr<const Jwks> keys;  // that it was verified with; null: opaque
    std::string kid, alg;
  };
  struct Rejected {
    AccessTokenFailure failure;
    std::int64_t until_ms = 0;  // monotonic
  };

  [[nodiscard]] std::shared_ptr<const Jwks> known_keys(std::size_t issuer) const;
  [[nodiscard]] std::shared_ptr<const AccessToken> remembered(const std::string& hash);
  [[nodiscard]] const AccessTokenFailure* remembered_failure(const std::string& hash);
  [[nodiscard]] Result<void, AccessTokenFailure> look_at(Flight& flight) const;
  void begin(Flight& flight);
  void need_keys(Flight& flight);
  void make_ready(Flight& flight);
  void judge_next();
  void verify(Flight& flight);
  void introspect(Flight& flight);
  void send_introspection(Flight& flight);
  [[nodiscard]] FairQueue<Flight*>& queue_of(const Flight& flight);
  void on_introspected(Flight& flight, const Result<ProviderReply>& reply);
  void accept(Flight& flight, Accepted accepted);
  void refuse(Flight& flight, AccessTokenFailure failure, bool remember);
  void end(Flight& flight, const Outcome& outcome);
  void answer_later(Done done, Outcome outcome);
  void refresh_keys();

  EventLoop& loop_;
  const Settings& settings_;
  Provider& provider_;
  ClientFetch& client_fetch_;
  const Clock& clock_;
  std::vector<std::unique_ptr<IssuerKeys>> issuers_;
  std::atomic<std::uint64_t> keys_version_{1};
  BoundedCache<Accepted> accepted_;
  BoundedCache<Rejected> rejected_;
  std::unordered_map<std::string, std::unique_ptr<Flight>> flights_;  // by the token's hash
  FairQueue<Flight*> ready_;                                          // JWTs to be verified
  FairQueue<Flight*> keyless_;                                        // only counts those that wait for a key,
  FairQueue<Flight*> opaque_;  // and those that wait for their turn at auth/provider/fetch
  Timer turn_;                 // set while something is ready
  Timer refresh_;
  bool refreshes_ = false;  // since the first token
};

}  // namespace lp
