#include "tests/support/turn_loop.h"

#include <doctest/doctest.h>
#include <event2/event.h>

namespace lp::test {

bool wait_until(EventLoop& loop, const std::function<bool()>& what) {
  bool late = false;
  Timer guard(loop, [&] { late = true; });
  guard.start_ms(30'000);
  while (!what() && !late) event_base_loop(loop.raw(), EVLOOP_ONCE);
  CHECK_FALSE_MESSAGE(late, "nothing happened for half a minute");
  return !late;
}

int turns_within_ms(EventLoop& loop, std::int64_t duration_ms) {
  bool over = false;
  Timer end(loop, [&] { over = true; });
  end.start_ms(duration_ms);
  int turns = 0;
  while (!over) {
    event_base_loop(loop.raw(), EVLOOP_ONCE);
    ++turns;
  }
  return turns;
}

}  // namespace lp::test
