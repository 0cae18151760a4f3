#include "proxy/exchange/bound_exchanges.h"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "base/deadline.h"
#include "tests/support/wire.h"

using namespace lp;
using namespace lp::test;

namespace {

struct One final : SessionBound {
  int told = 0;
  std::function<void()> then;
  void end() { unbind(); }

 private:
  void on_session_over(SessionStand) override {
    ++told;
    if (then) then();
  }
};

struct Bound {
  EventLoop loop;
  DeadlineWheel wheel{loop};
  OpenedSession going_on, over;
  BoundExchanges list{wheel, [this](const OpenedSession& session) {
                        return &session == &over ? SessionStand::ended : SessionStand::goes_on;
                      }};
};

}  // namespace

TEST_CASE("who is bound to a session that is over hears of it, again until it unbinds") {
  Bound bound;
  One over, going_on;
  bound.list.bind(over, bound.over);
  bound.list.bind(going_on, bound.going_on);
  wait_until(bound.loop, [&] { return over.told == 2; });
  CHECK(going_on.told == 0);
  over.end();
  over.end();
  turns_within_ms(bound.loop, 600);
  CHECK(over.told == 2);
}

TEST_CASE("ending one may unbind, destroy and bind others") {
  Bound bound;
  std::vector<std::unique_ptr<One>> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back(std::make_unique<One>());
    bound.list.bind(*all.back(), bound.over);
  }
  One late;
  all[1]->then = [&] {
    all[0]->end();
    all[1]->end();
    all[2].reset();
    all[3]->end();
    if (late.told == 0) bound.list.bind(late, bound.over);
  };
  wait_until(bound.loop, [&] { return late.told == 1; });
  CHECK(all[0]->told == 1);
  CHECK(all[1]->told == 1);
  CHECK(all[3]->told == 0);
  CHECK(all[4]->told == 2);
}

TEST_CASE("nothing bound, nothing to do") {
  Bound bound;
  {
    One gone;
    bound.list.bind(gone, bound.over);
  }
  turns_within_ms(bound.loop, 600);
  CHECK(turns_within_ms(bound.loop, 300) < 5);
  One again;
  bound.list.bind(again, bound.over);
  wait_until(bound.loop, [&] { return again.told == 1; });
  again.end();
}
