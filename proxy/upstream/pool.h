#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "base/event.h"
#include "base/resolver.h"
#include "config/settings.h"
#include "proxy/http/stream.h"
#include "proxy/http1/upstream.h"
#include "proxy/net/buffer.h"
#include "proxy/upstream/shared_upstream.h"

namespace lp {

// Said once in a process: this app serves one connection at a time, and each is used once for now.
using TellServesOne = std::function<void(const UpstreamSettings&)>;

// All connections of one worker to one upstream. Idle ones are kept for the next request, the last used first (it is
// the least likely to have been closed by the app). After an answer without a body a connection serves nobody until a
// body that is sent all the same would have come (docs/decisions/0038-slow-readers.md); in all else it is an idle one.
//
// A client that is slow with a connection which others wait for loses it
// (docs/decisions/0050-held-up-connections.md).
//
// What must not be sent twice meets a connection that the app closes just then rather not: it gets an idle one only of
// an app that has kept one for a moment, and none that is nearly as old as those that it has closed.
class UpstreamPool final : private Http1Upstream::Owner, private ConnectionSlots::Member {
 public:
  UpstreamPool(EventLoop& loop, DeadlineWheel& wheel, BufferPool& buffers, Resolver& resolver,
               const UpstreamSettings& settings, const MemoryBudget& memory, SharedUpstream& shared,
               const TellServesOne& tell_serves_one);
  ~UpstreamPool();

  enum class Choice {
    any,      // an idle connection if there is one
    checked,  // one that lives, as far as the socket tells, and will: for requests that must not be sent twice
    fresh,    // a new connection: the retry after a dead idle one
  };
  // A stream at once; connecting goes on behind it, and what is sent waits. `events` must outlive the stream, and
  // so must what `client` points to. A connection that the app has signed in goes back to the same client only.
  [[nodiscard]] std::unique_ptr<UpstreamStream> lease(UpstreamEvents& events, Choice choice,
                                                      const UpstreamClient& client = {});
  // That client is gone: its connections go too. It is UpstreamClient::connection.
  void close_held_by(const void* connection);
  // All connections, at the end of the worker: nobody may hold a stream any more.
  void close();
  // What the Host field says when it is not the client's own; empty when it is.
  [[nodiscard]] const std::string& own_host() const { return own_host_; }
  // Whether the app should keep its connections open.
  [[nodiscard]] bool keeps_connections() const { return environment_.settings.keep_alive > 0 && !shared_.serves_one(); }
  [[nodiscard]] const UpstreamSettings& settings() const { return environment_.settings; }
  [[nodiscard]] SharedUpstream& shared() const { return shared_; }
  // Of the last UpstreamError::untrusted or handshake: why, in OpenSSL's words.
  [[nodiscard]] const std::string& tls_failure() const { return tls_failure_; }

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
  void tls_failed(const std::string& why) override { tls_failure_ = why; }
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

  Http1Upstream::Environment environment_;
  std::string own_host_;
  std::map<Http1Upstream*, std::unique_ptr<Http1Upstream>> connections_;
  std::vector<Http1Upstream*> idle_;
  std::vector<Http1Upstream*> settling_;  // idle too, the longest first, each behind an answer without a body
  std::vector<Held> held_;                // idle too, each signed in for one client
  bool sends_late_bodies_ = false;        // the app has been seen to
  std::string tls_failure_;

  SharedUpstream& shared_;
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

// The pools of a worker, by route.
class UpstreamPools {
 public:
  UpstreamPools(EventLoop& loop, DeadlineWheel& wheel, BufferPool& buffers, const Settings& settings,
                const MemoryBudget& memory, SharedUpstreams& shared, TellServesOne tell_serves_one);
  ~UpstreamPools();
  void close();  // see UpstreamPool::close()
  void close_held_by(const void* connection);
  // Of the route's upstream. The route must have one.
  [[nodiscard]] UpstreamPool& of(const RouteSettings& route) {
    return *by_route_[static_cast<std::size_t>(route.index)];
  }

 private:
  const TellServesOne tell_serves_one_;
  Resolver resolver_;
  std::map<std::string, UpstreamPool> pools_;
  std::vector<UpstreamPool*> by_route_;  // [RouteSettings::index]
};

}  // namespace lp
