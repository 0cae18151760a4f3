#include "auth/refresh/lock.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/refresh/turn.h"
#include "tests/support/redis_server.h"
#include "tests/support/turn_loop.h"

using namespace lp;
using namespace lp::test;
using Kind = RedisReply::Kind;

namespace {

RedisReply text(std::string bytes) { return RedisReply::of_text(Kind::string, std::move(bytes)); }
RedisReply number(std::int64_t value) { return RedisReply::of_integer(value); }
RedisReply list(std::vector<RedisReply> elements) { return RedisReply::of_array(std::move(elements)); }

const RefreshLockKeys kKeys = refresh_lock_keys("lp", "default", "abc");

// Replicas on one loop, each with its own connection to one server.
struct Replicas {
  RedisServer server;
  EventLoop loop;
  RedisClient one{loop, server.options(), {}};
  RedisClient two{loop, server.options(), {}};

  struct Turn {
    std::optional<RefreshTurn::Outcome> outcome;
    std::unique_ptr<RefreshTurn> flow;
    [[nodiscard]] const HeldRefreshLock* held() const {
      return outcome ? std::get_if<HeldRefreshLock>(&*outcome) : nullptr;
    }
    [[nodiscard]] std::string successor() const {
      const auto* found = outcome ? std::get_if<RefreshSuccessor>(&*outcome) : nullptr;
      return found ? found->sealed : "";
    }
    [[nodiscard]] const RefreshTurn::Failed* failed() const {
      return outcome ? std::get_if<RefreshTurn::Failed>(&*outcome) : nullptr;
    }
  };
  std::unique_ptr<Turn> start(RedisClient& redis, RefreshTurn::Times times = {}) {
    static int owners = 0;
    auto turn = std::make_unique<Turn>();
    turn->flow = std::make_unique<RefreshTurn>(loop, redis, kKeys, "owner" + std::to_string(++owners), times,
                                               [t = turn.get()](const auto& outcome) { t->outcome = outcome; });
    CHECK_FALSE(turn->outcome);
    return turn;
  }
  std::unique_ptr<Turn> finish(RedisClient& redis, RefreshTurn::Times times = {}) {
    auto turn = start(redis, times);
    wait_until(loop, [&] { return turn->outcome.has_value(); });
    return turn;
  }
  std::optional<bool> publish(Turn& turn, const char* sealed) {
    std::optional<bool> published;
    bool over = false;
    turn.flow->publish(sealed, 60'000, [&](const auto& answer) {
      if (answer) published = *answer;
      over = true;
    });
    wait_until(loop, [&] { return over; });
    return published;
  }
  std::optional<bool> release(Turn& turn) {
    std::optional<bool> released;
    turn.flow->release([&](const auto& answer) { released = answer && *answer; });
    wait_until(loop, [&] { return released.has_value(); });
    return released;
  }
  void command(std::vector<std::string> argv) {
    bool over = false;
    const auto handle = one.command(std::move(argv), [&](const auto&) { over = true; });
    wait_until(loop, [&] { return over; });
  }
};

}  // namespace

TEST_CASE("answers to an acquisition") {
  CHECK(*judge_acquisition(list({text("successor"), text("s"), number(1)})) ==
        RefreshAcquisition(RefreshSuccessor{"s", true}));
  CHECK(*judge_acquisition(list({text("successor"), text("s"), number(0)})) ==
        RefreshAcquisition(RefreshSuccessor{"s", false}));
  CHECK(*judge_acquisition(list({text("held"), number(7)})) == RefreshAcquisition(RefreshHeldByAnother{7}));
  CHECK(*judge_acquisition(list({text("held"), number(-1)})) == RefreshAcquisition(RefreshHeldByAnother{0}));
  CHECK(*judge_acquisition(list({text("taken"), number(7), text("7-x")})) ==
        RefreshAcquisition(HeldRefreshLock{7, "7-x"}));
  const RedisReply others[] = {RedisReply(),
                               number(1),
                               text("taken"),
                               list({}),
                               list({text("taken")}),
                               list({text("taken"), number(1)}),
                               list({text("held")}),
                               list({text("successor"), number(1)}),
                               list({text("x"), number(1), text("y")})};
  for (const RedisReply& reply : others) CHECK_FALSE(judge_acquisition(reply).ok());
  CHECK(*judge_release(number(1)));
  CHECK_FALSE(*judge_release(number(0)));
  CHECK_FALSE(judge_release(text("1")).ok());
}

