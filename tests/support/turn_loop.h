#pragma once
#include <doctest/doctest.h>
#include <event2/event.h>

#include <functional>

#include "base/event.h"

namespace lp::test {

// Turns the loop until `what` holds; half a minute is the safety stop.
inline bool wait_until(EventLoop& loop, const std::function<bool()>& what) {
  bool late = false;
  Timer guard(loop, [&] { late = true; });
  guard.start_ms(30'000);
  while (!what() && !late) event_base_loop(loop.raw(), EVLOOP_ONCE);
  CHECK_FALSE_MESSAGE(late, "nothing happened for half a minute");
  return !late;
}

}  // namespace lp::test
