#include "tests/support/http1_client_world.h"

#include <doctest/doctest.h>

using namespace lp;
using namespace lp::test;
using namespace lp::test::connections;

TEST_CASE("one request, one answer, and the connection stays") {
  World world;
  world.script.on_request = [](ClientStream& client, const ParsedRequest&) {
    client.send_answer(text_answer("hello\n"), false, true);
  };
  world.client->send(get("/a"));
  world.wait_for_client("hello\n");
  CHECK_FALSE(world.client->has("Connection: close"));
  world.client->received.clear();
  world.client->send(get("/b"));
  world.wait_for_client("hello\n");
  CHECK(world.script.paths == std::vector<std::string>{"/a", "/b"});
  CHECK(turns_within_ms(world.loop, 50) < kFewTurns);
  world.client->close();
  world.wait([&] { return world.closed == 1; });
  CHECK(world.script.gone == 0);
}

TEST_CASE("a head in every split position") {
  const std::string request = "GET /split HTTP/1.1\r\nHost: x\r\nX-Y: z\r\n\r\n";
  World world;
  world.script.on_request = [](ClientStream& client, const ParsedRequest&) {
    client.send_answer(text_answer("ok\n"), false, true);
  };
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    world.client->received.clear();
    world.client->send(request.substr(0, cut));
    bool sent = false;
    Timer rest(world.loop, [&] {
      sent = true;
      world.client->send(request.substr(cut));
    });
    rest.start_ms(0);
    world.wait([&] { return sent && world.client->has("ok\n"); });
  }
  CHECK(world.script.paths.size() == request.size() - 1);
  CHECK(world.script.refused.empty());
}

TEST_CASE("a thousand pipelined requests are answered in order") {
  const struct {
    std::string says;
    bool at_once;
  } cases[] = {{"answered inside on_request", true}, {"answered later", false}};
  for (const auto& c : cases) {
    CAPTURE(c.says);
    World world;
    std::optional<Timer> later;
    std::string path;
    later.emplace(world.loop, [&] { send_response(*world.stream, "[" + path + "]"); });
    int depth = 0;
    world.script.on_request = [&](ClientStream& client, const ParsedRequest& request) {
      CHECK(++depth == 1);
      path = request.path_and_query;
      if (c.at_once) {
        client.send_answer(text_answer("[" + path + "]"), false, true);
      } else {
        later->start_ms(0);
      }
      --depth;
    };
    std::string all;
    for (int i = 0; i < 1000; ++i) all += get("/" + std::to_string(i));
    world.client->send(all);
    world.wait_for_client("[/999]");
    CHECK(world.script.paths.size() == 1000);
    CHECK(world.client->count("HTTP/1.1 200 ") == 1000);
    std::size_t at = 0;
    bool in_order = true;
    for (int i = 0; i < 1000 && in_order; ++i) {
      at = world.client->received.find("[/" + std::to_string(i) + "]", at);
      in_order = at != std::string::npos;
    }
    CHECK(in_order);
    CHECK(world.closed == 0);
  }
}

