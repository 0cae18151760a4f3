#pragma once
#include <cstdint>
#include <functional>
#include <memory>

#include "base/event.h"

namespace lp {

namespace detail {
// A link of a ring: a lone one points at itself, so that unlinking needs no list.
struct RingLink {
  RingLink* prev = this;
  RingLink* next = this;
};
}  // namespace detail

class Deadline;

// Coarse timeouts for a whole loop from one libevent timer: setting, moving and clearing a Deadline costs no system
// call. Fires never early and at most kTickMs + the step of the kernel's coarse clock (4 to 10 ms) + one turn late.
// Sleeps until the first of them may be due; a cleared one is forgotten when the hand comes by.
class DeadlineWheel {
 public:
  static constexpr std::int64_t kTickMs = 100;
  explicit DeadlineWheel(EventLoop& loop);  // `loop` must outlive the wheel, the wheel all its deadlines
  ~DeadlineWheel();
  DeadlineWheel(const DeadlineWheel&) = delete;
  DeadlineWheel& operator=(const DeadlineWheel&) = delete;

 private:
  friend class Deadline;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One timeout of one object; cleared when destroyed. The callback may set() it again or destroy other deadlines, but
// not this one (defer_delete its owner).
class Deadline : private detail::RingLink {
 public:
  Deadline(DeadlineWheel& wheel, std::function<void()> on_time);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void set_ms(std::int64_t delay_ms);  // moves it when already set; pushing it later is a plain store
  void clear();
  [[nodiscard]] bool is_set() const { return due_tick_ >= 0; }
  [[nodiscard]] std::int64_t left_ms() const;  // as coarse as it fires; never below 0

 private:
  friend struct DeadlineWheel::Impl;
  DeadlineWheel& wheel_;
  std::function<void()> on_time_;
  std::int64_t due_tick_ = -1;   // -1: not set
  std::int64_t slot_tick_ = -1;  // where it is linked, -1: nowhere; not later than due_tick_ (moved lazily)
};

}  // namespace lp
