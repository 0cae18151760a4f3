#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/event.h"
#include "base/resolver.h"
#include "config/settings.h"
#include "proxy/http/stream.h"
#include "proxy/http1/upstream.h"
#include "proxy/net/buffer.h"

namespace lp {

// All connections of one worker to one upstream. Idle ones are kept for the next request, the last used first (it is
// the least likely to have been closed by the app). After an answer without a body a connection serves nobody until a
// body that is sent all the same would have come (docs/decisions/0038-slow-readers.md).
class UpstreamPool final : private Http1Upstream::Owner {
 public:
  UpstreamPool(EventLoop& loop, DeadlineWheel& wheel, BufferPool& buffers, Resolver& resolver,
               const UpstreamSettings& settings, const MemoryBudget& memory);
  ~UpstreamPool();

  enum class Choice {
    any,      // an idle connection if there is one
    checked,  // as any, but one look at the socket first: for requests that must not be sent twice
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
};

// The pools of a worker, by route.
class UpstreamPools {
 public:
  UpstreamPools(EventLoop& loop, DeadlineWheel& wheel, BufferPool& buffers, const Settings& settings,
                const MemoryBudget& memory);
  ~UpstreamPools();
  void close();  // see UpstreamPool::close()
  void close_held_by(const void* connection);
  // Of the route's upstream. The route must have one.
  [[nodiscard]] UpstreamPool& of(const RouteSettings& route) {
    return *by_route_[static_cast<std::size_t>(route.index)];
  }

 private:
  Resolver resolver_;
  std::map<std::string, UpstreamPool> pools_;
  std::vector<UpstreamPool*> by_route_;  // [RouteSettings::index]
};

}  // namespace lp
