#pragma once
#include <cstdint>
#include <functional>

#include "base/event.h"

namespace lp::test {

// Turns the loop until `what` holds; half a minute is the safety stop.
bool wait_until(EventLoop& loop, const std::function<bool()>& what);

// How often the loop wakes up within a while in which nothing should happen: a spinning event shows in thousands.
int turns_within_ms(EventLoop& loop, std::int64_t duration_ms);
constexpr int kFewTurns = 50;

}  // namespace lp::test
