#include <doctest/doctest.h>

#include <chrono>

#include "tests/support/http1_client_world.h"

using namespace lp;
using namespace lp::test;
using namespace lp::test::connections;

TEST_CASE("deadlines") {
  World world(brief());
  SUBCASE("an idle connection is closed without a word") {
    world.wait([&] { return world.closed == 1; });
    world.wait([&] { return world.client->ended; });
    CHECK(world.client->received.empty());
  }
  SUBCASE("half a head is 408") {
    world.client->send("GET / HT");
    world.wait_for_client("HTTP/1.1 408 ");
    world.wait([&] { return world.client->ended; });
  }
  SUBCASE("a byte now and then buys nothing") {
    const std::string slow = "GET / HTTP/1.1\r\nHost: x\r\n";
    std::size_t at = 0;
    std::optional<Timer> drip;
    drip.emplace(world.loop, [&] {
      world.client->send(slow.substr(at++ % slow.size(), 1));
      if (at < slow.size()) drip->start_ms(30);
    });
    drip->start_ms(0);
    world.wait_for_client("HTTP/1.1 408 ");
  }
  SUBCASE("a body that stops is 408") {
    world.client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n01");
    world.wait_for_client("HTTP/1.1 408 ");
    world.wait([&] { return world.client->ended; });
    CHECK(world.script.bodies.front() == "01");
    CHECK(world.script.gone == 0);
  }
  SUBCASE("an exchange that takes its time is nobody's deadline") {
    world.client->send(kGet);
    world.wait([&] { return world.script.paths.size() == 1; });
    turns_within_ms(world.loop, 400);
    CHECK(world.closed == 0);
    send_response(*world.stream, "late");
    world.wait_for_client("late");
  }
  SUBCASE("a paused body is not the client's fault") {
    world.script.on_request = [](ClientStream& client, const ParsedRequest&) { client.pause_request_body(); };
    world.client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n01");
    world.wait([&] { return world.script.paths.size() == 1; });
    turns_within_ms(world.loop, 400);
    CHECK(world.closed == 0);
    CHECK(world.client->received.empty());
  }
  SUBCASE("the dropped rest of a body has a deadline too") {
    world.script.on_request = [](ClientStream& client, const ParsedRequest&) {
      client.send_answer(text_answer("early"), false, true);
    };
    world.client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n01");
    world.wait([&] { return world.closed == 1; });
  }
}

TEST_CASE("a client that does not read its answer is let go") {
  for (const bool complete : {true, false}) {
    CAPTURE(complete);
    World world(brief(), 4096);
    world.client->stop_reading();
    world.script.on_request = [&](ClientStream& client, const ParsedRequest&) {
      ResponseHead head;
      head.status = 200;
      OutgoingResponse out;
      out.body = {BodyFraming::Kind::length, 5'000'000};
      client.send_head(head, out);
      client.send_body(std::string(complete ? 5'000'000 : 4'000'000, 'x'));
      if (complete) client.end();
    };
    world.client->send(kGet);
    world.wait([&] { return world.closed == 1; });
    CHECK(world.script.gone == (complete ? 0 : 1));
  }
}

