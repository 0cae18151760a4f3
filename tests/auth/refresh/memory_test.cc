#include "auth/refresh/memory.h"

#include <doctest/doctest.h>

using namespace lp;
using Kind = RefreshFailure::Kind;

namespace {

constexpr std::int64_t kNow = 1'795'317'047;
constexpr std::int64_t kHourS = 3600;
constexpr std::int64_t kDayS = 24 * kHourS;

Session session(const std::string& token, std::int64_t expires_at_s = kNow + kHourS) {
  Session made;
  made.id = "0123456789abcdef";
  made.sub = "alice";
  made.refresh_token = Secret(token);
  made.signed_in_at_ms = kNow * 1000;
  made.validated_at_s = made.sealed_at_s = kNow;
  made.tokens_expire_at_s = expires_at_s;
  made.generation = 1;
  return made;
}

std::shared_ptr<const Refreshed> refreshed(const std::string& token, std::int64_t at_s, std::uint64_t generation) {
  Refreshed made;
  made.refresh_token = Secret(token);
  made.validated_at_s = at_s;
  made.tokens_expire_at_s = at_s + kHourS;
  made.generation = generation;
  return std::make_shared<const Refreshed>(std::move(made));
}

const RefreshFailure kAway{Kind::unavailable, "provider_unavailable", "away", {}};
const RefreshFailure kEnded{Kind::ended, "invalid_grant", "gone", {}};

}  // namespace

TEST_CASE("of a token that was never refreshed nothing is known") {
  RefreshMemory memory;
  const auto found = memory.look_up(session("A"), Settings{}, kNow);
  CHECK_FALSE(found.refreshed);
  CHECK_FALSE(found.failure);
  CHECK(found.newest.refresh_token.equals("A"));
}

TEST_CASE("whoever holds an older token gets the newest outcome along its successors") {
  RefreshMemory memory;
  const Settings settings;
  memory.succeeded(Secret("A"), refreshed("B", kNow + 100, 2), kNow + kDayS);
  memory.succeeded(Secret("B"), refreshed("C", kNow + 200, 3), kNow + kDayS);
  for (const char* token : {"A", "B"}) {
    CAPTURE(token);
    const auto found = memory.look_up(session(token), settings, kNow + 300);
    REQUIRE(found.refreshed);
    CHECK(found.refreshed->refresh_token.equals("C"));
    CHECK(found.newest.generation == 3);
  }
  CHECK_FALSE(memory.look_up(session("C", kNow + 200 + kHourS), settings, kNow + 300).refreshed);
}

TEST_CASE("when the newest tokens are dead too, they are what is to be refreshed") {
  RefreshMemory memory;
  memory.succeeded(Secret("A"), refreshed("B", kNow + 100, 2), kNow + kDayS);
  const auto found = memory.look_up(session("A"), Settings{}, kNow + 100 + kHourS);
  CHECK_FALSE(found.refreshed);
  CHECK(found.newest.refresh_token.equals("B"));
}

TEST_CASE("a token that Logto does not rotate is news only to those who have an older cookie") {
  RefreshMemory memory;
  const Settings settings;
  memory.succeeded(Secret("A"), refreshed("A", kNow + 3500, 2), kNow + kDayS);
  CHECK(memory.look_up(session("A"), settings, kNow + 3600).refreshed);
  Session newer = session("A", kNow + 3500 + kHourS);
  newer.validated_at_s = kNow + 3500;
  newer.generation = 2;
  CHECK_FALSE(memory.look_up(newer, settings, kNow + 3600).refreshed);
  CHECK_FALSE(memory.look_up(newer, settings, kNow + 3500 + kHourS).refreshed);
}

TEST_CASE("tokens that are replaced in a ring end the walk") {
  RefreshMemory memory;
  memory.succeeded(Secret("A"), refreshed("B", kNow + 1, 2), kNow + kDayS);
  memory.succeeded(Secret("B"), refreshed("A", kNow + 2, 3), kNow + kDayS);
  CHECK(memory.look_up(session("A"), Settings{}, kNow + 10).refreshed);
}

