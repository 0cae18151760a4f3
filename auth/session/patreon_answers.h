#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "auth/oidc/patreon.h"
#include "base/bounded_cache.h"

namespace lp {

// Until when this process does not call Patreon, for anybody: it is away, or has asked to be left alone. One for all
// realms: Patreon counts our calls together. Any thread; times are monotonic.
class PatreonPause {
 public:
  [[nodiscard]] bool is_on(std::int64_t now_ms) const { return now_ms < until_ms_.load(std::memory_order_relaxed); }
  // An earlier end never shortens a pause.
  void extend(std::int64_t until_ms) {
    std::int64_t was = until_ms_.load(std::memory_order_relaxed);
    while (was < until_ms && !until_ms_.compare_exchange_weak(was, until_ms, std::memory_order_relaxed)) {
    }
  }

 private:
  std::atomic<std::int64_t> until_ms_{0};
};

// What Patreon has said of people in this process, by subject, so that all their sessions, tabs and our workers share
// one call. Any thread; a look-up holds a lock for a moment.
class PatreonAnswers {
 public:
  static constexpr std::size_t kMaxPeople = 65'536;
  static constexpr std::int64_t kTroubleMs = 30'000;  // who got an answer that nobody could read (threat H27)

  PatreonAnswers() : people_(kMaxPeople) {}

  // The newest that is known of this person; null: nothing.
  [[nodiscard]] std::shared_ptr<const PatreonStanding> find(std::string_view sub);
  void put(const std::string& sub, std::shared_ptr<const PatreonStanding> standing);
  // Their answer could not be read: for a while nobody asks for them.
  void note_trouble(const std::string& sub, std::int64_t now_ms);
  // Their call had no answer. True where it was so the last time too, and somebody else has been answered since: then
  // it is about this person, and no reason to let the others wait (threat H27).
  [[nodiscard]] bool fails_alone(const std::string& sub);
  [[nodiscard]] bool is_troubled(std::string_view sub, std::int64_t now_ms);

  [[nodiscard]] PatreonPause& pause() const { return *pause_; }
  // Set before the first worker starts, where several realms share one.
  void share_pause(std::shared_ptr<PatreonPause> pause) { pause_ = std::move(pause); }

 private:
  struct Person {
    std::shared_ptr<const PatreonStanding> standing;
    std::int64_t troubled_until_ms = 0;  // monotonic
    std::uint64_t failed_before = 0;  // the number of the answer that was to come next; 0: the last call was answered
  };
  std::mutex mutex_;  // guards people_ and next_answer_
  BoundedCache<Person> people_;
  std::uint64_t next_answer_ = 1;
  std::shared_ptr<PatreonPause> pause_ = std::make_shared<PatreonPause>();
};

}  // namespace lp
