#pragma once
#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/result.h"
#include "config/settings.h"
#include "proxy/http/messages.h"
#include "proxy/net/tls_to_app.h"
#include "proxy/upstream/connection_slots.h"

namespace lp {

// What all workers have in common of one upstream. Any thread.
struct SharedUpstream {
  static constexpr std::int64_t kServesOneForMs = 10 * 60 * kSecond;
  static constexpr std::int64_t kMostServesOneForMs = 6 * 60 * 60 * kSecond;

  explicit SharedUpstream(const UpstreamSettings& settings, std::int64_t serves_one_for_ms = kServesOneForMs)
      : slots(settings.max_connections, settings.queue), serves_one_for_ms_(serves_one_for_ms) {}
  // What was repaired for the first time in this process, of these: one line in the log for each.
  [[nodiscard]] std::uint8_t told_first(Repairs repairs) {
    return static_cast<std::uint8_t>(repairs.bits() & ~told_.fetch_or(repairs.bits(), std::memory_order_relaxed));
  }

  // Whether it was told already that the app expects TLS.
  [[nodiscard]] bool told_of_tls() { return told_of_tls_.exchange(true, std::memory_order_relaxed); }

  // An app that answers on a new connection as soon as an idle one is closed, again and again, serves one at a time.
  // Nobody sees any more then whether that goes on being so (a server's settings change, an app was only overloaded):
  // it is tried again after a while, once more is proof enough, and the next trial comes twice as late. `closed`: how
  // many idle ones were closed because they might be in the way.
  void idle_was_closed() { closed_.fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t closed() const { return closed_.load(std::memory_order_relaxed); }
  // True when that is sure now, and was not before.
  [[nodiscard]] bool answered_late(bool right_after_closing) {
    if (serves_several()) return false;
    if (!right_after_closing) {
      proofs_ = 0;
      return false;
    }
    return ++proofs_ >= kSure && !serves_one_.exchange(true);
  }
  // Whoever answered_late() said true to waits so long, and calls try_again() then.
  [[nodiscard]] std::int64_t serves_one_for_ms() const { return serves_one_for_ms_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool was_tried_again() const { return was_tried_again_.load(std::memory_order_relaxed); }
  void try_again() {
    was_tried_again_ = true;
    proofs_ = kSure - 1;
    serves_one_for_ms_ = std::min(2 * serves_one_for_ms_, kMostServesOneForMs);
    serves_one_ = false;
  }
  // It has answered on one connection while another was open: whoever reads from one at a time cannot.
  void answered_beside_another() { serves_several_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool serves_several() const { return serves_several_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool serves_one() const { return serves_one_.load(std::memory_order_relaxed); }

  ConnectionSlots slots;                // of max_connections
  std::unique_ptr<const TlsToApp> tls;  // set before it is used by anybody; null: plain HTTP

 private:
  static constexpr int kSure = 3;
  std::atomic<std::int64_t> closed_{0};
  std::atomic<std::int64_t> serves_one_for_ms_;
  std::atomic<bool> was_tried_again_{false};
  std::atomic<int> proofs_{0};
  std::atomic<bool> serves_one_{false};
  std::atomic<bool> serves_several_{false};
  std::atomic<std::uint8_t> told_{0};
  std::atomic<bool> told_of_tls_{false};
};

// Of all upstreams, made when the first worker asks.
class SharedUpstreams {
 public:
  // Before of(): what https:// upstreams need. The error names the upstream and the file.
  [[nodiscard]] Result<void> read_tls(const std::map<std::string, UpstreamSettings>& upstreams, std::int64_t now_s) {
    for (const auto& [name, upstream] : upstreams) {
      if (!upstream.tls.is_on) continue;
      auto made = TlsToApp::make(upstream, now_s);
      if (!made) return made.error();
      of(upstream).tls = std::move(*made);
    }
    return {};
  }
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
