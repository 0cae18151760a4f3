#include "auth/visit/wait.h"

#include <functional>

#include "tests/support/gatekeeper_world.h"
#include "tests/support/loop_runner.h"

using namespace lp;
using namespace lp::test;

namespace {

// What somebody else will answer, when a test says so.
struct Question {
  std::function<void(const std::string&)> answer;
  bool is_alive = false;

  class Held final : public AuthQuestions::Question {
   public:
    explicit Held(bool& alive) : alive_(alive) { alive_ = true; }
    ~Held() override { alive_ = false; }

   private:
    bool& alive_;
  };
  std::unique_ptr<AuthQuestions::Question> ask(std::function<void(const std::string&)> then) {
    answer = std::move(then);
    return std::make_unique<Held>(is_alive);
  }
};

// Whoever asked for a verdict and waits for it.
struct WaitWorld : World {
  RequestHead head;
  SessionCookie cookies{realm, true};
  Visit visit{facts_of(head), realm, loop, cookies, SessionLookup{}, clock.unix_s(), clock.unix_ms()};
  Question first;
  Question second;
  std::unique_ptr<PendingVerdict> wait;
  std::vector<std::string> delivered;  // their decisions
  bool drops_inside = false;
  std::vector<std::string> judged;  // the answers

  static RequestFacts facts_of(const RequestHead& head) {
    RequestFacts facts;
    facts.head = &head;
    return facts;
  }
  Waiting waiting() {
    return {[this](const Verdict& verdict) {
              delivered.emplace_back(verdict.decision);
              if (drops_inside) wait.reset();
            },
            wait};
  }
  static auto asks(Question& question) {
    return [&question](const Visit&, auto answer) { return question.ask(std::move(answer)); };
  }
  // Judges by the answer to one question: a verdict of `kind`.
  Verdict wait_for_one(Verdict::Kind kind = Verdict::Kind::answer) {
    return wait_for(visit, waiting(), asks(first), [this, kind](const Visit&, const std::string& answer, Waiting) {
      judged.push_back(answer);
      return verdict_of(kind, "judged");
    });
  }
  // By the answers to two, one after the other.
  Verdict wait_for_two() {
    return wait_for(visit, waiting(), asks(first), [this](const Visit& then, const std::string& answer, Waiting later) {
      judged.push_back(answer);
      return wait_for(then, std::move(later), asks(second), [this](const Visit&, const std::string& last, Waiting) {
        judged.push_back(last);
        return verdict_of(Verdict::Kind::answer, "judged twice");
      });
    });
  }
  static Verdict verdict_of(Verdict::Kind kind, std::string_view decision) {
    Verdict verdict;
    verdict.kind = kind;
    verdict.decision = decision;
    return verdict;
  }
  // As a loop does it: the question's callback is on the stack, and what it deferred goes afterwards.
  void answer(Question& question, const std::string& text) {
    const auto callback = std::move(question.answer);
    loop.post([&] {
      callback(text);
      loop.stop();
    });
    run_loop(loop);
    loop.delete_deferred();
  }
};

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("a wait answers later, by what the judge makes of the answer, and once") {
  WaitWorld world;
  CHECK(world.wait_for_one().kind == Verdict::Kind::wait);
  REQUIRE(world.wait != nullptr);
  CHECK(world.first.is_alive);
  CHECK(world.delivered.empty());
  SUBCASE("its owner keeps it for a while") {
    world.answer(world.first, "yes");
    CHECK(world.wait != nullptr);
  }
  SUBCASE("its owner drops it inside the callback") {
    world.drops_inside = true;
    world.answer(world.first, "yes");
    CHECK(world.wait == nullptr);
  }
  CHECK(world.judged == Strings{"yes"});
  CHECK(world.delivered == Strings{"judged"});
  CHECK_FALSE(world.first.is_alive);
}

TEST_CASE("a wait may end in any kind of verdict") {
  for (const auto kind : {Verdict::Kind::pass, Verdict::Kind::answer, Verdict::Kind::need_body}) {
    WaitWorld world;
    std::optional<Verdict::Kind> got;
    const Waiting waiting{[&](const Verdict& verdict) { got = verdict.kind; }, world.wait};
    CHECK(
        wait_for(world.visit, waiting, WaitWorld::asks(world.first), [kind](const Visit&, const std::string&, Waiting) {
          return WaitWorld::verdict_of(kind, "judged");
        }).kind == Verdict::Kind::wait);
    world.answer(world.first, "yes");
    CHECK(got == kind);
  }
}

TEST_CASE("a wait that is dropped before the answer drops its question, and nobody is told") {
  WaitWorld world;
  (void)world.wait_for_one();
  world.wait.reset();
  CHECK_FALSE(world.first.is_alive);
  CHECK(world.judged.empty());
  CHECK(world.delivered.empty());
}

TEST_CASE("a judge may wait in turn, and only the last verdict is delivered") {
  WaitWorld world;
  (void)world.wait_for_two();
  world.answer(world.first, "one");
  CHECK_FALSE(world.first.is_alive);
  CHECK(world.second.is_alive);
  CHECK(world.delivered.empty());
  SUBCASE("the answer comes") {
    world.answer(world.second, "two");
    CHECK(world.judged == Strings{"one", "two"});
    CHECK(world.delivered == Strings{"judged twice"});
  }
  SUBCASE("the answer comes, and the first wait goes with the second one's callback on the stack") {
    world.drops_inside = true;
    world.answer(world.second, "two");
    CHECK(world.delivered == Strings{"judged twice"});
  }
  SUBCASE("dropping the first drops the second") {
    world.wait.reset();
    CHECK(world.delivered.empty());
  }
  world.wait.reset();
  CHECK_FALSE(world.second.is_alive);
}

TEST_CASE("the visit is a copy, and its clock is that of the answer") {
  WaitWorld world;
  const std::int64_t asked_at_s = world.clock.unix_s();
  std::int64_t judged_at_s = 0;
  std::int64_t came_at_ms = 0;
  const auto judge = [&](const Visit& visit, const std::string&, Waiting) {
    judged_at_s = visit.now_s;
    came_at_ms = visit.now_ms;
    return WaitWorld::verdict_of(Verdict::Kind::answer, "judged");
  };
  {
    const Visit gone_before_the_answer = world.visit;
    (void)wait_for(gone_before_the_answer, world.waiting(), WaitWorld::asks(world.first), judge);
  }
  world.clock.advance_ms(7'000);
  world.answer(world.first, "yes");
  CHECK(judged_at_s == asked_at_s + 7);
  CHECK(came_at_ms == asked_at_s * 1000);
}
