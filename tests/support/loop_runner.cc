#include "tests/support/loop_runner.h"

#include <doctest/doctest.h>

namespace lp::test {

void run_loop(EventLoop& loop) {
  bool late = false;
  Timer guard(loop, [&] {
    late = true;
    loop.stop();
  });
  guard.start_ms(10'000);
  loop.run();
  CHECK_FALSE_MESSAGE(late, "nothing happened for ten seconds");
}

void run_loop_for_ms(EventLoop& loop, std::int64_t duration_ms) {
  Timer end(loop, [&] { loop.stop(); });
  end.start_ms(duration_ms);
  loop.run();
}

}  // namespace lp::test
