#include "proxy/upstream/connection_slots.h"

#include <doctest/doctest.h>

#include <vector>

#include "proxy/upstream/shared_upstream.h"

using namespace lp;

namespace {

struct Worker final : ConnectionSlots::Member {
  std::vector<ConnectionSlots::Ticket> given;
  int asked_for_idle = 0;
  int in_the_way = 0;
  int times_others_wait = 0;
  void slot_is_given(ConnectionSlots::Ticket ticket) override { given.push_back(ticket); }
  void idle_is_wanted() override { ++asked_for_idle; }
  void idle_is_in_the_way() override { ++in_the_way; }
  void others_wait() override { ++times_others_wait; }
};

}  // namespace

TEST_CASE("slots go to whoever waits for longest, whatever worker") {
  ConnectionSlots slots(2, 3);
  Worker one, two;
  slots.add(one);
  slots.add(two);
  CHECK(slots.take());
  CHECK(slots.take());
  CHECK_FALSE(slots.take());
  const auto first = slots.wait(one);
  const auto second = slots.wait(two);
  const auto third = slots.wait(one);
  REQUIRE((first && second && third));
  CHECK_FALSE(slots.wait(two));
  CHECK(slots.somebody_waits());
  CHECK(slots.leave(*second));
  CHECK_FALSE(slots.leave(*second));
  slots.give_back();
  CHECK(one.given == std::vector{*first});
  CHECK_FALSE(slots.leave(*first));
  slots.give_back();
  CHECK(one.given == std::vector{*first, *third});
  CHECK(two.given.empty());
  CHECK_FALSE(slots.somebody_waits());
  CHECK_FALSE(slots.take());
  slots.give_back();
  CHECK(slots.take());
}

TEST_CASE("a slot that becomes free between asking and waiting is not missed") {
  ConnectionSlots slots(1, 1);
  Worker one;
  slots.add(one);
  CHECK(slots.take());
  CHECK_FALSE(slots.take());
  slots.give_back();
  const auto ticket = slots.wait(one);
  REQUIRE(ticket);
  CHECK(one.given == std::vector{*ticket});
  CHECK_FALSE(slots.take());
}

TEST_CASE("who waits asks one worker that has idle connections, and who goes asks nobody any more") {
  ConnectionSlots slots(1, 5);
  Worker one, two;
  slots.add(one);
  slots.add(two);
  CHECK(slots.take());
  two.idle_connections = 1;
  CHECK(slots.wait(one));
  CHECK(one.asked_for_idle == 0);
  CHECK(two.asked_for_idle == 1);
  slots.remove(one);
  CHECK_FALSE(slots.somebody_waits());
  slots.tell_of_idle_in_the_way();
  CHECK(one.in_the_way == 0);
  CHECK(two.in_the_way == 1);
}

TEST_CASE("all workers hear when somebody begins to wait, and once while somebody does") {
  ConnectionSlots slots(1, 3);
  Worker one, two;
  slots.add(one);
  slots.add(two);
  CHECK(slots.take());
  const auto first = slots.wait(one);
  const auto second = slots.wait(two);
  REQUIRE((first && second));
  CHECK(one.times_others_wait == 1);
  CHECK(two.times_others_wait == 1);
  CHECK(slots.leave(*first));
  CHECK(slots.leave(*second));
  CHECK(slots.wait(two));
  CHECK(one.times_others_wait == 2);
}

TEST_CASE("an app that served one at a time is tried again, sooner believed and later tried each time") {
  SharedUpstream shared{UpstreamSettings{}};
  const auto first_ms = shared.serves_one_for_ms();
  for (int i = 0; i < 2; ++i) CHECK_FALSE(shared.answered_late(true));
  CHECK(shared.answered_late(true));
  CHECK_FALSE(shared.was_tried_again());
  shared.try_again();
  CHECK_FALSE(shared.serves_one());
  CHECK(shared.was_tried_again());
  CHECK(shared.serves_one_for_ms() == 2 * first_ms);
  CHECK(shared.answered_late(true));
  CHECK(shared.serves_one());
  for (int i = 0; i < 20; ++i) shared.try_again();
  CHECK(shared.serves_one_for_ms() == SharedUpstream::kMostServesOneForMs);
  CHECK_FALSE(shared.answered_late(false));  // it was only slow
  CHECK_FALSE(shared.answered_late(true));
  CHECK_FALSE(shared.serves_one());
}

TEST_CASE("what is known of an upstream is told once") {
  SharedUpstream shared{UpstreamSettings{}};
  Repairs repairs;
  repairs.add(Repair::bare_lf);
  CHECK(shared.told_first(repairs) == repairs.bits());
  CHECK(shared.told_first(repairs) == 0);
  Repairs more = repairs;
  more.add(Repair::identity_coding);
  CHECK(shared.told_first(more) == (more.bits() & ~repairs.bits()));
  CHECK_FALSE(shared.answered_late(true));
  CHECK_FALSE(shared.answered_late(true));
  CHECK_FALSE(shared.answered_late(false));  // only in a row
  CHECK_FALSE(shared.answered_late(true));
  CHECK_FALSE(shared.answered_late(true));
  CHECK(shared.answered_late(true));
  CHECK_FALSE(shared.answered_late(true));
  CHECK(shared.serves_one());
}
