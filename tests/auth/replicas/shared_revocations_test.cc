#include "auth/replicas/shared_revocations.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/redis_server.h"
#include "tests/support/turn_loop.h"

using namespace lp;
using namespace lp::test;

namespace {

constexpr std::int64_t kDayMs = 86'400'000;

SharedRevocation revocation(std::uint64_t number, std::int64_t before_ms = 1'000, std::int64_t forget_in_s = 3'600) {
  SharedRevocation made;
  std::memcpy(made.key.data(), &number, sizeof number);
  made.before_ms = before_ms;
  made.forget_at_s = SystemClock().unix_s() + forget_in_s;
  return made;
}

// A replica of the proxy: its store, and what it shares.
struct Replica {
  EventLoop& loop;
  SystemClock clock;
  Log log{Log::Options{-1, -1}};
  RedisClient commands;
  std::map<std::array<std::uint8_t, 16>, SharedRevocation> store;
  int learnt = 0;
  int compared = 0;  // once each time that the stream was read from its beginning to its end
  std::unique_ptr<SharedRevocations> shared;

  Replica(EventLoop& loop_in, const RedisServer& server, std::vector<SharedRevocation> known = {},
          std::size_t max_queue = 10'000)
      : loop(loop_in), commands(loop_in, server.options(), {}) {
    for (const auto& each : known) store[each.key] = each;
    SharedRevocations::Options options;
    options.redis = server.options();
    options.prefix = "lp";
    options.realm = "default";
    options.keep_ms = 14 * kDayMs;
    options.max_queue = max_queue;
    shared = std::make_unique<SharedRevocations>(SharedRevocations::World{loop, commands, clock, log}, options,
                                                 SharedRevocations::Store{[this](const SharedRevocation& r) {
                                                                            ++learnt;
                                                                            auto& known_one = store[r.key];
                                                                            if (known_one.before_ms < r.before_ms)
                                                                              known_one = r;
                                                                          },
                                                                          [this] {
                                                                            ++compared;
                                                                            std::vector<SharedRevocation> all;
                                                                            for (const auto& [key, each] : store)
                                                                              all.push_back(each);
                                                                            return all;
                                                                          }});
  }
  void revoke(const SharedRevocation& r) {
    store[r.key] = r;
    shared->publish(r);
  }
  bool until_knows(std::size_t count) {
    return wait_until(loop, [&] { return store.size() >= count; });
  }
  bool until_caught_up() {
    return wait_until(loop, [&] { return shared->is_caught_up(); });
  }
  bool until_told() {
    return wait_until(loop, [&] { return shared->unpublished() == 0; });
  }
  bool until_heard_again() {
    const std::int64_t before = shared->in_touch_at_ms();
    return wait_until(loop, [&] { return shared->in_touch_at_ms() > before; });
  }
};

struct TwoReplicas {
  RedisServer server;
  EventLoop loop;
  Replica one{loop, server};
  Replica two{loop, server};

