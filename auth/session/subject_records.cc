#include "auth/session/subject_records.h"

#include <algorithm>
#include <cstring>

namespace lp {
namespace {

// Nobody ends more sessions than that in a fortnight by hand. A small table is shared more narrowly.
constexpr std::size_t kMostShare = 64;
constexpr std::size_t kLeastShare = 8;
constexpr std::size_t kSharesPerTable = 64;

}  // namespace

SubjectRecords::SubjectRecords(std::size_t max_records, std::int64_t lifetime_s)
    : share_(static_cast<std::uint8_t>(std::clamp(max_records / kSharesPerTable, kLeastShare, kMostShare))),
      lifetime_s_(std::max<std::int64_t>(1, lifetime_s)),
      cells_(std::make_unique<std::atomic<std::uint8_t>[]>(kCells)) {}

bool SubjectRecords::take(const RevocationKey& subject, std::int64_t now_s) {
  forget_old(now_s);
  std::uint32_t bits = 0;
  std::memcpy(&bits, subject.data(), sizeof bits);
  std::atomic<std::uint8_t>& cell = cells_[bits % kCells];
  std::uint8_t count = cell.load(std::memory_order_relaxed);
  while (count < share_) {
    if (cell.compare_exchange_weak(count, static_cast<std::uint8_t>(count + 1))) return true;
  }
  return false;
}

// All at once, when the first that were counted are forgotten in the table too: at any time a person has two shares at
// most.
void SubjectRecords::forget_old(std::int64_t now_s) {
  std::int64_t since_s = counted_since_s_.load(std::memory_order_relaxed);
  if (now_s - since_s < lifetime_s_ || !counted_since_s_.compare_exchange_strong(since_s, now_s)) return;
  for (std::size_t i = 0; i < kCells; ++i) cells_[i].store(0, std::memory_order_relaxed);
}

}  // namespace lp
