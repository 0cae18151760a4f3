#pragma once
#include <cstdint>

#include "base/event.h"

namespace lp::test {

// Runs the loop until something calls stop(); fails after ten seconds.
void run_loop(EventLoop& loop);

// Lets the loop turn for a while in which nothing should happen.
void run_loop_for_ms(EventLoop& loop, std::int64_t duration_ms);

}  // namespace lp::test
