#include "proxy/server/admin.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "tests/support/wire.h"

using namespace lp;
using namespace lp::test;

TEST_CASE("what the operator's listener answers") {
  const struct {
    const char* method;
    const char* target;
    bool draining;
    int status;
    const char* body;
  } cases[] = {
      {"GET", "/healthz", false, 200, "ok\n"},     {"HEAD", "/healthz", false, 200, "ok\n"},
      {"GET", "/healthz", true, 200, "ok\n"},      {"GET", "/readyz", false, 200, "ready\n"},
      {"GET", "/readyz", true, 503, "stopping\n"}, {"GET", "/readyz?x=1", false, 200, "ready\n"},
      {"POST", "/readyz", false, 405, nullptr},    {"GET", "/", false, 404, nullptr},
      {"GET", "/healthz/", false, 404, nullptr},   {"GET", "/HEALTHZ", false, 404, nullptr},
      {"DELETE", "/other", false, 404, nullptr},
  };
  for (const auto& c : cases) {
    CAPTURE(c.method);
    CAPTURE(c.target);
    const Answer answer = admin_answer(c.method, c.target, c.draining);
    CHECK(answer.status == c.status);
    if (c.body) CHECK(answer.body == c.body);
  }
}

TEST_CASE("the operator's listener serves, and refuses what is no HTTP") {
  EventLoop loop;
  Settings settings;
  const ClientHeaderRules rules(settings);
  Readiness readiness;
  const SystemClock clock;
  Log log{{-1, -1, 4096, LogLevel::error}};
  std::uint16_t port = 0;
  const Socket listening = listening_socket(port);
  const auto admin = std::make_unique<Admin>(loop, settings, rules, readiness, clock, log, listening.fd());
  CHECK_FALSE(readiness.is_watched(clock.monotonic_ms()));
  Peer client(loop, connected_socket(port));
  client.send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
  wait_until(loop, [&] { return client.has("ready\n"); });
  CHECK(client.received.starts_with("HTTP/1.1 200 "));
  CHECK(readiness.is_watched(clock.monotonic_ms()));
  CHECK_FALSE(readiness.is_watched(clock.monotonic_ms() + 6 * 60'000));
  readiness.end();
  client.send(
      "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
  wait_until(loop, [&] { return client.has("stopping\n"); });
  CHECK(client.has("HTTP/1.1 405 "));
  CHECK(client.has("HTTP/1.1 503 "));
  client.send("\x16\x03\x01nonsense\r\n\r\n");
  wait_until(loop, [&] { return client.has("HTTP/1.1 400 "); });
  wait_until(loop, [&] { return client.ended; });
  // As raw probes write it, whole and in pieces.
  for (const std::string probe :
       {"GET /healthz HTTP/1.0\n\n", "GET /healthz HTTP/1.0\nUser-Agent: probe\r\n\n", "OPTIONS * HTTP/1.0\r\n\r\n"}) {
    CAPTURE(probe);
    for (const std::size_t first : {std::size_t{7}, probe.size()}) {
      Peer prober(loop, connected_socket(port));
      prober.send(probe.substr(0, first));
      turns_within_ms(loop, 5);
      prober.send(probe.substr(first));
      wait_until(loop, [&] { return prober.ended; });
      CHECK(prober.received.starts_with(probe.starts_with("GET") ? "HTTP/1.1 200 " : "HTTP/1.1 503 "));
    }
  }
}
