#include "proxy/net/free_list.h"

#include <doctest/doctest.h>

#include <string>

namespace {
struct Thing {
  std::string text;
  int times_begun = 0;
  void start_over() {
    text.clear();
    ++times_begun;
  }
};
}  // namespace

TEST_CASE("who gave back last is taken first, and as good as new") {
  lp::FreeList<Thing> list;
  auto first = list.take();
  auto second = list.take();
  const Thing* const last = second.get();
  first->text = second->text = "of somebody";
  list.give(std::move(first));
  list.give(std::move(second));
  const auto again = list.take();
  CHECK(again.get() == last);
  CHECK(again->text.empty());
  CHECK(again->times_begun == 1);
}

TEST_CASE("what was dropped is not kept") {
  lp::FreeList<Thing> list;
  list.give(list.take());
  list.drop();
  CHECK(list.take()->times_begun == 0);
}
