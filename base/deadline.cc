#include "base/deadline.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <limits>
#include <utility>

#include "base/check.h"

namespace lp {
namespace {

constexpr std::int64_t kSlots = 512;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMaxDelayMs = std::int64_t{1} << 40;  // 34 years; keeps the sums in range

using Link = detail::RingLink;

void unlink(Link& link) {
  link.prev->next = link.next;
  link.next->prev = link.prev;
  link.prev = link.next = &link;
}

void append(Link& ring, Link& link) {
  link.prev = ring.prev;
  link.next = &ring;
  ring.prev->next = &link;
  ring.prev = &link;
}

// Moves all of `from` to the lone `to`.
void take_ring(Link& from, Link& to) {
  if (from.next == &from) return;
  to.next = std::exchange(from.next, &from);
  to.prev = std::exchange(from.prev, &from);
  to.next->prev = &to;
  to.prev->next = &to;
}

std::int64_t ms_of(const timespec& t) { return std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000; }

// Never a system call, as CLOCK_MONOTONIC is on some virtual machines; lags by up to one step.
std::int64_t coarse_now_ms() {
  timespec now{};
  LP_CHECK(clock_gettime(CLOCK_MONOTONIC_COARSE, &now) == 0, "no coarse clock");
  return ms_of(now);
}

std::int64_t coarse_step_ms() {
  timespec step{};
  LP_CHECK(clock_getres(CLOCK_MONOTONIC_COARSE, &step) == 0, "no coarse clock");
  return ms_of(step) + 1;
}

}  // namespace

// A hashed wheel: a deadline is linked in slot (tick mod kSlots) of a tick not later than its due one, and when the
// hand comes by it fires, or moves on to where it is due now, or, if cleared meanwhile, falls off.
struct DeadlineWheel::Impl {
  explicit Impl(EventLoop& loop) : timer(loop, [this] { tick(); }) {}

  void set(Deadline& deadline, std::int64_t delay_ms) {
    const std::int64_t now_ms = coarse_now_ms();
    if (linked == 0) hand = now_ms / kTickMs;
    const std::int64_t due_ms = now_ms + step_ms + std::clamp<std::int64_t>(delay_ms, 0, kMaxDelayMs);
    deadline.due_tick_ = std::max((due_ms + kTickMs - 1) / kTickMs, hand + 1);
    if (deadline.slot_tick_ >= 0 && deadline.slot_tick_ <= deadline.due_tick_) return;
    remove(deadline);
    insert(deadline);
    if (deadline.slot_tick_ < wakes_at_tick) arm(deadline.slot_tick_, now_ms);
  }

  void insert(Deadline& deadline) {
    deadline.slot_tick_ = deadline.due_tick_;
    append(slots[static_cast<std::size_t>(deadline.slot_tick_ % kSlots)], deadline);
    ++linked;
  }

  void remove(Deadline& deadline) {
    if (deadline.slot_tick_ < 0) return;
    deadline.slot_tick_ = -1;
    unlink(deadline);
    --linked;
  }

  void arm(std::int64_t tick, std::int64_t now_ms) {
    wakes_at_tick = tick;
    timer.start_ms(std::max<std::int64_t>(tick * kTickMs - now_ms, 0));
  }

  // Where the first deadlines are linked, or others of another time round.
  void arm_for_next() {
    const std::int64_t now_ms = coarse_now_ms();
    for (std::int64_t tick = hand + 1; linked > 0; ++tick) {
      const Link& slot = slots[static_cast<std::size_t>(tick % kSlots)];
      if (slot.next != &slot) return arm(tick, now_ms);
    }
  }

  void tick() {
    const std::int64_t now_tick = coarse_now_ms() / kTickMs;
    hand = std::max(hand, now_tick - kSlots);  // after a long stall once round is enough
    wakes_at_tick = 0;                         // nobody arms it meanwhile
    while (hand < now_tick) visit(++hand, now_tick);
    wakes_at_tick = kNever;
    arm_for_next();
  }

  // Callbacks may unlink any other deadline: so each is taken off the front of a ring that is nobody else's to walk.
  void visit(std::int64_t tick, std::int64_t now_tick) {
    Link visited;
    take_ring(slots[static_cast<std::size_t>(tick % kSlots)], visited);
    while (visited.next != &visited) {
      Deadline& deadline = static_cast<Deadline&>(*visited.next);
      remove(deadline);
      if (deadline.due_tick_ > now_tick) {
        insert(deadline);
      } else if (std::exchange(deadline.due_tick_, -1) >= 0) {
        deadline.on_time_();
      }
    }
  }

  std::array<Link, kSlots> slots;
  std::int64_t hand = 0;  // the tick visited last
  std::size_t linked = 0;
  std::int64_t wakes_at_tick = kNever;
  const std::int64_t step_ms = coarse_step_ms();
  Timer timer;
};

DeadlineWheel::DeadlineWheel(EventLoop& loop) : impl_(std::make_unique<Impl>(loop)) {}

DeadlineWheel::~DeadlineWheel() { LP_CHECK(impl_->linked == 0, "a deadline outlives its wheel"); }

Deadline::Deadline(DeadlineWheel& wheel, std::function<void()> on_time) : wheel_(wheel), on_time_(std::move(on_time)) {}

Deadline::~Deadline() { wheel_.impl_->remove(*this); }

void Deadline::set_ms(std::int64_t delay_ms) { wheel_.impl_->set(*this, delay_ms); }

void Deadline::clear() { due_tick_ = -1; }

std::int64_t Deadline::left_ms() const {
  return std::max<std::int64_t>(due_tick_ * DeadlineWheel::kTickMs - coarse_now_ms(), 0);
}

}  // namespace lp