TEST_CASE("a client that half-closes still gets its answers") {
  SUBCASE("that are to come") {
    World world;
    world.client->send(get("/a") + get("/b"));
    world.client->end_sending();
    world.wait([&] { return world.script.paths.size() == 1; });
    CHECK(turns_within_ms(world.loop, 50) < kFewTurns);
    send_response(*world.stream, "first");
    world.wait([&] { return world.script.paths.size() == 2; });
    send_response(*world.stream, "second");
    world.wait([&] { return world.client->ended; });
    CHECK(world.client->has("first"));
    CHECK(world.client->has("second"));
    CHECK_FALSE(world.client->was_reset);
    world.wait([&] { return world.closed == 1; });
    CHECK(world.script.gone == 0);
  }
  SUBCASE("that wait for room in the kernel") {
    World world({}, 4096);
    world.client->stop_reading();
    const std::string body(1 << 20, 'h');
    world.script.on_request = [&](ClientStream& client, const ParsedRequest&) { send_response(client, body + "end"); };
    world.client->send(kGet);
    world.wait([&] { return world.script.paths.size() == 1; });
    world.client->end_sending();
    CHECK(turns_within_ms(world.loop, 50) < kFewTurns);
    world.client->go_on_reading();
    world.wait([&] { return world.client->ended; });
    CHECK(world.client->has("hend"));
    CHECK_FALSE(world.client->was_reset);
  }
  SUBCASE("but not for half a request") {
    World world;
    world.script.on_request = [&](ClientStream&, const ParsedRequest&) {};
    world.client->send(kGet + "GET /half HT");
    world.client->end_sending();
    world.wait([&] { return world.script.paths.size() == 1; });
    turns_within_ms(world.loop, 20);
    send_response(*world.stream, "whole");
    world.wait_for_client("whole");
    const auto began = std::chrono::steady_clock::now();
    world.wait([&] { return world.closed == 1; });
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(1));
  }
  SUBCASE("in the middle of a body it is gone") {
    World world;
    world.client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n01");
    world.client->end_sending();
    world.wait([&] { return world.closed == 1; });
    CHECK(world.script.gone == 1);
  }
}

TEST_CASE("an answer that ends the connection is not lost to a reset when the next request is on its way") {
  for (const bool says_close : {false, true}) {
    CAPTURE(says_close);
    World world;
    world.script.on_request = [](ClientStream& client, const ParsedRequest&) {
      client.send_answer(text_answer("the last", 400), false, false);
    };
    world.client->send(says_close ? "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" : kGet);
    world.wait_for_client("the last");
    world.wait([&] { return world.client->ended; });
    if (says_close) {
      CHECK(world.closed == 1);
      continue;
    }
    CHECK_FALSE(world.connection->is_busy());
    for (int i = 0; i < 3; ++i) {
      world.client->send(kGet);
      turns_within_ms(world.loop, 20);
    }
    CHECK_FALSE(world.client->was_reset);
    CHECK(world.script.paths.size() == 1);
    world.client->end_sending();
    world.wait([&] { return world.closed == 1; });
    CHECK_FALSE(world.client->was_reset);
  }
}

TEST_CASE("a client that resets is told to the exchange once") {
  World world;
  std::optional<Timer> pump;
  world.client->send(kGet);
  world.wait([&] { return world.script.paths.size() == 1; });
  world.client->reset();
  world.wait([&] { return world.closed == 1; });
  CHECK(world.script.gone == 1);
}

