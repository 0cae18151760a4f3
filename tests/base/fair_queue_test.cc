#include "base/fair_queue.h"

#include <doctest/doctest.h>

#include <string>

using namespace lp;

TEST_CASE("owners take turns, each in its own order") {
  FairQueue<int> queue(100, 50);
  for (const auto& [owner, thing] : {std::pair("a", 1), {"a", 2}, {"a", 3}, {"b", 4}, {"c", 5}, {"c", 6}}) {
    queue.reserve(owner, 1);
    queue.push(owner, 1, thing);
  }
  std::string order;
  while (!queue.empty()) order += std::to_string(queue.pop());
  CHECK(order == "145263");
}

TEST_CASE("costs of each and of all are bounded, those of what waits elsewhere too") {
  FairQueue<int> queue(10, 6);
  CHECK_FALSE(queue.has_room_for("a", 7));
  queue.reserve("a", 4);
  CHECK_FALSE(queue.has_room_for("a", 3));
  CHECK(queue.has_room_for("a", 2));
  CHECK(queue.has_room_for("b", 6));
  queue.reserve("b", 6);
  CHECK_FALSE(queue.has_room_for("c", 1));
  queue.push("a", 4, 1);
  CHECK(queue.pop() == 1);
  CHECK(queue.has_room_for("a", 4));
  queue.release("b", 6);
  CHECK(queue.has_room_for("b", 6));
}
