#pragma once
#include <cstdint>
#include <functional>

#include "auth/session/opened_session.h"
#include "base/deadline.h"
#include "base/event.h"

// Requests that live only as long as the session that they were let through for. One list a worker, on its loop.
namespace lp {

class BoundExchanges;

// Something that forwards for a session. Whoever derives from it owns it and keeps the session while it is bound;
// binding and unbinding are a few stores.
class SessionBound {
 public:
  SessionBound() = default;
  virtual ~SessionBound() { unbind(); }
  SessionBound(const SessionBound&) = delete;
  SessionBound& operator=(const SessionBound&) = delete;

 protected:
  void unbind();  // idempotent

 private:
  friend class BoundExchanges;
  // The session has ended, or nobody can say any more whether it has: end. Comes again with each sweep while it stays
  // bound, kSweepMs or a little more apart, and says the same each time. It may unbind this and others.
  virtual void on_session_over(SessionStand stand) = 0;
  struct Link : detail::RingLink {
    explicit Link(SessionBound& owner_in) : owner(owner_in) {}
    SessionBound& owner;
  };
  Link link_{*this};
  const OpenedSession* session_ = nullptr;
  SessionStand stand_ = SessionStand::goes_on;
};

class BoundExchanges {
 public:
  static constexpr std::int64_t kSweepMs = 400;  // with the wheel's lag still well within a second
  // `stand_of` is asked on the loop. The wheel outlives this, this outlives all that is bound.
  BoundExchanges(DeadlineWheel& wheel, std::function<SessionStand(const OpenedSession&)> stand_of);
  ~BoundExchanges();
  BoundExchanges(const BoundExchanges&) = delete;
  BoundExchanges& operator=(const BoundExchanges&) = delete;

  // `session` must outlive the binding. Not to be bound twice.
  void bind(SessionBound& exchange, const OpenedSession& session);

 private:
  void append(detail::RingLink& link);
  void sweep();

  std::function<SessionStand(const OpenedSession&)> stand_of_;
  detail::RingLink ring_;
  detail::RingLink unvisited_;  // lone but during a sweep
  Deadline sweep_;  // set while something is bound, and up to one sweep longer: the usual request sets nothing
};

}  // namespace lp
