#include "base/deadline.h"

#include <doctest/doctest.h>

#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/event.h"
#include "tests/support/turn_loop.h"

using lp::Deadline;
using lp::DeadlineWheel;
using lp::EventLoop;
using lp::test::turns_within_ms;

namespace {

std::int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

// A loop with a wheel that a precise timer stops.
struct World {
  EventLoop loop;
  DeadlineWheel wheel{loop};
  lp::Timer end{loop, [this] { loop.stop(); }};
  void run_ms(std::int64_t ms) {
    end.start_ms(ms);
    loop.run();
  }
};

constexpr std::int64_t kSlackMs = 1000;  // for a busy machine, beyond the promised tick

}  // namespace

TEST_CASE("deadlines fire once, never early, and about a tick late at most") {
  World world;
  std::vector<std::unique_ptr<Deadline>> deadlines;
  std::vector<std::int64_t> late_ms;
  const std::int64_t begin_ms = now_ms();
  for (const std::int64_t delay_ms : {0, 1, 99, 100, 101, 150, 200, 250}) {
    deadlines.push_back(std::make_unique<Deadline>(
        world.wheel, [&late_ms, begin_ms, delay_ms] { late_ms.push_back(now_ms() - begin_ms - delay_ms); }));
    deadlines.back()->set_ms(delay_ms);
    CHECK(deadlines.back()->is_set());
  }
  world.run_ms(600);
  CHECK(late_ms.size() == deadlines.size());
  for (const std::int64_t late : late_ms) {
    CHECK(late >= 0);
    CHECK(late <= DeadlineWheel::kTickMs + kSlackMs);
  }
  for (const auto& deadline : deadlines) CHECK_FALSE(deadline->is_set());
}

