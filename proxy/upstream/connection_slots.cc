#include "proxy/upstream/connection_slots.h"

#include <algorithm>

namespace lp {

void ConnectionSlots::add(Member& member) {
  const std::lock_guard lock(mutex_);
  members_.push_back(&member);
}

void ConnectionSlots::remove(Member& member) {
  const std::lock_guard lock(mutex_);
  std::erase(members_, &member);
  std::erase_if(waiting_, [&](const Waiting& one) { return one.member == &member; });
  count_waiting();
}

bool ConnectionSlots::take() {
  const std::lock_guard lock(mutex_);
  if (taken_ >= most_) return false;
  ++taken_;
  return true;
}

void ConnectionSlots::give_back() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    --taken_;
    return;
  }
  const Waiting next = waiting_.front();
  waiting_.pop_front();
  count_waiting();
  next.member->slot_is_given(next.ticket);
}

std::optional<ConnectionSlots::Ticket> ConnectionSlots::wait(Member& member) {
  const std::lock_guard lock(mutex_);
  const Ticket ticket = next_ticket_++;
  if (taken_ < most_) {  // one has become free since take() was asked
    ++taken_;
    member.slot_is_given(ticket);
    return ticket;
  }
  if (static_cast<std::int64_t>(waiting_.size()) >= queue_) return std::nullopt;
  const bool is_first = waiting_.empty();
  waiting_.push_back({ticket, &member});
  count_waiting();
  // All of them: one that is asked twice may have none left by then, and nobody asks again.
  for (Member* one : members_) {
    if (one->idle_connections > 0) one->idle_is_wanted();
    if (is_first) one->others_wait();
  }
  return ticket;
}

void ConnectionSlots::tell_of_idle_in_the_way() {
  const std::lock_guard lock(mutex_);
  for (Member* member : members_) member->idle_is_in_the_way();
}

bool ConnectionSlots::leave(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  const bool left = std::erase_if(waiting_, [&](const Waiting& one) { return one.ticket == ticket; }) > 0;
  count_waiting();
  return left;
}

}  // namespace lp