TEST_CASE("a client that pipelines without reading is not read from without end") {
  World world({}, 4096);
  const std::string body(32 * 1024, 'b');
  world.script.on_request = [&](ClientStream& client, const ParsedRequest&) {
    client.send_answer(text_answer(body), false, true);
  };
  world.client->stop_reading();
  std::string all;
  for (int i = 0; i < 20'000; ++i) all += kGet;
  world.client->send(all);
  CHECK(turns_within_ms(world.loop, 300) < 500);
  CHECK(world.connection->unsent_bytes() < 1024 * 1024);
  CHECK(world.script.paths.size() < 1000);
  CHECK(turns_within_ms(world.loop, 100) < kFewTurns);
  world.client->go_on_reading();
  world.wait([&] { return world.script.paths.size() >= 1000; });
}

namespace {
// Whether chunks of which nobody knows how many they are are still to come when the answer is given: of a request of
// which this much comes first.
bool answers_before_end(const std::string& request, std::size_t cut, bool at_head, bool at_first_byte) {
  const std::size_t head_end = request.find("\r\n\r\n") + 4;
  const bool has_chunks = request.find("chunked") != std::string::npos && cut < request.size();
  return has_chunks && ((at_head && cut >= head_end) || (at_first_byte && cut > request.find("0123", head_end)));
}
}  // namespace

TEST_CASE("chunks that are still to come when they are answered end the connection, and that is said") {
  const std::string request =
      "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n";
  for (const bool at_head : {true, false}) {
    for (std::size_t cut = 1; cut < request.size(); ++cut) {
      const bool ends = answers_before_end(request, cut, at_head, !at_head);
      CAPTURE(at_head);
      CAPTURE(cut);
      World world;
      bool answered = false;
      const auto once = [&](ClientStream& client) {
        if (!std::exchange(answered, true)) client.send_answer(text_answer("done"), false, true);
      };
      world.script.on_request = [&](ClientStream& client, const ParsedRequest&) {
        if (at_head) once(client);
      };
      world.script.on_body = [&](ClientStream& client, std::string_view) { once(client); };
      world.client->send(request.substr(0, cut));
      (void)turns_within_ms(world.loop, 1);
      world.client->send(request.substr(cut));
      world.wait_for_client("done");
      CHECK(world.client->has("Connection: close") == ends);
      if (!ends) continue;
      world.wait([&] { return world.client->ended; });
      CHECK_FALSE(world.client->was_reset);
    }
  }
}

TEST_CASE("bodies by length and chunked, the next request behind them, in every split position") {
  const struct {
    std::string says;
    std::string request;
    const char* body;
  } cases[] = {
      {"by length", "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789", "0123456789"},
      {"chunked",
       "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4;e=1\r\n0123\r\n6\r\n456789\r\n0\r\nT: "
       "v\r\n\r\n",
       "0123456789"},
      {"length 0", "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", ""},
      {"chunked and empty", "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""},
  };
  enum class When { at_end, at_once, at_first_byte, later };
  for (const auto& c : cases) {
    for (const When when : {When::at_end, When::at_once, When::at_first_byte, When::later}) {
      CAPTURE(c.says);
      CAPTURE(static_cast<int>(when));
      World world;
      bool answered = false;
      Timer later(world.loop, [&] { send_response(*world.stream, "done"); });
      const auto answer = [&](ClientStream& client) {
        if (std::exchange(answered, true)) return;
        client.send_answer(text_answer("done"), false, true);
      };
      world.script.on_request = [&](ClientStream& client, const ParsedRequest& request) {
        answered = false;
        const bool has_body = request.body.kind == BodyFraming::Kind::chunked || request.body.length > 0;
        if (when == When::later && !has_body) return later.start_ms(0);
        if (when == When::at_once || !has_body) answer(client);
      };
      world.script.on_body = [&](ClientStream& client, std::string_view) {
        if (when == When::at_first_byte) answer(client);
      };
      world.script.on_end = [&](ClientStream& client) {
        if (when == When::later) return later.start_ms(0);
        answer(client);
      };
      const std::string both = c.request + "GET /next HTTP/1.1\r\nHost: x\r\n\r\n";
      for (std::size_t cut = 1; cut < both.size(); ++cut) {
        if (answers_before_end(c.request, cut, when == When::at_once, when == When::at_first_byte)) continue;
        world.client->received.clear();
        world.script.paths.clear();
        world.script.bodies.clear();
        world.client->send(both.substr(0, cut));
        bool sent = false;
        Timer rest(world.loop, [&] {
          sent = true;
          world.client->send(both.substr(cut));
        });
        rest.start_ms(0);
        world.wait([&] { return (sent && world.client->count("done") == 2) || world.client->ended; });
        REQUIRE(world.script.paths == std::vector<std::string>{"/p", "/next"});
        if (when == When::at_end || when == When::later) REQUIRE(world.script.bodies.front() == c.body);
      }
      CHECK(world.script.refused.empty());
      CHECK(world.closed == 0);
      CHECK(turns_within_ms(world.loop, 20) < kFewTurns);
    }
  }
}

TEST_CASE("a body that came with its head waits while the exchange has paused it") {
  World world;
  const std::string request = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234";
  world.script.on_request = [](ClientStream& client, const ParsedRequest&) { client.pause_request_body(); };
  world.client->send(request);
  world.wait([&] { return world.script.paths.size() == 1; });
  world.client->send("56789" + get("/next"));
  CHECK(turns_within_ms(world.loop, 50) < kFewTurns);
  CHECK(world.script.bodies.front().empty());

  SUBCASE("resumed, it comes complete and in order") {
    world.stream->resume_request_body();
    CHECK(world.script.bodies.front().empty());  // not inside the call
    world.wait([&] { return world.script.ends == 1; });
    CHECK(world.script.bodies.front() == "0123456789");
    send_response(*world.stream, "done");
  }
  SUBCASE("answered instead, it is dropped") {
    world.stream->resume_request_body();
    world.stream->send_answer(text_answer("no"), false, true);
  }
  SUBCASE("answered while paused, it is dropped") { world.stream->send_answer(text_answer("no"), false, true); }
  world.wait([&] { return world.script.paths.size() == 2; });
  CHECK(world.script.paths.back() == "/next");
}

TEST_CASE("back-pressure stops reading, and goes on where it stopped") {
  World world;
  std::string sent;
  bool paused = false;
  world.script.on_body = [&](ClientStream& client, std::string_view) {
    paused = true;
    client.pause_request_body();
  };
  const std::string body(3 << 20, 'u');
  world.client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                     body);
  for (int i = 0; i < 10; ++i) {
    world.wait([&] { return paused; });
    const std::size_t before = world.script.bodies.front().size();
    CHECK(turns_within_ms(world.loop, 20) < kFewTurns);
    CHECK(world.script.bodies.front().size() == before);
    paused = false;
    world.stream->resume_request_body();
  }
  world.script.on_body = nullptr;
  world.stream->resume_request_body();
  world.wait([&] { return world.script.ends == 1; });
  CHECK(world.script.bodies.front() == body);
}

TEST_CASE("an answer larger than the kernel takes is told when it is through") {
  World world({}, 4096);
  world.client->stop_reading();
  const std::string body(2 << 20, 'd');
  bool ended = false;
  world.script.on_request = [&](ClientStream& client, const ParsedRequest&) {
    ResponseHead head;
    head.status = 200;
    OutgoingResponse out;
    out.body = {BodyFraming::Kind::chunked, 0};
    client.send_head(head, out);
    client.send_body(body);
    client.send_body("tail");
    client.flush();
  };
  world.script.on_drained = [&](ClientStream& client) {
    if (!std::exchange(ended, true)) client.end();
  };
  world.client->send(kGet + get("/next"));
  world.wait([&] { return world.script.paths.size() == 1; });
  CHECK(turns_within_ms(world.loop, 50) < kFewTurns);
  CHECK(world.script.drained == 0);
  world.client->go_on_reading();
  world.wait([&] { return world.script.paths.size() == 2; });
  CHECK(world.script.drained >= 1);
  CHECK(world.client->has("200000\r\nddd"));
  CHECK(world.client->has("4\r\ntail\r\n0\r\n\r\n"));
}

TEST_CASE("what a client does not read is counted while it is here, and says whether more should come") {
  using Room = ClientStream::Room;
  const struct {
    std::string says;
    std::size_t body_bytes;
    std::int64_t taken_by_others;
    Room room;
    bool is_counted;
  } cases[] = {
      {"a little", 40'000, 0, Room::some, true},
      {"much", 200'000, 0, Room::none, true},
      {"a little where memory is short", 60'000, 300'000, Room::none, true},
      {"more than one client may have", 500'000, 0, Room::none_of_all, false},
      {"a little where there is no more", 60'000, 750'000, Room::none_of_all, false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    World world({}, 4096);
    ReservedMemory a(world.memory), b(world.memory);
    REQUIRE(a.cover(static_cast<std::size_t>(c.taken_by_others / 2), "192.0.2.7"));
    REQUIRE(b.cover(static_cast<std::size_t>(c.taken_by_others / 2), "192.0.2.8"));
    world.client->stop_reading();
    const std::string body(c.body_bytes, 'd');
    world.script.on_request = [&](ClientStream& client, const ParsedRequest&) { send_response(client, body); };
    world.client->send(kGet);
    world.wait([&] { return world.script.paths.size() == 1 && world.stream->unsent_bytes() > 0; });
    CHECK(world.stream->room() == c.room);
    CHECK((world.memory.used_bytes() > c.taken_by_others) == c.is_counted);
    world.client->go_on_reading();
    world.wait([&] { return world.stream->unsent_bytes() == 0; });
    CHECK(world.stream->room() == Room::some);
    CHECK(world.memory.used_bytes() == c.taken_by_others);
    world.wait_for_client(body);
  }
}

TEST_CASE("an early answer: the rest of the body is dropped, or the connection ends gently") {
  const struct {
    std::string says;
    std::string head;
    std::size_t body_bytes;
    bool kept;
  } cases[] = {
      {"a small rest keeps the connection", "Content-Length: 40000\r\n", 40'000, true},
      {"a long announced body ends it", "Content-Length: 4000000\r\n", 4'000'000, false},
      {"a client that waits for 100 ends it", "Content-Length: 10\r\nExpect: 100-continue\r\n", 0, false},
      {"chunks of which the last is not here end it", "Transfer-Encoding: chunked\r\n", 0, false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    World world;
    world.script.on_request = [](ClientStream& client, const ParsedRequest&) {
      client.send_answer(text_answer("early\n"), false, true);
    };
    world.client->send("POST / HTTP/1.1\r\nHost: x\r\n" + c.head + "\r\n");
    world.wait_for_client("early\n");
    CHECK(world.client->has("Connection: close") == !c.kept);
    world.client->send(std::string(c.body_bytes, 'x'));
    if (c.kept) {
      world.client->send(get("/next"));
      world.wait([&] { return world.client->count("early\n") == 2; });
    } else {
      world.wait([&] { return world.client->ended; });
      CHECK_FALSE(world.client->was_reset);
      world.client->close();
      world.wait([&] { return world.closed == 1; });
    }
    CHECK(world.script.bodies.front().empty());
  }
}

// The client is still sending when it is answered: closing with unread bytes would reset the connection, and the
// answer would be lost on its way.
TEST_CASE("an answer in mid upload is not eaten by a reset") {
  const std::string chunk = "8000\r\n" + std::string(0x8000, 'c') + "\r\n";
  const struct {
    std::string says;
    std::string first;
    std::string rest;
  } cases[] = {
      {"an endless chunked body", "Transfer-Encoding: chunked\r\n\r\n", chunk + chunk + chunk + chunk},
      {"a broken chunk after the answer", "Transfer-Encoding: chunked\r\n\r\n", chunk + "nonsense" + chunk},
      {"a broken chunk before the answer", "Transfer-Encoding: chunked\r\nX-Wait: 1\r\n\r\n",
       "nonsense\r\n" + chunk + chunk + chunk + chunk},
      {"a body beyond its answer", "Content-Length: 10000000\r\n\r\n", std::string(3'000'000, 'l')},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    World world;
    world.script.on_request = [](ClientStream& client, const ParsedRequest& request) {
      if (!request.head.fields.has("X-Wait")) client.send_answer(text_answer("early\n", 401), false, true);
    };
    world.client->stop_reading();
    world.client->send("POST / HTTP/1.1\r\nHost: x\r\n" + c.first);
    world.wait([&] { return world.script.paths.size() == 1; });
    world.client->send(c.rest);
    world.wait([&] { return world.client->all_sent() || world.closed == 1; });
    CHECK(turns_within_ms(world.loop, 50) < 500);
    world.client->go_on_reading();
    world.wait([&] { return world.client->ended; });
    CHECK_FALSE(world.client->was_reset);
    CHECK(world.client->count("HTTP/1.1 4") == 1);
    world.client->close();
    world.wait([&] { return world.closed == 1; });
  }
}

TEST_CASE("a last answer before pipelined requests is not eaten by a reset") {
  World world;
  world.client->stop_reading();
  world.client->send("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
  world.wait([&] { return world.script.paths.size() == 1; });
  world.client->send("01234" + get("/never"));
  world.wait([&] { return world.script.ends == 1; });
  std::string more;
  for (int i = 0; i < 20'000; ++i) more += kGet;
  world.client->send(more);
  CHECK(turns_within_ms(world.loop, 50) < kFewTurns);
  send_response(*world.stream, "last", false);
  world.wait([&] { return world.client->all_sent(); });
  CHECK(turns_within_ms(world.loop, 50) < 500);
  world.client->go_on_reading();
  world.wait([&] { return world.client->ended; });
  CHECK_FALSE(world.client->was_reset);
  CHECK(world.client->has("last"));
  CHECK(world.script.paths.size() == 1);
  world.client->close();
  world.wait([&] { return world.closed == 1; });
}

TEST_CASE("pipelined requests beyond the spare room wait without a busy loop") {
  World world;
  std::string more;
  for (int i = 0; i < 3000; ++i) more += get("/" + std::to_string(i));
  world.client->send(more);
  world.wait([&] { return world.script.paths.size() == 1; });
  CHECK(turns_within_ms(world.loop, 100) < kFewTurns);
  world.script.on_request = [](ClientStream& client, const ParsedRequest&) {
    client.send_answer(text_answer("x"), false, true);
  };
  world.stream->send_answer(text_answer("x"), false, true);
  world.wait([&] { return world.script.paths.size() == 3000; });
  CHECK(world.script.paths.back() == "/2999");
}

TEST_CASE("refusals are answered once, and the connection ends gently") {
  const struct {
    std::string says;
    std::string bytes;
    const char* status;
  } cases[] = {
      {"a bare LF", "GET / HTTP/1.1\nHost: x\n\n", "400"},
      {"two lengths", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", "400"},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
      {"an endless target", "GET /" + std::string(70'000, 'a'), "414"},
      {"an endless field", "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(70'000, 'a'), "431"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    World world;
    world.client->send(c.bytes + kGet);
    world.wait_for_client(std::string("HTTP/1.1 ") + c.status);
    world.wait([&] { return world.client->ended; });
    CHECK(world.client->count("HTTP/1.1") == 1);
    CHECK(world.client->has("Connection: close"));
    CHECK_FALSE(world.client->was_reset);
    CHECK(world.script.paths.empty());
    CHECK(world.script.refused.size() == 1);
    world.client->close();
    world.wait([&] { return world.closed == 1; });
  }
}

TEST_CASE("a good request before a bad one is answered first") {
  World world;
  world.script.on_request = [](ClientStream& client, const ParsedRequest&) {
    client.send_answer(text_answer("good\n"), false, true);
  };
  world.client->send(kGet + "BAD\r\n\r\n");
  world.wait([&] { return world.client->ended; });
  CHECK(world.client->has("good\n"));
  CHECK(world.client->has("refused\n"));
  CHECK(world.client->received.find("good") < world.client->received.find("refused"));
}
