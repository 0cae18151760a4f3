#include "base/event.h"

#include <doctest/doctest.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <thread>
#include <type_traits>

using lp::EventLoop;
using lp::IoEvent;

static_assert(!std::is_move_constructible_v<IoEvent> && !std::is_move_constructible_v<lp::Timer>,
              "libevent holds their address");

namespace {

struct SocketPair {
  std::array<int, 2> fds{-1, -1};
  SocketPair() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()) == 0); }
  ~SocketPair() {
    close(fds[0]);
    close(fds[1]);
  }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;
  void write_byte(std::size_t end) const { REQUIRE(write(fds[end], "x", 1) == 1); }
  void read_all(std::size_t end) const {
    std::array<char, 64> buffer{};
    while (read(fds[end], buffer.data(), buffer.size()) > 0) {
    }
  }
};

struct Noisy {
  Noisy(std::string& where, const char* what) : said(where), word(what) {}
  Noisy(const Noisy&) = delete;
  Noisy& operator=(const Noisy&) = delete;
  std::string& said;
  const char* word;
  ~Noisy() { said += word; }
};

}  // namespace

TEST_CASE("what is posted before run() is run first, in order") {
  EventLoop loop;
  std::string said;
  loop.post([&] { said += "a"; });
  loop.post([&] { said += "b"; });
  loop.stop();
  loop.run();
  CHECK(said == "ab");
}

TEST_CASE("a loop runs again after it was stopped") {
  EventLoop loop;
  int runs = 0;
  for (int i = 0; i < 3; ++i) {
    loop.post([&] {
      ++runs;
      loop.stop();
    });
    loop.run();
  }
  CHECK(runs == 3);
}

TEST_CASE("a posted function never runs inside post(), and may post") {
  EventLoop loop;
  std::string said;
  loop.post([&] {
    loop.post([&] {
      said += "inner";
      loop.stop();
    });
    said += "outer ";
  });
  loop.run();
  CHECK(said == "outer inner");
}

TEST_CASE("a function that posts itself again and again starves no I/O") {
  EventLoop loop;
  const SocketPair pair;
  std::function<void()> again = [&] { loop.post(again); };
  IoEvent readable(loop, pair.fds[0], lp::kReadable, [&] { loop.stop(); });
  readable.enable();
  pair.write_byte(1);
  loop.post(again);
  loop.run();
  CHECK(true);
}

TEST_CASE("what was posted before stop() is run, and stop() ends a loop that would wait") {
  EventLoop loop;
  int ran = 0;
  loop.post([&] {
    for (int i = 0; i < 100; ++i) loop.post([&] { ++ran; });
    loop.stop();
  });
  loop.run();
  CHECK(ran == 100);
}

