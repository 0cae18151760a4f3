#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/client_group.h"
#include "base/crypto.h"
#include "base/keyed_hash.h"

namespace lp {

// How much each client address has of something that all share: connections, bytes. Any thread, no lock, no memory that
// grows: addresses fall into counters by a secret hash, so that two may share one by chance but nobody can aim at
// another's.
class ClientCounts {
 public:
  using Count = std::atomic<std::int64_t>;

  ClientCounts() : counts_(std::make_unique<std::array<Count, kCounters>>()), hash_(random_bytes(16)) {}

  // Lives as long as this.
  [[nodiscard]] Count& of(std::string_view address) const {
    return (*counts_)[hash_.of(client_group(address)) % kCounters];
  }

  // Adds where the sum stays within `most`.
  [[nodiscard]] static bool add(Count& count, std::int64_t more, std::int64_t most) {
    if (count.fetch_add(more, std::memory_order_relaxed) + more <= most) return true;
    count.fetch_sub(more, std::memory_order_relaxed);
    return false;
  }

 private:
  static constexpr std::size_t kCounters = 1 << 14;
  std::unique_ptr<std::array<Count, kCounters>> counts_;
  KeyedHash hash_;
};

}  // namespace lp
