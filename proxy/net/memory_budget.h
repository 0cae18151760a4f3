#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/client_counts.h"

namespace lp {

// What becomes of somebody for whom there is no room: what can wait leaves a quarter to what cannot.
enum class MemoryUse : std::uint8_t { refused_without, waits_without };

// What all connections of the process together may hold of bytes that have come and are not passed on yet: parts of
// heads, bodies that are collected, uploads that an app does not take, answers that a client does not take
// (limits.buffered). One client address may have half of it. Any thread, no lock.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::int64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  [[nodiscard]] bool take(ClientCounts::Count& of_client, std::int64_t bytes, MemoryUse use) {
    const std::int64_t most = use == MemoryUse::waits_without ? limit_bytes_ / 4 * 3 : limit_bytes_;
    if (!ClientCounts::add(of_client, bytes, most / 2)) return false;
    if (ClientCounts::add(used_, bytes, most)) return true;
    of_client.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  void give_back(ClientCounts::Count& of_client, std::int64_t bytes) {
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    of_client.fetch_sub(bytes, std::memory_order_relaxed);
  }

  // Little is left, for one client at least, and soon nothing for what can wait: it should take less at a time.
  [[nodiscard]] bool is_short() const { return used_bytes() >= limit_bytes_ / 4; }

  [[nodiscard]] std::int64_t limit_bytes() const { return limit_bytes_; }
  [[nodiscard]] std::int64_t used_bytes() const { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] ClientCounts::Count& of(std::string_view client) const { return clients_.of(client); }

 private:
  const std::int64_t limit_bytes_;
  ClientCounts::Count used_{0};
  ClientCounts clients_;
};

// A part of the budget, given back when this goes. Costs nothing while it holds nothing.
class ReservedMemory {
 public:
  // `budget` must outlive it.
  explicit ReservedMemory(MemoryBudget& budget) : budget_(budget) {}
  ~ReservedMemory() { release(); }
  ReservedMemory(const ReservedMemory&) = delete;
  ReservedMemory& operator=(const ReservedMemory&) = delete;

  // At least so many bytes from now on, before they are used. False when there is no room: then it stays as it is.
  // Whose they are is asked when the first are taken.
  [[nodiscard]] bool cover(std::size_t bytes, std::string_view client, MemoryUse use = MemoryUse::refused_without) {
    const auto wanted = static_cast<std::int64_t>(bytes);
    if (wanted <= bytes_) return true;
    ClientCounts::Count& of_client = bytes_ > 0 ? *of_client_ : budget_.of(client);
    if (!budget_.take(of_client, wanted - bytes_, use)) return false;
    of_client_ = &of_client;
    bytes_ = wanted;
    return true;
  }
  // No more than so many from now on.
  void shrink(std::size_t bytes) {
    const auto wanted = static_cast<std::int64_t>(bytes);
    if (bytes_ > wanted) budget_.give_back(*of_client_, std::exchange(bytes_, wanted) - wanted);
  }
  void release() { shrink(0); }
  [[nodiscard]] bool is_empty() const { return bytes_ == 0; }

 private:
  MemoryBudget& budget_;
  ClientCounts::Count* of_client_ = nullptr;
  std::int64_t bytes_ = 0;
};

}  // namespace lp
