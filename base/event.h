#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

struct event;
struct event_base;

namespace lp {

namespace detail {
struct EventDeleter {
  void operator()(event* e) const;
};
struct EventBaseDeleter {
  void operator()(event_base* b) const;
};
}  // namespace detail

// One loop, one thread. Everything bound to a loop (IoEvent, Timer, Deadline) is made, used and destroyed on the thread
// that runs it, or before it runs / after it stopped; only post() and stop() may be called from elsewhere.
// Order of one turn: I/O and timer callbacks in libevent's order, posted functions, then deferred deletions. What a
// posted function posts runs in the next turn, so that I/O is never starved.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs until stop(). Functions posted before run() are run first.
  void run();
  // From any thread. The current turn is finished, posted functions included.
  void stop();
  // From any thread: `f` runs on the loop's thread, never inside this call. Functions still queued when the loop is
  // destroyed are destroyed unrun.
  void post(std::function<void()> f);
  // From the loop's thread: destroys `object` at the end of this turn, when no callback of its is on the stack.
  template <class T>
  void defer_delete(std::unique_ptr<T> object) {
    if (object) doom(std::shared_ptr<void>(std::move(object)));
  }

  // After run() has returned: destroys what was deferred and not yet deleted, before what it refers to goes.
  void delete_deferred() { delete_doomed(); }

  [[nodiscard]] event_base* raw() const { return base_.get(); }
  // libevent keeps a little for each descriptor that it has ever seen, for good. It is made for many numbers at once:
  // one by one it would lie between what connections take, whose memory could not be given back when they have closed.
  void make_ready_for(int fd) {
    if (fd >= ready_below_) make_ready_from(fd);
  }

 private:
  void make_ready_from(int fd);
  void doom(std::shared_ptr<void> object);
  void wake();
  void run_posted();
  void delete_doomed();
  void finish_turn();
  void arm_end_of_turn();

  std::unique_ptr<event_base, detail::EventBaseDeleter> base_;
  std::unique_ptr<event, detail::EventDeleter> wakeup_;
  std::unique_ptr<event, detail::EventDeleter> end_of_turn_;
  std::vector<std::shared_ptr<void>> doomed_;
  int wakeup_fd_ = -1;
  int ready_below_ = 0;
  std::mutex mutex_;  // guards posted_ and awake_
  std::vector<std::function<void()>> posted_;
  bool awake_ = false;  // an eventfd write is already under way: further posts need none
  bool finishing_turn_ = false;
};

enum IoInterest : short { kReadable = 0x02, kWritable = 0x04 };  // libevent's EV_READ and EV_WRITE

// A persistent registration of one descriptor and one interest. Register once per connection: each enable() after a
// disable() is an epoll_ctl. The descriptor is not owned and must outlive this.
class IoEvent {
 public:
  IoEvent(EventLoop& loop, int fd, IoInterest interest, std::function<void()> on_ready);
  IoEvent(const IoEvent&) = delete;
  IoEvent& operator=(const IoEvent&) = delete;
  void enable();   // idempotent
  void disable();  // idempotent
  [[nodiscard]] bool enabled() const { return enabled_; }
  // The descriptor was ready when this turn began, and `on_ready` is still to be called. Costs no system call.
  [[nodiscard]] bool is_due() const;

 private:
  std::function<void()> on_ready_;
  bool enabled_ = false;
  std::unique_ptr<event, detail::EventDeleter> event_;
};

// One-shot. start() again moves it. Precise, and a heap operation in libevent: for per-request deadlines use Deadline.
class Timer {
 public:
  Timer(EventLoop& loop, std::function<void()> on_time);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  void start_ms(std::int64_t delay_ms);
  void stop();

 private:
  EventLoop& loop_;
  std::function<void()> on_time_;
  std::unique_ptr<event, detail::EventDeleter> event_;
};

// `f` runs behind all that is ready by now, in the same turn of the loop, once however often it was asked for. Costs no
// system call.
class TurnEnd {
 public:
  TurnEnd(EventLoop& loop, std::function<void()> f);
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;
  void ask();

 private:
  std::function<void()> f_;
  std::unique_ptr<event, detail::EventDeleter> event_;
};

class SignalEvent {
 public:
  SignalEvent(EventLoop& loop, int signal_number, std::function<void()> on_signal);
  SignalEvent(const SignalEvent&) = delete;
  SignalEvent& operator=(const SignalEvent&) = delete;

 private:
  std::function<void()> on_signal_;
  std::unique_ptr<event, detail::EventDeleter> event_;
};

}  // namespace lp