TEST_CASE("a cleared deadline does not fire, a moved one fires at its new time, earlier or later") {
  World world;
  std::string said;
  Deadline cleared(world.wheel, [&] { said += "cleared "; });
  Deadline cleared_and_set(world.wheel, [&] { said += "set-again "; });
  Deadline sooner(world.wheel, [&] { said += "sooner "; });
  Deadline later(world.wheel, [&] { said += "later "; });
  Deadline much_later(world.wheel, [&] { said += "much-later "; });
  cleared.set_ms(50);
  cleared.clear();
  CHECK_FALSE(cleared.is_set());
  cleared_and_set.set_ms(50);
  cleared_and_set.clear();
  cleared_and_set.set_ms(300);
  sooner.set_ms(100'000);
  sooner.set_ms(10);
  later.set_ms(10);
  later.set_ms(500);
  much_later.set_ms(10);
  much_later.set_ms(100'000);
  world.run_ms(800);
  CHECK(said == "sooner set-again later ");
  CHECK(much_later.is_set());
}

TEST_CASE("a callback may set its own deadline again") {
  World world;
  int fired = 0;
  std::unique_ptr<Deadline> deadline;
  deadline = std::make_unique<Deadline>(world.wheel, [&] {
    if (++fired < 3) {
      deadline->set_ms(0);
    } else {
      world.end.start_ms(200);
    }
  });
  deadline->set_ms(0);
  world.run_ms(60'000);
  CHECK(fired == 3);
  CHECK_FALSE(deadline->is_set());
}

TEST_CASE("a callback may destroy, clear, move and make any other deadline, the next one of its slot included") {
  World world;
  std::string said;
  std::vector<std::unique_ptr<Deadline>> victims;
  std::unique_ptr<Deadline> cleared;
  std::unique_ptr<Deadline> moved;
  std::unique_ptr<Deadline> made;
  Deadline killer(world.wheel, [&] {
    said += "killer ";
    victims.clear();
    cleared->clear();
    moved->set_ms(200);
    made = std::make_unique<Deadline>(world.wheel, [&] { said += "made "; });
    made->set_ms(0);
  });
  const auto add_victim = [&] {
    victims.push_back(std::make_unique<Deadline>(world.wheel, [&] { said += "victim "; }));
    victims.back()->set_ms(20);
  };
  killer.set_ms(0);
  add_victim();
  cleared = std::make_unique<Deadline>(world.wheel, [&] { said += "cleared "; });
  moved = std::make_unique<Deadline>(world.wheel, [&] { said += "moved "; });
  for (auto* each : {&cleared, &moved}) (*each)->set_ms(20);
  for (int i = 0; i < 10; ++i) add_victim();
  killer.set_ms(0);
  // Whichever tick they fell on, a stall makes all of them due in one visit.
  const std::int64_t until_ms = now_ms() + 300;
  world.loop.post([&] {
    while (now_ms() < until_ms) {
    }
  });
  world.run_ms(900);
  CHECK((said == "killer made moved " || said.starts_with("killer made moved")));
}

TEST_CASE("after a stall every due deadline still fires, those set meanwhile too") {
  World world;
  int fired = 0;
  std::vector<std::unique_ptr<Deadline>> deadlines;
  for (int i = 0; i < 20; ++i) {
    deadlines.push_back(std::make_unique<Deadline>(world.wheel, [&] {
      ++fired;
      const std::int64_t until_ms = now_ms() + 15;  // slow callbacks let ticks pass during a visit
      while (now_ms() < until_ms) {
      }
    }));
    deadlines.back()->set_ms(i * 20);
  }
  world.run_ms(1200);
  CHECK(fired == 20);
}

TEST_CASE("a delay of more than one round of the wheel does not fire in the first") {
  World world;
  int fired = 0;
  Deadline far(world.wheel, [&] { ++fired; });
  Deadline farthest(world.wheel, [&] { ++fired; });
  far.set_ms(512 * DeadlineWheel::kTickMs + 50);  // the slot next to the hand
  farthest.set_ms(INT64_MAX);
  world.run_ms(400);
  CHECK(fired == 0);
  CHECK(far.is_set());
  CHECK(farthest.is_set());
}

TEST_CASE("a wheel of which all deadlines were destroyed can be used again, and may go") {
  World world;
  int fired = 0;
  for (int round = 0; round < 2; ++round) {
    {
      Deadline gone(world.wheel, [&] { fired += 100; });
      gone.set_ms(0);
    }
    Deadline stays(world.wheel, [&] { ++fired; });
    stays.set_ms(10);
    world.run_ms(350);
  }
  CHECK(fired == 2);
}

TEST_CASE("between deadlines the loop sleeps") {
  World world;
  Deadline late(world.wheel, [] {});
  late.set_ms(60'000);
  Deadline moved(world.wheel, [] {});
  moved.set_ms(50);
  moved.set_ms(70'000);
  CHECK(turns_within_ms(world.loop, 1000) <=
        6);  // the moved one, twice where the kernel's coarse clock lags, and the end
}

TEST_CASE("one that is set while the loop sleeps for a later one is not late") {
  World world;
  Deadline late(world.wheel, [] {});
  late.set_ms(60'000);
  bool fired = false;
  Deadline soon(world.wheel, [&] { fired = true; });
  lp::Timer start(world.loop, [&] { soon.set_ms(100); });
  start.start_ms(50);
  world.run_ms(1500);
  CHECK(fired);
}

TEST_CASE("random setting, moving, clearing and destroying agrees with a plain list") {
  World world;
  std::mt19937 random(11);
  struct Watched {
    std::unique_ptr<Deadline> deadline;
    std::int64_t due_ms = -1;
    bool early = false;
    int unexpected = 0;
  };
  std::vector<Watched> all(200);
  const auto make = [&](Watched& w) {
    w.due_ms = -1;
    w.deadline = std::make_unique<Deadline>(world.wheel, [&w] {
      if (w.due_ms < 0) ++w.unexpected;
      if (now_ms() < w.due_ms) w.early = true;
      w.due_ms = -1;
    });
  };
  for (Watched& w : all) make(w);
  std::unique_ptr<lp::Timer> stir;
  int steps = 0;
  stir = std::make_unique<lp::Timer>(world.loop, [&] {
    for (int i = 0; i < 100; ++i) {
      Watched& w = all[random() % all.size()];
      const auto delay_ms = static_cast<std::int64_t>(random() % 700);
      switch (random() % 4) {
        case 0:
          make(w);
          break;
        case 1:
          w.deadline->clear(), w.due_ms = -1;
          break;
        default:
          w.deadline->set_ms(delay_ms), w.due_ms = now_ms() + delay_ms - 1;
      }
    }
    if (++steps < 150) {
      stir->start_ms(5);
    } else {
      world.end.start_ms(1000);  // longer than any delay
    }
  });
  stir->start_ms(0);
  world.run_ms(60'000);
  for (const Watched& w : all) {
    CHECK_FALSE(w.early);
    CHECK(w.unexpected == 0);
    CHECK(w.due_ms == -1);
    CHECK_FALSE(w.deadline->is_set());
  }
}
