#include "proxy/exchange/bound_exchanges.h"

#include <utility>

#include "base/check.h"

namespace lp {

void SessionBound::unbind() {
  link_.prev->next = link_.next;
  link_.next->prev = link_.prev;
  link_.prev = link_.next = &link_;
}

BoundExchanges::BoundExchanges(DeadlineWheel& wheel, std::function<SessionStand(const OpenedSession&)> stand_of)
    : stand_of_(std::move(stand_of)), sweep_(wheel, [this] { sweep(); }) {}

BoundExchanges::~BoundExchanges() { LP_CHECK(ring_.next == &ring_, "an exchange outlives its worker"); }

void BoundExchanges::bind(SessionBound& exchange, const OpenedSession& session) {
  LP_CHECK(exchange.link_.next == &exchange.link_, "an exchange is bound once");
  exchange.session_ = &session;
  exchange.stand_ = SessionStand::goes_on;
  append(exchange.link_);
  if (!sweep_.is_set()) sweep_.set_ms(kSweepMs);
}

void BoundExchanges::append(detail::RingLink& link) {
  link.prev = ring_.prev;
  link.next = &ring_;
  ring_.prev->next = &link;
  ring_.prev = &link;
}

// Ending one may unbind any other or bind new ones: each is taken off the front of a ring that nobody else walks.
void BoundExchanges::sweep() {
  if (ring_.next == &ring_) return;
  unvisited_.next = std::exchange(ring_.next, &ring_);
  unvisited_.prev = std::exchange(ring_.prev, &ring_);
  unvisited_.next->prev = unvisited_.prev->next = &unvisited_;
  while (unvisited_.next != &unvisited_) {
    SessionBound& exchange = static_cast<SessionBound::Link&>(*unvisited_.next).owner;
    exchange.unbind();
    append(exchange.link_);
    if (exchange.stand_ == SessionStand::goes_on) exchange.stand_ = stand_of_(*exchange.session_);
    if (exchange.stand_ != SessionStand::goes_on) exchange.on_session_over(exchange.stand_);
  }
  if (ring_.next != &ring_) sweep_.set_ms(kSweepMs);
}

}  // namespace lp
