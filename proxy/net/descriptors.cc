#include "proxy/net/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <limits>

namespace lp {

namespace {
constexpr long long kLeastReserve = 4;
constexpr long long kMostReserve = 64;
constexpr long long kReservePart = 16;

std::atomic<long long> limit_of_process{std::numeric_limits<int>::max()};
}  // namespace

int descriptors_end(long long limit, DescriptorUse use) {
  const long long reserve = std::clamp(limit / kReservePart, kLeastReserve, kMostReserve);
  const long long end = limit - (use == DescriptorUse::client ? 2 * reserve : reserve);
  return static_cast<int>(std::clamp<long long>(end, 0, std::numeric_limits<int>::max()));
}

bool leaves_descriptors(int fd, DescriptorUse use) {
  return fd < descriptors_end(limit_of_process.load(std::memory_order_relaxed), use);
}

bool next_leaves_descriptors(int any_open_fd, DescriptorUse use) {
  const int next = ::fcntl(any_open_fd, F_DUPFD_CLOEXEC, 0);
  if (next < 0) return false;
  ::close(next);
  return leaves_descriptors(next, use);
}

void read_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t most = std::numeric_limits<int>::max();
  limit_of_process.store(static_cast<long long>(std::min(limit.rlim_cur, most)), std::memory_order_relaxed);
}

}  // namespace lp