TEST_CASE("polls come 50 ms after the first, at most 250 ms apart") {
  CHECK(refresh_poll_delay_ms(0) == 50);
  CHECK(refresh_poll_delay_ms(1) == 100);
  CHECK(refresh_poll_delay_ms(2) == 200);
  CHECK(refresh_poll_delay_ms(3) == 250);
  CHECK(refresh_poll_delay_ms(1'000'000) == 250);
}

TEST_CASE("one refreshes, and all get what it published") {
  LP_NEED_REDIS_SERVER();
  Replicas replicas;
  const auto first = replicas.finish(replicas.one);
  REQUIRE(first->held());
  CHECK(first->held()->fence == 1);
  const auto second = replicas.start(replicas.two);
  const auto third = replicas.start(replicas.one);
  replicas.command({"PING"});
  CHECK_FALSE(second->outcome);
  CHECK(replicas.publish(*first, "sealed successor") == true);
  wait_until(replicas.loop, [&] { return second->outcome && third->outcome; });
  CHECK(second->successor() == "sealed successor");
  CHECK(third->successor() == "sealed successor");
  CHECK(replicas.finish(replicas.two)->successor() == "sealed successor");  // much later, with the old cookie
}

TEST_CASE("who gives up lets the next one in") {
  LP_NEED_REDIS_SERVER();
  Replicas replicas;
  const auto first = replicas.finish(replicas.one);
  REQUIRE(first->held());
  const auto second = replicas.start(replicas.two);
  CHECK(replicas.release(*first) == true);
  wait_until(replicas.loop, [&] { return second->outcome.has_value(); });
  REQUIRE(second->held());
  CHECK(second->held()->fence == 2);
}

TEST_CASE("a holder whose lock went to another cannot publish, release or hinder") {
  LP_NEED_REDIS_SERVER();
  Replicas replicas;
  const auto slow = replicas.finish(replicas.one, {1, 1'000});
  REQUIRE(slow->held());
  const auto next = replicas.finish(replicas.two);  // waits until the lock has expired
  REQUIRE(next->held());
  CHECK(next->held()->fence > slow->held()->fence);
  CHECK(replicas.publish(*slow, "too late") == false);
  CHECK(replicas.publish(*next, "right") == true);
  CHECK(replicas.finish(replicas.one)->successor() == "right");
}

TEST_CASE("a late holder never replaces a successor, and is heard where there is none") {
  LP_NEED_REDIS_SERVER();
  Replicas replicas;
  const auto slow = replicas.finish(replicas.one, {1, 1'000});
  const auto next = replicas.finish(replicas.two);
  CHECK(replicas.publish(*next, "right") == true);  // gives the lock back
  CHECK(replicas.publish(*slow, "too late") == false);
  CHECK(replicas.finish(replicas.one)->successor() == "right");

  replicas.command({"FLUSHALL"});
  const auto alone = replicas.finish(replicas.one, {1, 1'000});
  REQUIRE(alone->held());
  replicas.command({"DEL", kKeys.lock});  // expired, and nobody came
  CHECK(replicas.publish(*alone, "late but all there is") == true);
  CHECK(replicas.finish(replicas.two)->successor() == "late but all there is");
}

TEST_CASE("a Redis that lost its data gives out no lock twice") {
  LP_NEED_REDIS_SERVER();
  Replicas replicas;
  const auto before = replicas.finish(replicas.one);
  replicas.command({"FLUSHALL"});
  const auto after = replicas.finish(replicas.two);
  REQUIRE(after->held());
  CHECK(after->held()->fence == before->held()->fence);
  CHECK(after->held()->value != before->held()->value);
  CHECK(replicas.publish(*before, "of another age") == false);
}

TEST_CASE("waiting for a holder that says nothing comes to an end") {
  LP_NEED_REDIS_SERVER();
  Replicas replicas;
  const auto holder = replicas.finish(replicas.one);
  const auto waiter = replicas.finish(replicas.two, {20'000, 120});
  REQUIRE(waiter->failed());
  CHECK(waiter->failed()->failure == RefreshTurn::Failure::waited_long);
}

TEST_CASE("a dropped turn is not told, and Redis that is away is said to be") {
  LP_NEED_REDIS_SERVER();
  Replicas replicas;
  const auto holder = replicas.finish(replicas.one);
  auto dropped = replicas.start(replicas.two);
  dropped->flow.reset();
  CHECK(replicas.release(*holder) == true);
  CHECK(replicas.finish(replicas.one)->held());
  CHECK_FALSE(dropped->outcome);
  replicas.server.kill();
  const auto nobody = replicas.finish(replicas.one);
  REQUIRE(nobody->failed());
  CHECK(nobody->failed()->failure == RefreshTurn::Failure::unreachable);
}
