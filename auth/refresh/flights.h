#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/provider/backoff.h"
#include "auth/provider/patience.h"
#include "auth/refresh/flow.h"
#include "auth/refresh/journal.h"
#include "auth/refresh/memory.h"
#include "auth/refresh/replica_refreshes.h"
#include "base/event.h"
#include "base/log.h"

namespace lp {

// One flight per refresh token in the process, for whoever holds it; among all replicas, where they share a Redis. The
// tokens of one session for several audiences are fetched one after the other, each with the refresh token that the one
// before has left; who needs no certain audience waits for the flight that is there and takes what it says. At most
// logto.max_calls fly at a time, the others wait in the order in which they came. When Logto cannot be asked all wait
// for a few seconds while one of them tries again (auth/provider/patience.h); after that nobody does (back-off 1 s
// doubling to 60 s). A token whose answer could not be judged is not tried again for 30 s, one that got no answer for 2
// s; the same goes for a token that came with a failure. What Logto refuses for an audience says nothing of the token.
// Flights go on when all askers are gone: Logto may have spent the old token already. Where replicas share a Redis and
// it is away, nothing is refreshed: another replica may be using the token. Auth thread.
class RefreshFlights {
 public:
  static constexpr std::size_t kMaxFlights = 100'000;
  static constexpr std::size_t kMaxBehind = 200;  // one flight: people choose how many organizations they ask for

  // `loop`, `log` and what `world` names must outlive it.
  RefreshFlights(EventLoop& loop, const AuthWorld& world, Log& log);

  // Setters, before the first join(). What they name must outlive it. `path`: of the journal of spent tokens.
  void share(RedisLink& redis, const Realm& realm);
  void keep_journal(const std::string& path, const Realm& realm);

  // May be called inside join() (an outcome that is known) or later; must not call back into this object.
  using Answer = std::function<void(const RefreshOutcome&)>;
  void join(const std::string& request_id, const Session& session, Answer answer);
  // As join(), but what is remembered will not do: tokens are not. For an access token, or with no audience an ID
  // token.
  using GrantAnswer = std::function<void(const GrantOutcome&)>;
  void join_for(const std::string& request_id, const Session& session, TokenAudience audience, GrantAnswer answer);

  // What stood in the way may be gone: the next asker need not wait for the back-off to end.
  void retry_now() { backoff_.succeeded(); }
  // session.secret was replaced; the realm's keyring is the new one by now.
  void on_new_keyring();
  // Every second or so; may block on the disk.
  void upkeep();

  [[nodiscard]] std::size_t untold() const { return replicas_ ? replicas_->untold() : 0; }  // to the other replicas
  [[nodiscard]] std::size_t size() const { return flights_.size(); }

 private:
  struct Asker {
    std::string request_id;
    Session session;
    std::optional<TokenAudience> audience;  // nullopt: what is remembered will do
    GrantAnswer answer;
  };
  struct Flight {
    std::string request_id;  // of the first asker
    Session session;
    TokenAudience audience;
    std::unique_ptr<RefreshTurn> turn;  // null: waits for a slot, or there are no other replicas
    std::unique_ptr<RefreshFlow> flow;  // null: does not fly yet
    bool has_slot = false;              // counts in flying_; not while another replica refreshes
    std::int64_t began_ms = 0;          // of the call, monotonic
    int repeats = 0;                    // of the call, after failures
    int stale_successors = 0;           // found in its place
    std::vector<Asker> askers;
    std::vector<Asker> behind;  // they need another call, with what token this one leaves
  };

  void join(Asker asker);
  void join_flight(Flight& flight, Asker asker);
  void start_waiting();
  [[nodiscard]] std::size_t most_at_once() const;
  [[nodiscard]] bool waits(const Asker& asker) const;
  [[nodiscard]] bool is_waited_for(const Flight& flight) const;
  [[nodiscard]] bool has_patience(const Asker& asker) const;
  [[nodiscard]] bool has_patience(const Flight& flight) const;
  [[nodiscard]] bool may_be_short() const;
  [[nodiscard]] bool try_again_soon(const std::string& key, const GrantOutcome& outcome);
  void start(const std::string& key, Flight& flight);
  void fly(const std::string& key, Flight& flight);
  void give_slot_back(Flight& flight);
  void on_turn(const std::string& key, const RefreshTurn::Outcome& outcome);
  void on_held(const std::string& key, Flight& flight);
  void adopt(const std::string& key, const RefreshSuccessor& successor);
  void adopt_refreshed(Flight& flight, const std::shared_ptr<const Refreshed>& refreshed);
  void ask_again(const std::string& key, Flight& flight, const RefreshSuccessor& stale);
  void end_without_logto(const std::string& key, const RefreshFailure& failure);
  void answer_all(Flight& flight, const GrantOutcome& outcome);
  [[nodiscard]] GrantOutcome with_known(const Session& asker, const GrantOutcome& outcome);
  Flight take_out(const std::string& key);
  [[nodiscard]] std::optional<RefreshOutcome> worth_telling(const std::string& key, const GrantOutcome& outcome) const;
  void keep(const std::string& key);
  void land(const std::string& key, const GrantOutcome& outcome);
  void remember(const Flight& flight, const GrantOutcome& outcome);
  void remember_granted(const Flight& flight, const GrantedTokens& granted, std::int64_t keep_until_s);
  void fail_all_waiting(const RefreshFailure& failure);
  void tell(const Flight& flight, const RefreshFailure& failure);
  void tell_refused(const Flight& flight, const RefreshFailure& failure);

  EventLoop& loop_;
  AuthWorld world_;
  Log& log_;
  std::unordered_map<std::string, Flight> flights_;  // by refresh_key()
  std::deque<std::string> waiting_;                  // keys of flights without a turn or a flow, in order
  std::size_t flying_ = 0;
  RefreshMemory memory_;
  Backoff backoff_;
  Patience patience_;
  Timer try_again_;                             // set while is_patient_
  bool is_patient_ = false;                     // nobody flies for a moment
  RefreshFailure last_failure_;                 // why there is a back-off; without anybody's token
  std::unique_ptr<RefreshJournal> journal_;     // null: none
  std::unique_ptr<ReplicaRefreshes> replicas_;  // null: none
  bool told_of_no_turns_ = false;
};

}  // namespace lp
