#include "base/event.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace lp {
namespace {

// The loop that runs on this thread: its own posts need no eventfd write.
thread_local const EventLoop* running_loop = nullptr;

using Callback = std::function<void()>;

void call(evutil_socket_t, short, void* callback) { (*static_cast<Callback*>(callback))(); }

timeval timeval_of_ms(std::int64_t ms) {
  ms = std::max<std::int64_t>(ms, 0);
  return timeval{ms / 1000, ms % 1000 * 1000};
}

event_base* new_base() {
  event_config* const config = event_config_new();
  LP_CHECK(config != nullptr, "out of memory");
  // One thread per loop, so no locks. The environment may not switch on a timerfd or another backend.
  const int flags = EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV;
  event_config_set_flag(config, flags);
  event_base* const base = event_base_new_with_config(config);
  event_config_free(config);
  LP_CHECK(base != nullptr, "no event loop");
  return base;
}

event* new_event(const EventLoop& loop, int fd, short what, event_callback_fn callback, void* argument) {
  event* const made = event_new(loop.raw(), fd, what, callback, argument);
  LP_CHECK(made != nullptr, "out of memory");
  return made;
}

void must_add(event* e, const timeval* delay = nullptr) { LP_CHECK(event_add(e, delay) == 0, "event_add failed"); }

}  // namespace

void detail::EventDeleter::operator()(event* e) const { event_free(e); }
void detail::EventBaseDeleter::operator()(event_base* b) const { event_base_free(b); }

EventLoop::EventLoop() : base_(new_base()), wakeup_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  LP_CHECK(wakeup_fd_ >= 0, "no eventfd");
  const auto on_wakeup = [](evutil_socket_t, short, void* loop) { static_cast<EventLoop*>(loop)->wake(); };
  const auto on_end_of_turn = [](evutil_socket_t, short, void* loop) { static_cast<EventLoop*>(loop)->finish_turn(); };
  wakeup_.reset(new_event(*this, wakeup_fd_, EV_READ | EV_PERSIST, on_wakeup, this));
  end_of_turn_.reset(new_event(*this, -1, 0, on_end_of_turn, this));
  must_add(wakeup_.get());
}

EventLoop::~EventLoop() {
  // What goes here may still post or doom: until there is nothing left.
  for (bool more = true; more;) {
    std::vector<Callback> unrun;
    {
      const std::lock_guard lock(mutex_);
      unrun.swap(posted_);
    }
    more = !unrun.empty() || !doomed_.empty();
    unrun.clear();
    delete_doomed();
  }
  wakeup_.reset();
  close(wakeup_fd_);
}

void EventLoop::run() {
  const EventLoop* const outer = std::exchange(running_loop, this);
  arm_end_of_turn();  // for what was posted before
  LP_CHECK(event_base_dispatch(base_.get()) >= 0, "the event loop failed");
  running_loop = outer;
}

void EventLoop::stop() {
  post([this] { event_base_loopexit(base_.get(), nullptr); });
}

void EventLoop::post(Callback f) {
  const bool own_thread = running_loop == this;
  bool write_needed = false;
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(f));
    if (!own_thread) write_needed = !std::exchange(awake_, true);
  }
  if (own_thread) arm_end_of_turn();
  if (write_needed) eventfd_write(wakeup_fd_, 1);
}

void EventLoop::doom(std::shared_ptr<void> object) {
  doomed_.push_back(std::move(object));
  if (!finishing_turn_) arm_end_of_turn();
}

void EventLoop::wake() {
  eventfd_t count = 0;
  eventfd_read(wakeup_fd_, &count);
  {
    const std::lock_guard lock(mutex_);
    awake_ = false;
  }
  arm_end_of_turn();
}

void EventLoop::run_posted() {
  std::vector<Callback> batch;
  {
    const std::lock_guard lock(mutex_);
    batch.swap(posted_);
  }
  for (Callback& f : batch) {
    f();
    f = nullptr;  // its captures go before the next one runs
  }
}

void EventLoop::delete_doomed() {
  while (!doomed_.empty()) {
    const std::vector<std::shared_ptr<void>> batch = std::exchange(doomed_, {});
  }
}

void EventLoop::finish_turn() {
  finishing_turn_ = true;
  run_posted();
  delete_doomed();
  finishing_turn_ = false;
}

// An event made active by hand runs behind all that are active by now, in the same turn and without a system call. From
// inside the end of a turn that would go on without end, so there it is a timer of the next turn.
void EventLoop::arm_end_of_turn() {
  if (finishing_turn_) {
    const timeval now{0, 0};
    must_add(end_of_turn_.get(), &now);
  } else {
    event_active(end_of_turn_.get(), EV_TIMEOUT, 0);
  }
}

// Duplicates of a descriptor of ours, one at a time, are added and taken out again.
void EventLoop::make_ready_from(int fd) {
  constexpr int kAtOnce = 256;
  ready_below_ = fd + 1;
  for (const int end = fd + kAtOnce; ready_below_ < end;) {
    const int copy = ::fcntl(wakeup_fd_, F_DUPFD_CLOEXEC, ready_below_);
    if (copy < 0) return;
    event probe;
    event_assign(&probe, base_.get(), copy, EV_READ, call, nullptr);
    if (event_add(&probe, nullptr) == 0) event_del(&probe);
    close(copy);
    ready_below_ = copy + 1;
  }
}

IoEvent::IoEvent(EventLoop& loop, int fd, IoInterest interest, Callback on_ready)
    : on_ready_(std::move(on_ready)),
      event_(new_event(loop, fd, static_cast<short>(interest | EV_PERSIST), call, &on_ready_)) {
  loop.make_ready_for(fd);
}

void IoEvent::enable() {
  if (std::exchange(enabled_, true)) return;
  must_add(event_.get());
}

bool IoEvent::is_due() const { return (event_->ev_evcallback.evcb_flags & EVLIST_ACTIVE) != 0; }

void IoEvent::disable() {
  if (!std::exchange(enabled_, false)) return;
  event_del(event_.get());
}

// Most of them are never started: what libevent keeps of one is made then.
Timer::Timer(EventLoop& loop, Callback on_time) : loop_(loop), on_time_(std::move(on_time)) {}

void Timer::start_ms(std::int64_t delay_ms) {
  if (event_ == nullptr) event_.reset(new_event(loop_, -1, 0, call, &on_time_));
  const timeval delay = timeval_of_ms(delay_ms);
  event_base_update_cache_time(
      loop_.raw());  // it stands still during a turn: set late in a long one, this would be early
  must_add(event_.get(), &delay);
}

void Timer::stop() {
  if (event_ != nullptr) event_del(event_.get());
}

TurnEnd::TurnEnd(EventLoop& loop, Callback f) : f_(std::move(f)), event_(new_event(loop, -1, 0, call, &f_)) {}

void TurnEnd::ask() { event_active(event_.get(), EV_TIMEOUT, 0); }

SignalEvent::SignalEvent(EventLoop& loop, int signal_number, Callback on_signal)
    : on_signal_(std::move(on_signal)),
      event_(new_event(loop, signal_number, EV_SIGNAL | EV_PERSIST, call, &on_signal_)) {
  must_add(event_.get());
}

}  // namespace lp
