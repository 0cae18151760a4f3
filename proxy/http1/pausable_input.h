#pragma once
#include <functional>
#include <utility>

#include "proxy/net/transport.h"

namespace lp {

// The reading side of a client's connection: it is read while there is no reason against it. Each reason has one owner,
// who adds and removes it without knowing of the others. Made readable; loop and transport outlive this.
class PausableInput {
 public:
  enum class Reason : unsigned {
    back_pressure = 1,   // the exchange takes no more
    pipeline_full = 2,   // the next requests fill the room that there is
    early_bytes = 4,     // what came with the head is handed on first
    unread_answers = 8,  // no next request before the client has taken the answers that it has
    end_of_input = 16,   // nothing comes any more: never removed
    closed = 32,         // the descriptor is about to go: never removed
  };

  PausableInput(EventLoop& loop, const Transport& transport, std::function<void()> on_readable)
      : readable_(loop, transport, std::move(on_readable)) {
    readable_.enable();
  }

  // Each answers whether it changed anything.
  bool pause(Reason reason) { return set(reasons_ | bit(reason)); }
  bool resume(Reason reason) { return set(reasons_ & ~bit(reason)); }
  // Whatever keeps it back now, apart from what is for good.
  bool resume_for_all() { return set(reasons_ & (bit(Reason::end_of_input) | bit(Reason::closed))); }

  [[nodiscard]] bool is_paused() const { return reasons_ != 0; }
  [[nodiscard]] bool is_paused_by(Reason reason) const { return (reasons_ & bit(reason)) != 0; }

 private:
  static constexpr unsigned bit(Reason reason) { return static_cast<unsigned>(reason); }
  bool set(unsigned reasons) {
    if (reasons == reasons_) return false;
    reasons_ = reasons;
    if (is_paused()) {
      readable_.disable();
    } else {
      readable_.enable();
    }
    return true;
  }

  InputEvent readable_;
  unsigned reasons_ = 0;
};

}  // namespace lp
