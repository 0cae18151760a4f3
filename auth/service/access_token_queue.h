#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
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
#include "base/log.h"
#include "config/settings.h"

namespace lp {

// Access tokens on their way through the auth thread. Anybody may send one, so that a flood of junk must cost sign-ins
// nothing: at most one signature is verified in a turn of the loop, keys come from the budget for strangers, a part of
// the calls to Logto is for introspection, and what waits is bounded. What a token turned out to be is remembered for
// all workers: that it is good until it expires or its key is gone, that it is bad for half a minute.
class AccessTokenQueue {
 public:
  static constexpr std::size_t kMaxAtOnce = 1'000;
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
  void judge(std::string request_id, Secret token, Done done);
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
  void begin(Flight& flight);
  void need_keys(Flight& flight, std::size_t issuer, const std::string& kid);
  void make_ready(Flight& flight);
  void judge_next();
  void verify(Flight& flight);
  void introspect_next();
  void introspect(Flight& flight);
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
  std::deque<Flight*> ready_;                                         // to be verified
  std::deque<Flight*> opaque_;                                        // to be shown to Logto
  std::size_t introspections_ = 0;                                    // under way
  Timer turn_;                                                        // set while something is ready
  Timer refresh_;
  bool refreshes_ = false;  // since the first token
};

}  // namespace lp
