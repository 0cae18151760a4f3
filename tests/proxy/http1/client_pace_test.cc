#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <optional>

#include "tests/support/http1_client_world.h"

using namespace lp;
using namespace lp::test;
using namespace lp::test::connections;

namespace {

// Silence is no matter here: whoever is let go is so for the rate.
TimeoutSettings windowed() {
  TimeoutSettings timeouts;
  timeouts.rate_window_ms = 400;
  return timeouts;
}

// Does the same every so often as long as it lives.
struct Drip {
  Drip(EventLoop& loop, std::int64_t every_ms, std::function<void()> what)
      : timer(loop, [this, every_ms, what = std::move(what)] {
          what();
          timer.start_ms(every_ms);
        }) {
    timer.start_ms(0);
  }
  Timer timer;
};

void send_head_of(ClientStream& client, const BodyFraming& body, std::string_view type) {
  ResponseHead head;
  head.status = 200;
  head.fields.add("Content-Type", type);
  OutgoingResponse out;
  out.body = body;
  client.send_head(head, out);
}

// Megabytes for a client that reads a little now and then, and longer than the window.
struct SlowReader {
  World world{windowed(), 4096};
  std::optional<Drip> drip;

  SlowReader() {
    world.limits.minimum_rate = 1'000'000;
    world.client->stop_reading();
  }
  void answer_as(BodyFraming body, std::string_view type) {
    world.script.on_request = [=](ClientStream& client, const ParsedRequest&) {
      send_head_of(client, body, type);
      client.send_body(std::string(4'000'000, 'x'));
      client.flush();
    };
    world.client->send(kGet);
    drip.emplace(world.loop, 50, [this] { world.client->read_once(); });
  }
};

}  // namespace

TEST_CASE("a body that comes slower than the minimum rate is 408, though it never stops") {
  World world(windowed());
  world.limits.minimum_rate = 10'000;
  world.client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
  const Drip drip(world.loop, 20, [&] { world.client->send("x"); });
  world.wait_for_client("HTTP/1.1 408 ");
  CHECK(world.script.gone == 0);
}

TEST_CASE("one that keeps the rate, and one of a route that asks for none, go on") {
  for (const bool is_free : {false, true}) {
    CAPTURE(is_free);
    World world(windowed());
    world.limits.minimum_rate = 10'000;
    if (is_free)
      world.script.on_request = [](ClientStream& client, const ParsedRequest&) { client.set_minimum_rate(kUnlimited); };
    world.client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n");
    const Drip drip(world.loop, 20, [&] { world.client->send(std::string(is_free ? 1 : 10'000, 'x')); });
    turns_within_ms(world.loop, 1500);
    CHECK(world.closed == 0);
    CHECK(world.client->received.empty());
  }
}

TEST_CASE("while we do not take a body its client is not slow") {
  World world(windowed());
  world.limits.minimum_rate = 10'000;
  world.script.on_request = [](ClientStream& client, const ParsedRequest&) { client.pause_request_body(); };
  world.client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n01");
  turns_within_ms(world.loop, 1500);
  CHECK(world.closed == 0);
}

TEST_CASE("nor while its app thinks") {
  World world(windowed());
  world.limits.minimum_rate = 10'000;
  world.client->send(kGet);
  turns_within_ms(world.loop, 1500);
  CHECK(world.closed == 0);
  send_response(*world.stream, "late");
  world.wait_for_client("late");
}

TEST_CASE("a client that takes its answer slower than the minimum rate is let go, though it never stops") {
  SlowReader reader;
  reader.answer_as({BodyFraming::Kind::length, 4'000'000}, "application/zip");
  reader.world.wait([&] { return reader.world.closed == 1; });
  CHECK(reader.world.script.gone == 1);
}

TEST_CASE("an event stream may be taken as slowly as its reader likes") {
  SlowReader reader;
  reader.answer_as({BodyFraming::Kind::chunked, 0}, "Text/Event-Stream;charset=utf-8");
  turns_within_ms(reader.world.loop, 2000);
  CHECK(reader.world.closed == 0);
}

TEST_CASE("and so may a tunnel") {
  SlowReader reader;
  reader.world.script.on_request = [](ClientStream& client, const ParsedRequest&) {
    ResponseHead head;
    head.status = 101;
    OutgoingResponse out;
    out.upgrade = "websocket";
    client.send_head(head, out);
    client.become_tunnel();
    client.send_body(std::string(4'000'000, 'x'));
    client.flush();
  };
  reader.world.client->send(kGet);
  reader.drip.emplace(reader.world.loop, 50, [&] { reader.world.client->read_once(); });
  turns_within_ms(reader.world.loop, 2000);
  CHECK(reader.world.closed == 0);
}

TEST_CASE("a head that comes at the rate has its time twice, and no more") {
  World world;
  world.timeouts.request_head_ms = 500;
  world.limits.minimum_rate = 2000;
  const auto began = std::chrono::steady_clock::now();
  const std::string piece = "X-Long-Name: " + std::string(200, 'v') + "\r\n";
  world.client->send("GET / HTTP/1.1\r\nHost: x\r\n");
  const Drip drip(world.loop, 20, [&] { world.client->send(piece); });
  world.wait_for_client("HTTP/1.1 ");
  CHECK(world.client->has("HTTP/1.1 408 "));
  CHECK(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(1000));
}