TEST_CASE("posts of several threads all arrive, in the order of each thread") {
  EventLoop loop;
  constexpr int kThreads = 4;
  constexpr int kPosts = 2000;
  std::array<int, kThreads> next{};
  int arrived = 0;
  bool in_order = true;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) {
        loop.post([&, t, i] {
          in_order = in_order && next[t]++ == i;
          if (++arrived == kThreads * kPosts) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (std::thread& thread : threads) thread.join();
  CHECK(in_order);
  CHECK(arrived == kThreads * kPosts);
}

TEST_CASE("two loops may post to each other back and forth") {
  EventLoop here;
  EventLoop there;
  int rounds = 0;
  std::function<void()> ping = [&] {
    if (++rounds == 1000) {
      there.stop();
      here.stop();
    } else {
      there.post([&] { here.post(ping); });
    }
  };
  std::thread thread([&] { there.run(); });
  here.post(ping);
  here.run();
  thread.join();
  CHECK(rounds == 1000);
}

TEST_CASE("an object is deleted at the end of the turn, after what was posted, never inside defer_delete()") {
  EventLoop loop;
  std::string said;
  lp::Timer timer(loop, [&] {
    loop.defer_delete(std::make_unique<Noisy>(said, "deleted "));
    loop.post([&] { said += "posted "; });
    said += "timer ";
  });
  lp::Timer later(loop, [&] { loop.stop(); });
  timer.start_ms(0);
  later.start_ms(20);
  loop.run();
  CHECK(said == "timer posted deleted ");
}

TEST_CASE("a deferred deletion may defer another one and post") {
  EventLoop loop;
  std::string said;
  struct Chain {
    Chain(EventLoop& loop_of_all, std::string& where) : owner(loop_of_all), said(where) {}
    EventLoop& owner;
    std::string& said;
    ~Chain() {
      owner.defer_delete(std::make_unique<Noisy>(said, "second "));
      owner.post([this_loop = &owner] { this_loop->stop(); });
      said += "first ";
    }
  };
  loop.post([&] { loop.defer_delete(std::make_unique<Chain>(loop, said)); });
  loop.run();
  CHECK(said == "first second ");
  loop.defer_delete(std::unique_ptr<Noisy>());  // nothing is nothing
}

TEST_CASE("a loop that goes destroys what was queued, unrun, even when that queues more") {
  std::string said;
  {
    EventLoop loop;
    struct PostsOnDeath {
      PostsOnDeath(EventLoop& loop_of_all, std::string& where) : owner(loop_of_all), said(where) {}
      EventLoop& owner;
      std::string& said;
      ~PostsOnDeath() {
        owner.post([noisy = std::make_shared<Noisy>(said, "late ")] { noisy->said += "RAN "; });
      }
    };
    loop.post([noisy = std::make_shared<Noisy>(said, "queued ")] { noisy->said += "RAN "; });
    loop.defer_delete(std::make_unique<PostsOnDeath>(loop, said));
  }
  CHECK(said == "queued late ");
}

TEST_CASE("an I/O event fires while enabled, and enabling twice is enabling once") {
  EventLoop loop;
  const SocketPair pair;
  int fired = 0;
  IoEvent readable(loop, pair.fds[0], lp::kReadable, [&] {
    pair.read_all(0);
    if (++fired == 2) loop.stop();
    if (fired == 1) pair.write_byte(1);
  });
  CHECK_FALSE(readable.enabled());
  readable.enable();
  readable.enable();
  CHECK(readable.enabled());
  pair.write_byte(1);
  loop.run();
  CHECK(fired == 2);
}

TEST_CASE("a disabled I/O event is silent, also when it was ready in the same turn") {
  EventLoop loop;
  const SocketPair pair;
  int fired = 0;
  std::unique_ptr<IoEvent> readable;
  std::unique_ptr<IoEvent> writable;
  const auto first_silences = [&](std::unique_ptr<IoEvent>& other) {
    ++fired;
    other->disable();
    loop.stop();
  };
  readable = std::make_unique<IoEvent>(loop, pair.fds[0], lp::kReadable, [&] { first_silences(writable); });
  writable = std::make_unique<IoEvent>(loop, pair.fds[0], lp::kWritable, [&] { first_silences(readable); });
  pair.write_byte(1);
  readable->enable();
  writable->enable();
  loop.post([&] {
    if (fired > 0) return;
    loop.stop();  // nobody fired yet: then the next turn is the one
  });
  loop.run();
  if (fired == 0) {
    loop.stop();
    loop.run();
  }
  CHECK(fired >= 1);
  CHECK(readable->enabled() != writable->enabled());
}

TEST_CASE("a callback may destroy other events that are ready in the same turn") {
  EventLoop loop;
  const SocketPair a;
  const SocketPair b;
  int fired = 0;
  std::array<std::unique_ptr<IoEvent>, 2> events;
  const auto make = [&](std::size_t mine, int fd) {
    events.at(mine) = std::make_unique<IoEvent>(loop, fd, lp::kReadable, [&, mine] {
      ++fired;
      events.at(1 - mine).reset();
      loop.stop();
      events.at(mine)->disable();
    });
    events.at(mine)->enable();
  };
  make(0, a.fds[0]);
  make(1, b.fds[0]);
  a.write_byte(1);
  b.write_byte(1);
  loop.run();
  CHECK(fired == 1);
}

TEST_CASE("a timer fires once, not early, may be moved, stopped and started again from its callback") {
  EventLoop loop;
  std::string said;
  timespec begin{};
  clock_gettime(CLOCK_MONOTONIC, &begin);
  lp::Timer stopped(loop, [&] { said += "stopped "; });
  lp::Timer moved(loop, [&] { said += "moved "; });
  std::unique_ptr<lp::Timer> again;
  again = std::make_unique<lp::Timer>(loop, [&] {
    said += "again ";
    if (said.size() < 12) again->start_ms(1);
  });
  lp::Timer last(loop, [&] { loop.stop(); });
  stopped.start_ms(1);
  stopped.stop();
  moved.start_ms(1);
  moved.start_ms(30);
  again->start_ms(-5);
  last.start_ms(60);
  loop.run();
  timespec end{};
  clock_gettime(CLOCK_MONOTONIC, &end);
  CHECK(said == "again again moved ");
  const auto elapsed_ms = (end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1'000'000;
  CHECK(elapsed_ms >= 50);  // the kernel's coarse clock may lag by a step
}

TEST_CASE("a timer that is set late in a long turn does not fire early") {
  EventLoop loop;
  const auto now_ms = [] {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
  };
  std::int64_t set_ms = 0;
  lp::Timer timer(loop, [&] { loop.stop(); });
  lp::Timer turn(loop, [&] {
    const std::int64_t began_ms = now_ms();
    while (now_ms() - began_ms < 60) continue;
    set_ms = now_ms();
    timer.start_ms(40);
  });
  turn.start_ms(0);
  loop.run();
  CHECK(now_ms() - set_ms >= 30);  // the kernel's coarse clock may lag by a step
}

TEST_CASE("a signal arrives as an event") {
  EventLoop loop;
  int signals = 0;
  lp::SignalEvent on_signal(loop, SIGUSR1, [&] {
    ++signals;
    loop.stop();
  });
  loop.post([] { raise(SIGUSR1); });
  loop.run();
  CHECK(signals == 1);
}
