#pragma once
#include <doctest/doctest.h>

#include <functional>

#include "base/event.h"

namespace lp::test {

// Runs the loop until something calls stop(); fails after ten seconds.
inline void run_loop(EventLoop& loop) {
  bool late = false;
  Timer guard(loop, [&] {
    late = true;
    loop.stop();
  });
  guard.start_ms(10'000);
  loop.run();
  CHECK_FALSE_MESSAGE(late, "nothing happened for ten seconds");
}

// Lets the loop turn for a while in which nothing should happen.
inline void run_loop_for_ms(EventLoop& loop, std::int64_t duration_ms) {
  Timer end(loop, [&] { loop.stop(); });
  end.start_ms(duration_ms);
  loop.run();
}

}  // namespace lp::test
