#include "base/clock.h"

#include <ctime>

#include "base/check.h"

#ifndef NDEBUG
#include <cstdlib>
#include <fstream>
#include <mutex>
#endif

namespace lp {
namespace {

std::int64_t read_ms(clockid_t clock) {
  timespec now{};
  LP_CHECK(clock_gettime(clock, &now) == 0, "no clock");
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

#ifndef NDEBUG
// End-to-end tests let hours pass by writing milliseconds into a file. Who moves the clock makes expired sessions live:
// a release build holds nothing of this.
std::int64_t test_offset_ms() {
  static const char* const path = std::getenv("LOGTO_PROXY_CLOCK_OFFSET_FILE");
  if (path == nullptr) return 0;
  // Under one lock, so that nobody goes on with the old time while somebody else is about to read the new one.
  static std::mutex mutex;
  static std::int64_t next_look_ms = 0;
  static std::int64_t offset_ms = 0;
  const std::lock_guard<std::mutex> lock(mutex);
  const std::int64_t now_ms = read_ms(CLOCK_MONOTONIC);
  if (now_ms >= next_look_ms) {
    next_look_ms = now_ms + 50;
    std::int64_t offset = 0;
    if (std::ifstream(path) >> offset) offset_ms = offset;
  }
  return offset_ms;
}
#else
constexpr std::int64_t test_offset_ms() { return 0; }
#endif

}  // namespace

std::int64_t SystemClock::unix_ms() const { return read_ms(CLOCK_REALTIME) + test_offset_ms(); }

std::int64_t SystemClock::monotonic_ms() const { return read_ms(CLOCK_MONOTONIC); }

}  // namespace lp
