#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/replicas/revocation_stream.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "base/redis_client.h"

namespace lp {

// What one replica of the proxy learns of ended sessions the others learn too, through one Redis stream. It survives
// restarts of both: each replica reads the stream from its beginning when it starts, goes on where it was after each
// reconnect, and adds what the stream lacks of what it knows itself, also when Redis came back with less than it had.
// Auth thread, except where said.
class SharedRevocations {
 public:
  struct World {  // all of it must outlive this
    EventLoop& loop;
    RedisClient& commands;  // for adding; not blocked by reading, which has a connection of its own
    const Clock& clock;
    Log& log;
  };
  struct Options {
    RedisOptions redis;  // of the reading connection
    std::string prefix;
    std::string realm;
    std::int64_t keep_ms = 0;        // how long an entry can matter: the longest life of a session
    std::size_t max_queue = 10'000;  // to be added while Redis is away; beyond it all is compared again instead
  };
  struct Store {
    // From the stream: of other replicas, and an echo of our own. Comes again after a loss: must do no harm.
    std::function<void(const SharedRevocation&)> learn;
    // All that this process knows and that has not expired.
    std::function<std::vector<SharedRevocation>()> known;
    // Each time in_touch_at_ms() moves. May be empty.
    std::function<void(std::int64_t)> in_touch = {};
    // An answer failed, or is not there kLateMs after it was due. May be empty.
    std::function<void()> in_trouble = {};
  };
  SharedRevocations(const World& world, Options options, Store store);
  ~SharedRevocations();
  SharedRevocations(const SharedRevocations&) = delete;
  SharedRevocations& operator=(const SharedRevocations&) = delete;

  // A session ended here, which the store knows already: told to the others as soon as Redis takes it.
  void publish(const SharedRevocation& revocation);
  // Calls back, maybe at once, when all is known here that was in the stream when this was called, or when Redis does
  // not say: after kHearMs at the latest. Must not destroy this object.
  void when_heard(std::function<void()> heard);
  // Calls back, maybe at once, when Redis has all that was published before: true; or false when it does not take it
  // now, at the latest after kTellMs: then it is told later. Must not call back into this object.
  void when_told(std::function<void(bool)> told);

  // For the reading connection, when it is made again.
  void replace_password(Secret password) { reader_->replace_password(std::move(password)); }

  // Any thread. Monotonic milliseconds at which all that was in the stream was known here, -1: never yet. While Redis
  // is in reach it is at most about kReadMs old; what is older than redis.grace must let nobody pass.
  [[nodiscard]] std::int64_t in_touch_at_ms() const { return in_touch_at_ms_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool is_caught_up() const { return in_touch_at_ms() >= 0; }  // at least once; any thread
  [[nodiscard]] std::size_t unpublished() const { return queue_.size() + adding_.size(); }

  static constexpr std::int64_t kReadMs = 500;  // how long a read waits for news
  static constexpr std::int64_t kLateMs = 400;  // an answer that is due for so long is trouble
  static constexpr std::int64_t kTellMs = 1'000;
  static constexpr std::int64_t kHearMs = 1'000;

 private:
  using Outcome = Result<RedisReply, RedisError>;
  struct Queued {
    std::uint64_t number = 0;  // in the order of publish()
    SharedRevocation revocation;
  };
  struct Adding {
    Queued queued;
    std::unique_ptr<RedisClient::Handle> handle;
  };
  struct Waiter {
    std::uint64_t until = 0;  // number
    std::int64_t end_ms = 0;  // monotonic
    std::function<void(bool)> told;
  };
  using Key = std::array<std::uint8_t, 16>;
  struct KeyHash {  // keys are hashes already
    std::size_t operator()(const Key& key) const;
  };

  void on_state(const RedisState& state);
  struct Hearing {
    RedisStreamId last;       // read so far; its own, for only the reading connection moves the other one
    std::int64_t end_ms = 0;  // monotonic
    std::function<void()> heard;
    std::unique_ptr<RedisClient::Handle> handle;
  };

  void read(std::int64_t block_ms);
  void on_found(const Outcome& outcome, RedisStreamId asked, std::int64_t block_ms);
  void read_news(std::int64_t block_ms);
  void on_read(const Outcome& outcome);
  void take(const RevocationEntries& found);
  void learn(const RevocationEntries& found);
  void hear_on(std::uint64_t number);
  void on_heard(std::uint64_t number, const Outcome& outcome);
  void compare();
  void begin_again();
  void wait_for_answer(std::int64_t block_ms);
  void note_trouble();
  void queue(const SharedRevocation& revocation);
  void answer_waiters();
  void give_up_waiters(bool all);
  void on_read_failure(const RedisError& error);
  void add_some();
  void on_added(std::uint64_t number, const Outcome& outcome);

  const World world_;
  const Options options_;
  const Store store_;
  const std::string key_;

  RedisStreamId last_;           // read so far, by the reading connection: all up to here is known
  bool must_compare_ = true;     // at the end of the stream, which is being read from its beginning: add what it lacks
  bool has_overflowed_ = false;  // something was not queued: begin again when the queue is empty
  std::unordered_map<Key, std::int64_t, KeyHash> seen_;  // before_ms, while must_compare_
  std::atomic<std::int64_t> in_touch_at_ms_{-1};

  std::map<std::uint64_t, Hearing> hearing_;
  std::uint64_t heard_ = 0;  // numbers of hearing_ given

  std::deque<Queued> queue_;
  std::map<std::uint64_t, Adding> adding_;  // sent, by a number of the sending
  std::uint64_t added_ = 0;                 // numbers of sendings given
  std::uint64_t queued_ = 0;                // numbers of what is queued given
  std::set<std::uint64_t> untold_;          // numbers in queue_ and adding_
  std::deque<Waiter> waiters_;              // until and end_ms never sink

  std::unique_ptr<RedisClient> reader_;
  std::unique_ptr<RedisClient::Handle> find_, read_;
  Timer read_again_, add_again_, late_, give_up_;

  // Tells a trouble once, and its end.
  class Trouble {
   public:
    Trouble(Log& log, std::string_view begun, std::string_view over) : log_(log), begun_(begun), over_(over) {}
    void is(const std::string& reason);
    void ended();

   private:
    Log& log_;
    std::string_view begun_, over_;
    std::string reason_;
  };
  Trouble reading_, telling_;
};

}  // namespace lp
