#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proxy/http/stream.h"
#include "proxy/net/connector.h"
#include "proxy/upstream/shared_upstream.h"

namespace lp {

// Said once in a process: this app serves one connection at a time, and each is used once for now.
using TellServesOne = std::function<void(const UpstreamSettings&)>;

// All connections of one worker to one upstream, whatever is spoken on them.
class UpstreamPool {
 public:
  enum class Choice {
    any,      // a connection that is there, if one is
    checked,  // one that lives, as far as the socket tells, and will: for requests that must not be sent twice
    fresh,    // after a dead one: nothing that may be as dead
  };
  UpstreamPool(const UpstreamEnvironment& environment, SharedUpstream& shared);
  virtual ~UpstreamPool() = default;
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  // A stream at once; connecting goes on behind it, and what is sent waits. `events` must outlive the stream, and
  // so must what `client` points to. A connection that the app has signed in goes back to the same client only.
  [[nodiscard]] virtual std::unique_ptr<UpstreamStream> lease(UpstreamEvents& events, Choice choice,
                                                              const UpstreamClient& client) = 0;
  [[nodiscard]] std::unique_ptr<UpstreamStream> lease(UpstreamEvents& events, Choice choice) {
    return lease(events, choice, {});
  }
  // That client is gone: its connections go too. It is UpstreamClient::connection.
  virtual void close_held_by(const void* /*connection*/) {}
  // All connections, at the end of the worker: nobody may hold a stream any more.
  virtual void close() = 0;

  // What the Host field says when it is not the client's own; empty when it is.
  [[nodiscard]] const std::string& own_host() const { return own_host_; }
  // Whether the app should keep its connections open.
  [[nodiscard]] bool keeps_connections() const { return environment_.settings.keep_alive > 0 && !shared_.serves_one(); }
  [[nodiscard]] const UpstreamSettings& settings() const { return environment_.settings; }
  [[nodiscard]] SharedUpstream& shared() const { return shared_; }
  // Of the last UpstreamError::untrusted or handshake: why, in OpenSSL's words.
  [[nodiscard]] const std::string& tls_failure() const { return tls_failure_; }

 protected:
  void note_tls_failure(const std::string& why) { tls_failure_ = why; }

  UpstreamEnvironment environment_;
  SharedUpstream& shared_;

 private:
  std::string own_host_;
  std::string tls_failure_;
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
  std::map<std::string, std::unique_ptr<UpstreamPool>> pools_;
  std::vector<UpstreamPool*> by_route_;  // [RouteSettings::index]
};

}  // namespace lp