  void until_caught_up() {
    one.until_caught_up();
    two.until_caught_up();
  }
};

// What a replica that knows nothing learns from the stream.
std::size_t stream_holds(EventLoop& loop, const RedisServer& server) {
  Replica fresh(loop, server);
  fresh.until_caught_up();
  return fresh.store.size();
}

}  // namespace

TEST_CASE("what ends on one replica ends on the others, also on those that start later") {
  LP_NEED_REDIS_SERVER();
  TwoReplicas world;
  auto& [server, loop, one, two] = world;
  CHECK_FALSE(one.shared->is_caught_up());
  world.until_caught_up();
  one.revoke(revocation(1));
  two.revoke(revocation(2));
  one.until_knows(2);
  two.until_knows(2);
  CHECK(one.store == two.store);
  Replica three(loop, server);
  three.until_caught_up();
  CHECK(three.store == one.store);
}

TEST_CASE("a later time for the same key is told too") {
  LP_NEED_REDIS_SERVER();
  TwoReplicas world;
  auto& [server, loop, one, two] = world;
  one.revoke(revocation(1, 1'000));
  two.until_knows(1);
  one.revoke(revocation(1, 2'000));
  wait_until(loop, [&] { return two.store.begin()->second.before_ms == 2'000; });
}

TEST_CASE("a long stream is read whole before anybody counts as caught up") {
  LP_NEED_REDIS_SERVER();
  const RedisServer server;
  EventLoop loop;
  std::vector<SharedRevocation> many;
  for (std::uint64_t i = 0; i < 2'500; ++i) many.push_back(revocation(i));
  Replica one(loop, server, many);  // from its journal: the stream lacks them
  one.until_caught_up();
  one.until_told();
  Replica two(loop, server);
  two.until_caught_up();
  CHECK(two.store.size() == 2'500);
  CHECK(one.store.size() == 2'500);
  CHECK(two.shared->unpublished() == 0);  // what is in the stream is not told again
}

TEST_CASE("a killed Redis that comes back empty gets back what each replica knows") {
  LP_NEED_REDIS_SERVER();
  TwoReplicas world;
  auto& [server, loop, one, two] = world;
  one.revoke(revocation(1));
  two.until_knows(1);
  one.until_heard_again();
  server.kill();
  wait_until(loop, [&] { return !one.commands.state().connected && !two.commands.state().connected; });
  const std::int64_t last_touch = one.shared->in_touch_at_ms();
  CHECK(last_touch >= 0);
  one.revoke(revocation(2));  // meanwhile
  two.revoke(revocation(3));
  CHECK(one.shared->in_touch_at_ms() == last_touch);
  server.start();
  one.until_knows(3);
  two.until_knows(3);
  wait_until(loop, [&] { return one.shared->unpublished() + two.shared->unpublished() == 0; });
  CHECK(one.shared->in_touch_at_ms() > last_touch);
  CHECK(stream_holds(loop, server) == 3);
}

TEST_CASE("a stream that somebody flushed, unnoticed by any connection, is filled again") {
  LP_NEED_REDIS_SERVER();
  const RedisServer server;
  EventLoop loop;
  Replica one(loop, server);
  one.until_caught_up();
  one.revoke(revocation(1));
  one.until_told();
  wait_until(loop, [&] { return one.learnt > 0; });  // its own echo
  bool flushed = false;
  const auto handle = one.commands.command({"FLUSHALL"}, [&](const auto&) { flushed = true; });
  wait_until(loop, [&] { return flushed; });
  const int before = one.learnt;
  wait_until(loop, [&] { return one.learnt > before; });  // told again, and heard
  CHECK(stream_holds(loop, server) == 1);
}

TEST_CASE("more than the queue holds is not lost") {
  LP_NEED_REDIS_SERVER();
  RedisServer server;
  EventLoop loop;
  Replica one(loop, server, {}, 3);
  one.until_caught_up();
  server.kill();
  wait_until(loop, [&] { return !one.commands.state().connected; });
  for (std::uint64_t i = 0; i < 1'000; ++i) one.revoke(revocation(i));
  server.start();
  Replica two(loop, server);
  two.until_knows(1'000);
  CHECK(two.store == one.store);
}

TEST_CASE("what may be forgotten is not learnt") {
  LP_NEED_REDIS_SERVER();
  const RedisServer server;
  EventLoop loop;
  Replica one(loop, server);
  one.revoke(revocation(1, 1'000, -1));
  one.revoke(revocation(2));
  one.until_told();
  Replica two(loop, server);
  two.until_caught_up();
  CHECK(two.store.size() == 1);
}

TEST_CASE("a key that is no stream is no stream without news") {
  LP_NEED_REDIS_SERVER();
  const RedisServer server;
  EventLoop loop;
  RedisClient operators(loop, server.options(), {});
  const auto ask = [&](std::vector<std::string> argv) {
    bool over = false;
    const auto handle = operators.command(std::move(argv), [&](const auto&) { over = true; });
    wait_until(loop, [&] { return over; });
  };
  ask({"SET", "lp:default:revocations", "x"});
  Replica one(loop, server);
  one.revoke(revocation(1));
  wait_until(loop, [&] { return one.commands.state().connected; });
  ask({"PING"});
  CHECK_FALSE(one.shared->is_caught_up());
  ask({"DEL", "lp:default:revocations"});
  one.until_caught_up();
  one.until_told();
  CHECK(stream_holds(loop, server) == 1);
}

TEST_CASE("a Redis that never was there: nobody is caught up") {
  LP_NEED_REDIS_SERVER();
  RedisServer server;
  server.kill();
  EventLoop loop;
  Replica one(loop, server);
  one.revoke(revocation(1));
  wait_until(loop, [&] { return !one.commands.state().reason.empty(); });
  CHECK(one.shared->in_touch_at_ms() == -1);
  CHECK(one.shared->unpublished() == 1);
  server.start();
  one.until_caught_up();
  one.until_told();
}

TEST_CASE("who asks hears when all that was published is at Redis, and when not") {
  LP_NEED_REDIS_SERVER();
  auto server = std::make_unique<RedisServer>();
  EventLoop loop;
  Replica one(loop, *server);
  one.until_caught_up();
  std::vector<bool> told;
  const auto hear = [&told](bool was_told) { told.push_back(was_told); };
  one.shared->when_told(hear);
  CHECK(told == std::vector<bool>{true});  // nothing was to be told
  one.revoke(revocation(1));
  one.shared->when_told(hear);
  CHECK(told.size() == 1);
  wait_until(loop, [&] { return told.size() == 2; });
  CHECK(told[1]);
  CHECK(stream_holds(loop, *server) == 1);
  server.reset();
  wait_until(loop, [&] { return !one.commands.state().connected; });
  one.revoke(revocation(2));
  one.shared->when_told(hear);
  wait_until(loop, [&] { return told.size() == 3; });
  CHECK_FALSE(told[2]);
}

TEST_CASE("who asks hears what another replica has told a moment ago") {
  LP_NEED_REDIS_SERVER();
  TwoReplicas world;
  auto& [server, loop, one, two] = world;
  world.until_caught_up();
  for (std::uint64_t number = 1; number <= 5; ++number) {
    one.revoke(revocation(number));
    bool told = false;
    one.shared->when_told([&](bool) { told = true; });
    wait_until(loop, [&] { return told; });
    bool heard = false;
    two.shared->when_heard([&] { heard = true; });
    wait_until(loop, [&] { return heard; });
    CHECK(two.store.contains(revocation(number).key));
  }
}

TEST_CASE("who asks hears all of a long stream, also while it is read for the first time") {
  LP_NEED_REDIS_SERVER();
  const RedisServer server;
  EventLoop loop;
  constexpr std::size_t kMany = 6'500;
  std::vector<SharedRevocation> many;
  for (std::uint64_t i = 0; i < kMany; ++i) many.push_back(revocation(i));
  Replica one(loop, server, many);
  one.until_caught_up();
  one.until_told();
  Replica two(loop, server);
  wait_until(loop, [&] { return two.commands.state().connected; });
  bool heard = false;
  std::size_t known = 0;
  two.shared->when_heard([&] {
    heard = true;
    known = two.store.size();
  });
  wait_until(loop, [&] { return heard; });
  CHECK(known == kMany);
}

TEST_CASE("who asks while much is told does not make the reader begin again") {
  LP_NEED_REDIS_SERVER();
  TwoReplicas world;
  auto& [server, loop, one, two] = world;
  world.until_caught_up();
  std::uint64_t number = 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 10; ++i) one.revoke(revocation(++number));
    wait_until(loop, [&] {
      two.shared->when_heard([] {});
      return two.store.size() == number;
    });
  }
  two.until_heard_again();
  CHECK(two.compared == 1);
}
