#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "config/settings.h"
#include "proxy/http/messages.h"
#include "proxy/upstream/connection_slots.h"

namespace lp {

// What all workers have in common of one upstream. Any thread.
struct SharedUpstream {
  explicit SharedUpstream(const UpstreamSettings& settings) : slots(settings.max_connections, settings.queue) {}
  // What was repaired for the first time in this process, of these: one line in the log for each.
  [[nodiscard]] std::uint8_t told_first(Repairs repairs) {
    return static_cast<std::uint8_t>(repairs.bits() & ~told_.fetch_or(repairs.bits(), std::memory_order_relaxed));
  }

  ConnectionSlots slots;  // asked with max_connections only

 private:
  std::atomic<std::uint8_t> told_{0};
};

// Of all upstreams, made when the first worker asks.
class SharedUpstreams {
 public:
  [[nodiscard]] SharedUpstream& of(const UpstreamSettings& settings) {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<SharedUpstream>& shared = by_name_[settings.name];
    if (!shared) shared = std::make_unique<SharedUpstream>(settings);
    return *shared;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<SharedUpstream>> by_name_;
};

}  // namespace lp
