#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/client_group.h"
#include "base/crypto.h"

namespace lp {

// How much each client address has of something that all share: connections, bytes. Any thread, no lock, no memory that
// grows: addresses fall into counters by a secret hash, so that two may share one by chance but nobody can aim at
// another's.
class ClientCounts {
 public:
  using Count = std::atomic<std::int64_t>;

  ClientCounts() : counts_(std::make_unique<std::array<Count, kCounters>>()), key_(random_bytes(16)) {}

  // Lives as long as this.
  [[nodiscard]] Count& of(std::string_view address) const {
    const std::string digest = sha256(key_ + client_group(address));
    std::uint32_t index = 0;
    std::memcpy(&index, digest.data(), sizeof index);
    return (*counts_)[index % kCounters];
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
  std::string key_;
};

}  // namespace lp