TEST_CASE("errors while writing come later, never inside the call") {
  for (const bool pipelined : {false, true}) {
    CAPTURE(pipelined);
    World world;
    std::optional<Timer> pump;
    // Paused, the connection hears of the reset only by writing.
    world.script.on_request = [&](ClientStream& client, const ParsedRequest&) { client.pause_request_body(); };
    world.client->send((pipelined ? kGet : "") + "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
    if (pipelined) {
      world.wait([&] { return world.script.paths.size() == 1; });
      turns_within_ms(world.loop, 10);
      world.stream->send_answer(text_answer("a"), false, true);
      world.wait([&] { return world.script.paths.size() == 2; });
    } else {
      world.wait([&] { return world.script.paths.size() == 1; });
    }
    world.client->reset();
    ResponseHead head;
    head.status = 200;
    OutgoingResponse out;
    out.body = {BodyFraming::Kind::chunked, 0};
    world.stream->send_head(head, out);
    pump.emplace(world.loop, [&] {
      const int gone = world.script.gone;
      for (int i = 0; i < 10; ++i) world.stream->send_body(std::string(20'000, 'p'));
      world.stream->flush();
      CHECK(world.script.gone == gone);
      pump->start_ms(0);
    });
    pump->start_ms(0);
    world.wait([&] {
      if (world.closed == 1) pump.reset();
      return world.closed == 1;
    });
    CHECK(world.script.gone == 1);
  }
}

TEST_CASE("an exchange may break off in each of its callbacks") {
  enum class In { request, body, end, drained, timer };
  for (const In where : {In::request, In::body, In::end, In::drained, In::timer}) {
    CAPTURE(static_cast<int>(where));
    World world({}, where == In::drained ? 4096 : 0);
    const auto abort_in = [&](In here) {
      return [&world, where, here](ClientStream& client) {
        if (where == here && world.closed == 0) client.abort();
      };
    };
    Timer timer(world.loop, [&] { abort_in(In::timer)(*world.stream); });
    world.script.on_request = [&](ClientStream& client, const ParsedRequest&) {
      ResponseHead head;
      head.status = 200;
      OutgoingResponse out;
      out.body = {BodyFraming::Kind::chunked, 0};
      client.send_head(head, out);
      client.send_body(std::string(where == In::drained ? 1'000'000 : 10, 'x'));
      client.flush();
      timer.start_ms(5);
      abort_in(In::request)(client);
    };
    world.script.on_body = [&](ClientStream& client, std::string_view) { abort_in(In::body)(client); };
    world.script.on_end = abort_in(In::end);
    world.script.on_drained = abort_in(In::drained);
    world.client->send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + kGet);
    world.wait([&] { return world.closed == 1; });
    world.wait([&] { return world.client->ended; });
    CHECK_FALSE(world.client->has("0\r\n\r\n"));
    CHECK(world.script.gone == 0);
  }
}

TEST_CASE("100 is sent when asked for") {
  World world;
  world.script.on_request = [](ClientStream& client, const ParsedRequest& request) {
    CHECK(request.expect_continue);
    client.send_continue();
  };
  world.script.on_end = [](ClientStream& client) { client.send_answer(text_answer("got it"), false, true); };
  world.client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  world.wait_for_client("HTTP/1.1 100 Continue\r\n\r\n");
  world.client->send("abc");
  world.wait_for_client("got it");
  CHECK(world.script.bodies.front() == "abc");
}

TEST_CASE("an answer without known length ends with the connection for HTTP/1.0") {
  World world;
  world.script.on_request = [](ClientStream& client, const ParsedRequest& request) {
    CHECK(request.head.version_minor == 0);
    ResponseHead head;
    head.status = 200;
    OutgoingResponse out;
    out.body = {BodyFraming::Kind::until_close, 0};
    out.client_version_minor = 0;
    out.keep_alive = false;
    client.send_head(head, out);
    client.send_body("raw ");
    client.send_body("bytes");
    client.end();
  };
  world.client->send("GET / HTTP/1.0\r\nHost: x\r\n\r\n");
  world.wait([&] { return world.client->ended; });
  CHECK(world.client->received.ends_with("\r\n\r\nraw bytes"));
  CHECK_FALSE(world.client->was_reset);
}

namespace {
void open_tunnel(ClientStream& client) {
  ResponseHead head;
  head.status = 101;
  OutgoingResponse out;
  out.upgrade = "websocket";
  client.send_head(head, out);
  client.flush();
  client.become_tunnel();
}
const std::string kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}  // namespace

TEST_CASE("a tunnel holds early bytes until the 101, then passes all in order") {
  for (const std::size_t early_bytes : {std::size_t{0}, std::size_t{5}, std::size_t{40'000}}) {
    CAPTURE(early_bytes);
    World world;
    const std::string early(early_bytes, 'e');
    world.client->send(kUpgrade + early);
    world.wait([&] { return world.script.paths.size() == 1; });
    CHECK(turns_within_ms(world.loop, 50) < kFewTurns);
    CHECK(world.script.bodies.front().empty());
    open_tunnel(*world.stream);
    CHECK(world.script.bodies.front().empty());  // not inside the call
    world.client->send("late");
    world.wait([&] { return world.script.bodies.front().size() == early_bytes + 4; });
    CHECK(world.script.bodies.front() == early + "late");
    world.stream->send_body("from the app");
    world.stream->flush();
    world.wait_for_client("from the app");
    CHECK(turns_within_ms(world.loop, 50) < kFewTurns);
    SUBCASE("the client's end is told and does not spin") {
      world.client->end_sending();
      world.wait([&] { return world.script.ends == 1; });
      CHECK(turns_within_ms(world.loop, 50) < kFewTurns);
      world.stream->send_body("last words");
      world.stream->end();
      world.wait([&] { return world.client->ended; });
      CHECK(world.client->has("last words"));
      CHECK(world.closed == 1);
    }
    SUBCASE("the app's end reaches a client that is still talking") {
      world.client->stop_reading();
      world.stream->send_body("last words");
      world.stream->end();
      world.client->send(std::string(500'000, 't'));
      world.wait([&] { return world.client->all_sent() || world.closed == 1; });
      turns_within_ms(world.loop, 50);
      world.client->go_on_reading();
      world.wait([&] { return world.client->ended; });
      CHECK(world.client->has("last words"));
      CHECK_FALSE(world.client->was_reset);
    }
    SUBCASE("a reset is told once") {
      world.client->reset();
      world.wait([&] { return world.closed == 1; });
      CHECK(world.script.gone == 1);
    }
  }
}

TEST_CASE("a tunnel behind a head that fills the buffer to its last byte") {
  World world;
  std::string request = kUpgrade.substr(0, kUpgrade.size() - 2) + "X-Fill: ";
  request += std::string(BufferPool::kSmallBytes - request.size() - 4, 'f') + "\r\n\r\n";
  REQUIRE(request.size() == BufferPool::kSmallBytes);
  world.client->send(request);
  world.wait([&] { return world.script.paths.size() == 1; });
  world.client->send("early");
  CHECK(turns_within_ms(world.loop, 20) < kFewTurns);
  open_tunnel(*world.stream);
  world.wait([&] { return world.script.bodies.front() == "early"; });
}

TEST_CASE("a tunnel whose client has ended before it began") {
  World world;
  world.client->send(kUpgrade + "early");
  world.client->end_sending();
  world.wait([&] { return world.script.paths.size() == 1; });
  CHECK(turns_within_ms(world.loop, 20) < kFewTurns);
  open_tunnel(*world.stream);
  world.wait([&] { return world.script.ends == 1; });
  CHECK(world.script.bodies.front() == "early");
  CHECK(turns_within_ms(world.loop, 20) < kFewTurns);
}

TEST_CASE("draining closes connections that have nothing to lose, and only these") {
  SUBCASE("an idle one") {
    World world;
    world.connection->close_if_idle();
    CHECK(world.closed == 1);
    world.wait([&] { return world.client->ended; });
  }
  SUBCASE("a request that nobody has read yet") {
    World world;
    world.client->send(kGet);
    CHECK(wait_until(world.loop, [&] { return world.connection->is_busy(); }));
    world.connection->close_if_idle();
    CHECK(world.closed == 0);
    world.wait([&] { return world.script.paths.size() == 1; });
  }
  SUBCASE("a half-sent head") {
    World world;
    world.client->send("GET /");
    turns_within_ms(world.loop, 20);
    world.connection->close_if_idle();
    CHECK(world.closed == 0);
  }
  SUBCASE("one whose answer is still on its way") {
    World world({}, 4096);
    world.client->stop_reading();
    const std::string body(1 << 20, 'h');
    world.script.on_request = [&](ClientStream& client, const ParsedRequest&) { send_response(client, body + "end"); };
    world.client->send(kGet);
    world.wait([&] { return world.script.paths.size() == 1; });
    CHECK(world.connection->is_busy());
    world.connection->close_if_idle();
    CHECK(world.connection->is_busy());
    world.client->go_on_reading();
    world.wait([&] { return world.client->ended; });
    CHECK(world.client->has("hend"));
    CHECK_FALSE(world.client->was_reset);
    CHECK(world.closed == 1);
  }
}

TEST_CASE("a connection may be destroyed in every phase") {
  for (const std::string& bytes :
       {std::string(), std::string("GET"), kGet,
        std::string("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1"), kGet + kGet, std::string("bad\n")}) {
    CAPTURE(bytes);
    World world;
    world.client->send(bytes);
    turns_within_ms(world.loop, 10);
    world.connection.reset();
    turns_within_ms(world.loop, 10);
  }
}
