#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/deadline.h"
#include "proxy/upstream/http1_pool.h"
#include "tests/support/wire.h"

// A pool of connections to one scripted app, and who asks it.
namespace lp::test::upstreams {

using Choice = UpstreamPool::Choice;

// What an exchange would do: holds the lease, keeps what it is told, gives back at the end or on an error.
struct Asker final : UpstreamEvents {
  std::unique_ptr<UpstreamStream> lease;
  int status = 0;
  std::string body;
  bool ended = false;
  std::optional<UpstreamError> error;
  std::string broken_rule;
  int drained = 0;
  bool keeps_lease_at_end = false;
  std::function<void()> on_head, on_body, on_drain;

  void on_response(const ParsedResponse& response) override {
    CHECK(status == 0);
    status = response.head.status;
    if (on_head) on_head();
  }
  void on_response_body(std::string_view bytes) override {
    body.append(bytes);
    if (on_body) on_body();
  }
  void on_response_end() override {
    CHECK_FALSE(ended);
    ended = true;
    lease.reset();
  }
  void on_response_batch_end() override {}
  void on_upstream_drained() override {
    ++drained;
    if (on_drain) on_drain();
  }
  void on_upstream_error(UpstreamError what) override {
    CHECK_FALSE(error);
    CHECK_FALSE(ended);
    error = what;
    lease.reset();
  }
  void on_broken_answer(const char* why, UpstreamError what) override {
    broken_rule = why;
    on_upstream_error(what);
  }
  [[nodiscard]] bool is_over() const { return ended || error; }
};

struct World {
  EventLoop loop;
  DeadlineWheel wheel{loop};
  BufferPool buffers;
  Resolver resolver{loop};
  App app{loop};
  Settings settings;
  ClientHeaderRules rules{settings};
  UpstreamSettings upstream;
  MemoryBudget memory{64 * 1024 * 1024};
  std::optional<SharedUpstream> shared;
  int told_serves_one = 0;
  TellServesOne tell = [this](const UpstreamSettings&) { ++told_serves_one; };
  std::optional<Http1Pool> pool;
  ClientFacts client{"192.0.2.1", "192.0.2.1", false};
  Origin external{"https", "app.test", 443};

  explicit World(
      void (*change)(UpstreamSettings&) = [](UpstreamSettings&) {},
      std::int64_t serves_one_for_ms = SharedUpstream::kServesOneForMs) {
    upstream.host = "127.0.0.1";
    upstream.port = app.port();
    change(upstream);
    shared.emplace(upstream, serves_one_for_ms);
    pool.emplace(environment(), *shared, tell);
  }
  ~World() {
    pool->close();
    loop.delete_deferred();
  }

  [[nodiscard]] UpstreamEnvironment environment() {
    return {loop, wheel, buffers, resolver, upstream, memory, shared->tls.get()};
  }
  void send_head(Asker& asker, const std::string& method, BodyFraming body) {
    OutgoingRequest request;
    request.method = method;
    request.target = "/t";
    request.host = "app.test";
    request.external = &external;
    request.client = &client;
    request.request_id = "0123456789abcdef";
    request.body = body;
    asker.lease->send_head(request, {}, rules);
  }
  void ask(Asker& asker, Choice choice = Choice::any, const std::string& method = "GET") {
    asker.lease = pool->lease(asker, choice);
    send_head(asker, method, {});
    asker.lease->end_body();
  }
  // The connection on which request number `count` has come.
  Peer& app_got(std::size_t connections, std::size_t requests = 1) {
    wait_until(loop, [&] {
      return app.connections.size() == connections && app.last().count("/t HTTP/1.1\r\n") == requests &&
             app.last().has("\r\n\r\n");
    });
    REQUIRE(app.connections.size() == connections);
    return app.last();
  }
  void wait_for(Asker& asker) {
    wait_until(loop, [&] { return asker.is_over(); });
  }
  void answer(Asker& asker, const std::string& bytes, std::size_t connections = 1, std::size_t requests = 1) {
    app_got(connections, requests).send(bytes);
    wait_for(asker);
  }
};

inline const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

inline std::string many_times(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace lp::test::upstreams
