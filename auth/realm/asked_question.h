#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "auth/realm/auth_questions.h"
#include "base/event.h"

namespace lp {

// A question between two threads. The asking loop's thread makes it and may drop it at any time; the auth thread
// answers at most once, through the asking loop. Dropping it and posting to the loop exclude each other, so that
// nothing is posted to a loop whose questions are gone, and the callback and what it holds die on the asking thread.
template <class Answer>
class AskedQuestion {
 public:
  using Callback = std::function<void(Answer)>;

  AskedQuestion(EventLoop& asking, Callback callback) : asking_(&asking), callback_(std::move(callback)) {}

  // Auth thread.
  static void answer(const std::shared_ptr<AskedQuestion>& question, Answer answer) {
    const std::lock_guard lock(question->mutex_);
    if (question->asking_ == nullptr) return;
    question->asking_->post([question, answer = std::move(answer)]() mutable { question->deliver(std::move(answer)); });
  }

  // Asking thread: the handle that cancels.
  class Handle final : public AuthQuestions::Question {
   public:
    explicit Handle(std::shared_ptr<AskedQuestion> question) : question_(std::move(question)) {}
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() override { question_->cancel(); }

   private:
    std::shared_ptr<AskedQuestion> question_;
  };

 private:
  // Asking thread, as cancel(): so the callback needs no lock, and it may drop the handle.
  void deliver(Answer answer) {
    const Callback callback = std::exchange(callback_, nullptr);
    if (callback) callback(std::move(answer));
  }
  void cancel() {
    {
      const std::lock_guard lock(mutex_);
      asking_ = nullptr;
    }
    callback_ = nullptr;
  }

  std::mutex mutex_;   // guards asking_
  EventLoop* asking_;  // null: cancelled
  Callback callback_;
};

}  // namespace lp
