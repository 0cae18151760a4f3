#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "proxy/http1/upstream.h"
#include "proxy/upstream/pool.h"

namespace lp {

// HTTP/1.1 connections. Idle ones are kept for the next request, the last used first (it is
// the least likely to have been closed by the app). After an answer without a body a connection serves nobody until a
// body that is sent all the same would have come (docs/decisions/0038-slow-readers.md); in all else it is an idle one.
//
// A client that is slow with a connection which others wait for loses it
// (docs/decisions/0050-held-up-connections.md).
//
// What must not be sent twice meets a connection that the app closes just then rather not: it gets an idle one only of
// an app that has kept one for a moment, and none that is nearly as old as those that it has closed.
class Http1Pool final : public UpstreamPool, private Http1Upstream::Owner, private ConnectionSlots::Member {
 public:
  Http1Pool(const UpstreamEnvironment& environment, SharedUpstream& shared, const TellServesOne& tell_serves_one);
  ~Http1Pool() override;

  [[nodiscard]] std::unique_ptr<UpstreamStream> lease(UpstreamEvents& events, Choice choice,
                                                      const UpstreamClient& client) override;
  using UpstreamPool::lease;
  void close_held_by(const void* connection) override;
  void close() override;

 private:
  struct Held {
    Http1Upstream* connection;
    const void* client;
    std::string person;
  };
  void take_back(Http1Upstream& connection) override;  // to the idle list
  void on_body_behind_answer() override { sends_late_bodies_ = true; }
  void on_settled(Http1Upstream& connection) override;
  void remove(Http1Upstream& connection) override;
  void closed_by_app(std::int64_t idle_ms) override;
  void waits_long() override;
  void has_waited_long() override;
  void answers() override;
  void tls_failed(const std::string& why) override { note_tls_failure(why); }
  void idle_is_in_the_way() override;
  void close_idle_in_the_way();
  void slot_is_given(ConnectionSlots::Ticket ticket) override;
  void idle_is_wanted() override;
  void others_wait() override;
  void watch_clients();
  void end_slow_clients();
  void connect_in_turn(Http1Upstream& connection);
  void take_slot(ConnectionSlots::Ticket ticket);
  void give_slot_back(const Http1Upstream& connection);
  void close_idle_for_others();
  [[nodiscard]] bool is_limited() const { return environment_.settings.max_connections != kUnlimited; }
  void note_what_lives();
  [[nodiscard]] bool is_safe(const Http1Upstream& connection) const;
  // Of those that keep_alive counts.
  [[nodiscard]] std::int64_t kept() const { return static_cast<std::int64_t>(idle_.size() + settling_.size()); }
  void count_idle();
  void keep(Http1Upstream& connection);
  void hold(Http1Upstream& connection);
  void settle(Http1Upstream& connection);
  [[nodiscard]] bool is_fit(const Http1Upstream& connection, Choice choice) const;
  Http1Upstream* pop_idle(Choice choice);
  Http1Upstream* pop_held(Choice choice, const UpstreamClient& client);

  std::map<Http1Upstream*, std::unique_ptr<Http1Upstream>> connections_;
  std::vector<Http1Upstream*> idle_;
  std::vector<Http1Upstream*> settling_;  // idle too, the longest first, each behind an answer without a body
  std::vector<Held> held_;                // idle too, each signed in for one client
  bool sends_late_bodies_ = false;        // the app has been seen to

  const TellServesOne& tell_serves_one_;
  std::vector<std::pair<ConnectionSlots::Ticket, Http1Upstream*>> queued_;
  std::vector<const Http1Upstream*> refused_;  // neither queued nor with a slot
  Deadline just_closed_;                       // while set: idle ones were closed for who waits, a moment ago
  std::int64_t closed_before_ = 0;             // as SharedUpstream::closed()
  Deadline serves_one_;                        // while set: found out here, and not tried again yet
  Deadline watching_;                          // while set: it is seen who is slow with slots that others wait for
  std::atomic<bool> watches_ = false;          // it is, or soon will be

  bool is_kept_by_app_ = false;                  // an idle connection has lived for a moment
  std::optional<std::int64_t> closed_after_ms_;  // how soon it has closed an idle one
};

}  // namespace lp
