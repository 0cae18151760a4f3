#include "auth/provider/strangers_budget.h"

#include <doctest/doctest.h>

#include <vector>

using namespace lp;

TEST_CASE("in thirty seconds a client has one fetch, and four clients have") {
  struct Row {
    const char* name;
    const char* client;
    std::int64_t at_ms;
    bool gets;
  };
  const std::vector<Row> rows = {
      {"the first", "192.0.2.1", 0, true},
      {"the same client again", "192.0.2.1", 20'000, false},
      {"another client meanwhile", "192.0.2.2", 20'000, true},
      {"a client that nobody can name", "", 20'000, true},
      {"a fourth", "192.0.2.4", 20'000, true},
      {"a fifth", "192.0.2.5", 29'999, false},
      {"the first client after its time", "192.0.2.1", 30'000, true},
      {"a fifth, for the others have theirs still", "192.0.2.5", 30'000, false},
      {"a fifth after their time", "192.0.2.5", 50'000, true},
  };
  StrangersBudget budget;
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(budget.take(row.client, row.at_ms) == row.gets);
  }
}

TEST_CASE("one client, however long it goes on, leaves the others theirs") {
  StrangersBudget budget;
  for (std::int64_t at_ms = 0; at_ms < 3'600'000; at_ms += 1'000) (void)budget.take("192.0.2.1", at_ms);
  CHECK(budget.take("192.0.2.2", 3'600'000));
}

TEST_CASE("a fetch that failed is given back") {
  StrangersBudget budget;
  CHECK(budget.take("192.0.2.1", 0));
  budget.give_back();
  CHECK(budget.take("192.0.2.1", 1));
}
