#include "proxy/net/memory_budget.h"

#include <doctest/doctest.h>

using namespace lp;

TEST_CASE("one client has half of the budget, two have all of it, and it comes back") {
  MemoryBudget budget(1000);
  {
    ReservedMemory a(budget), more_of_a(budget), b(budget), c(budget);
    CHECK(a.cover(400, "192.0.2.1"));
    CHECK_FALSE(more_of_a.cover(101, "192.0.2.1"));
    CHECK(more_of_a.cover(100, "192.0.2.1"));
    CHECK(b.cover(500, "192.0.2.2"));
    CHECK_FALSE(c.cover(1, "192.0.2.3"));
    CHECK(c.is_empty());
    more_of_a.release();
    CHECK(c.cover(100, "192.0.2.3"));
    CHECK(budget.used_bytes() == 1000);
  }
  CHECK(budget.used_bytes() == 0);
}

TEST_CASE("what can wait leaves a quarter to what is refused without, and of a client's half likewise") {
  constexpr auto kWaits = MemoryUse::waits_without;
  MemoryBudget budget(1000);
  ReservedMemory a(budget), more_of_a(budget), b(budget), c(budget);
  CHECK(a.cover(375, "192.0.2.1", kWaits));
  CHECK_FALSE(more_of_a.cover(1, "192.0.2.1", kWaits));
  CHECK(b.cover(375, "192.0.2.2", kWaits));
  CHECK_FALSE(c.cover(1, "192.0.2.3", kWaits));
  CHECK(more_of_a.cover(125, "192.0.2.1"));
  CHECK(c.cover(125, "192.0.2.3"));
  CHECK(budget.used_bytes() == 1000);
}

TEST_CASE("it is short before what one client may have for what can wait is used up") {
  MemoryBudget budget(1000);
  ReservedMemory memory(budget);
  CHECK(memory.cover(249, "192.0.2.1", MemoryUse::waits_without));
  CHECK_FALSE(budget.is_short());
  CHECK(memory.cover(250, "192.0.2.1", MemoryUse::waits_without));
  CHECK(budget.is_short());
}

TEST_CASE("what is reserved grows by what is missing, and stays as it is where there is no room") {
  MemoryBudget budget(1000);
  ReservedMemory memory(budget);
  CHECK(memory.cover(100, "192.0.2.1"));
  CHECK(memory.cover(50, "192.0.2.1"));
  CHECK(budget.used_bytes() == 100);
  CHECK(memory.cover(300, "192.0.2.1"));
  CHECK(budget.used_bytes() == 300);
  CHECK_FALSE(memory.cover(600, "192.0.2.1"));
  CHECK(budget.used_bytes() == 300);
  memory.release();
  memory.release();
  CHECK(budget.used_bytes() == 0);
}
