#pragma once
#include <memory>
#include <utility>

#include "auth/realm/auth_questions.h"
#include "auth/visit/verdict.h"
#include "auth/visit/visit.h"

namespace lp {

namespace detail {

template <class Judge>
class Wait final : public PendingVerdict {
 public:
  template <class Ask>
  Wait(const Visit& visit, LaterVerdict later, const Ask& ask, Judge judge)
      : visit_(visit), judge_(std::move(judge)), later_(std::move(later)) {
    question_ =
        ask(std::as_const(visit_), [this](auto&& answer) { this->finish(std::forward<decltype(answer)>(answer)); });
  }
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

 private:
  template <class Answer>
  void finish(Answer&& answer) {
    visit_.loop.defer_delete(std::move(question_));  // its callback is on the stack, and `later` may drop this
    visit_.now_s = visit_.realm.clock.unix_s();
    judge_secret_again(visit_);
    const LaterVerdict later = std::exchange(later_, nullptr);
    Verdict verdict = judge_(visit_, std::forward<Answer>(answer), Waiting{later, next_});
    if (verdict.kind != Verdict::Kind::wait) later(std::move(verdict));
  }

  Visit visit_;
  Judge judge_;
  LaterVerdict later_;
  std::unique_ptr<PendingVerdict> next_;
  std::unique_ptr<AuthQuestions::Question> question_;  // last: nothing is answered while the others go
};

}  // namespace detail

// Judges a visit by the answer to one question to the auth thread or to the store. Returns kind wait, with waiting.wait
// set; everything else comes later on the visit's loop.
//   ask(const Visit&, answer) asks on visit.loop and returns the question (AuthQuestions::Question). Called at once and
//     then forgotten. `answer` is a small copyable function of one argument, of whatever type the question has, to be
//     called at most once, never inside ask, and not after the question is gone.
//   judge(Visit&, the answer, Waiting) is called once, with now_s of the visit moved to the present, and signed out if
//     its cookie's secret has left the ring meanwhile, whatever it was before; it returns any verdict for
//     waiting.later. It may wait in turn by the Waiting that it is given. What it holds lives as long as the wait,
//     which also covers what it waits for.
// The wait owns a copy of `visit`: what that refers to, and the views in its facts, must outlive it. Dropping the wait
// drops the question: neither `judge` nor waiting.later is called then. It may be dropped inside waiting.later, which
// is called once, or not at all if the answer never comes.
template <class Ask, class Judge>
[[nodiscard]] Verdict wait_for(const Visit& visit, Waiting waiting, const Ask& ask, Judge judge) {
  waiting.wait = std::make_unique<detail::Wait<Judge>>(visit, std::move(waiting.later), ask, std::move(judge));
  Verdict verdict;
  verdict.kind = Verdict::Kind::wait;
  return verdict;
}

}  // namespace lp
