#pragma once
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/event.h"

namespace lp {

// Those who wait for the same answer. Each holds a ticket; dropping it cancels, also from inside another's callback or
// its own. One thread.
template <class Answer>
class Waiters {
 public:
  using Done = std::function<void(Answer)>;
  using Ticket = std::shared_ptr<const Done>;

  [[nodiscard]] Ticket add(Done done) {
    auto ticket = std::make_shared<const Done>(std::move(done));
    waiting_.push_back(ticket);
    return ticket;
  }

  // Those who join while the answer is given out wait for the next one.
  void answer_all(const Answer& answer) {
    for (const auto& waiting : std::exchange(waiting_, {})) deliver(waiting, answer);
  }

  // An answer that is already known, yet never inside the call that asks for it.
  [[nodiscard]] static Ticket answer_later(EventLoop& loop, Done done, Answer answer) {
    auto ticket = std::make_shared<const Done>(std::move(done));
    loop.post([waiting = std::weak_ptr<const Done>(ticket), answer = std::move(answer)] { deliver(waiting, answer); });
    return ticket;
  }

 private:
  static void deliver(const std::weak_ptr<const Done>& waiting, const Answer& answer) {
    if (const Ticket ticket = waiting.lock()) (*ticket)(answer);
  }
  std::vector<std::weak_ptr<const Done>> waiting_;
};

}  // namespace lp