TEST_CASE("a failure holds for its time, for those with older tokens too") {
  RefreshMemory memory;
  const Settings settings;
  memory.succeeded(Secret("A"), refreshed("B", kNow - kHourS, 2), kNow + kDayS);
  memory.failed(Secret("B"), kAway, kNow + 30);
  const auto found = memory.look_up(session("A", kNow), settings, kNow + 29);
  REQUIRE(found.failure);
  CHECK(found.failure->kind == Kind::unavailable);
  CHECK(found.failure->successor.equals("B"));  // what they hold is spent
  CHECK(memory.look_up(session("B", kNow), settings, kNow + 29).failure->successor.empty());
  memory.forget_old(kNow + 30);
  CHECK_FALSE(memory.look_up(session("A", kNow), settings, kNow + 30).failure);
}

TEST_CASE("what is good still is handed out although the next one cannot be had") {
  RefreshMemory memory;
  memory.succeeded(Secret("A"), refreshed("B", kNow + 100, 2), kNow + kDayS);
  memory.failed(Secret("B"), kAway, kNow + kDayS);
  const auto found = memory.look_up(session("A"), Settings{}, kNow + 200);
  CHECK_FALSE(found.failure);
  REQUIRE(found.refreshed);
  CHECK(found.refreshed->refresh_token.equals("B"));
}

TEST_CASE("a dead grant is dead for whoever held any of its tokens, however good what they have is") {
  RefreshMemory memory;
  memory.succeeded(Secret("A"), refreshed("B", kNow + 100, 2), kNow + kDayS);
  memory.failed(Secret("B"), kEnded, kNow + kDayS);
  for (const char* token : {"A", "B"}) {
    CAPTURE(token);
    const auto found = memory.look_up(session(token), Settings{}, kNow + 200);
    REQUIRE(found.failure);
    CHECK(found.failure->kind == Kind::ended);
    CHECK(found.failure->successor.empty());
    CHECK_FALSE(found.refreshed);
  }
}

TEST_CASE("a token that came with an answer that could not be judged replaces the old one, and nothing else") {
  RefreshMemory memory;
  const Session before = session("A", kNow + 10);
  memory.replaced(before, Secret("B"), kNow + kDayS);
  const auto found = memory.look_up(before, Settings{}, kNow + 20);
  CHECK_FALSE(found.refreshed);
  CHECK(found.newest.refresh_token.equals("B"));
  CHECK(found.newest.tokens_expire_at_s == kNow + 10);
  CHECK(found.newest.validated_at_s == kNow);
}

TEST_CASE("what is known is kept while a cookie with the old token may live") {
  const Settings settings;
  const std::int64_t idle_s = settings.session.idle_timeout_ms / 1000;
  CHECK(RefreshMemory::keep_until_s(session("A"), settings, kNow) == kNow + idle_s + 1);
  const std::int64_t late_s = kNow + settings.session.max_lifetime_ms / 1000 - 5;
  CHECK(RefreshMemory::keep_until_s(session("A"), settings, late_s) == late_s + 6);

  RefreshMemory memory;
  memory.succeeded(Secret("A"), refreshed("B", kNow, 2), kNow + idle_s + 1);
  SUBCASE("and no longer") {
    memory.forget_old(kNow + idle_s + 1);
    CHECK(memory.size() == 0);
  }
  SUBCASE("who asks with it may be about to write it into a cookie again") {
    (void)memory.look_up(session("A"), settings, kNow + 100);
    memory.forget_old(kNow + idle_s + 100);
    CHECK(memory.size() == 1);
    memory.forget_old(kNow + idle_s + 101);
    CHECK(memory.size() == 0);
  }
}

TEST_CASE("memory is bounded: what ends first goes first") {
  RefreshMemory memory(2);
  memory.succeeded(Secret("A"), refreshed("A2", kNow + 1, 2), kNow + 300);
  memory.succeeded(Secret("B"), refreshed("B2", kNow + 1, 2), kNow + 100);
  memory.succeeded(Secret("C"), refreshed("C2", kNow + 1, 2), kNow + 200);
  CHECK(memory.size() == 2);
  const Settings settings;
  CHECK(memory.look_up(session("A"), settings, kNow + 2).refreshed);
  CHECK_FALSE(memory.look_up(session("B"), settings, kNow + 2).refreshed);
  CHECK(memory.look_up(session("C"), settings, kNow + 2).refreshed);
  memory.succeeded(Secret("C"), refreshed("C3", kNow + 2, 3), kNow + 500);  // again: one entry
  CHECK(memory.size() == 2);
}
