#include "proxy/exchange/exchange.h"

#include <chrono>

#include "tests/support/exchange_world.h"

using namespace lp;
using namespace lp::test;
using namespace lp::test::exchanges;

TEST_CASE("a public route is forwarded, and the answer comes back") {
  World world;
  Peer& client = world.ask(get("/strip/a?b=c", "X-Forwarded-User: evil\r\nX-Own: yes\r\n"));
  Peer& app = world.app_got(1, "\r\n\r\n");
  CHECK(app.received.starts_with("GET /a?b=c HTTP/1.1\r\n"));
  CHECK(app.has("Host: app.test\r\n"));
  CHECK(app.has("X-Own: yes\r\n"));
  CHECK_FALSE(app.has("evil"));
  app.send(kOk);
  world.wait_for(client, "\r\n\r\nok");
  CHECK(client.received.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(world.state.requests_in_flight == 0);
  // Both connections are used again.
  client.send(get("/again"));
  world.app_got(1, "GET /again HTTP/1.1\r\n").send(kOk);
  world.wait([&] { return client.count("\r\n\r\nok") == 2; });
  CHECK(turns_within_ms(world.loop(), 50) < kFewTurns);
}

TEST_CASE("what is answered without asking the app") {
  const struct {
    std::string says;
    std::string request;
    const char* status;
    bool closes;
  } cases[] = {
      {"a foreign Host", "GET / HTTP/1.1\r\nHost: other.test\r\n\r\n", "421", false},
      {"a path above the root", get("/../x"), "400", true},
      {"a broken escape", get("/%zz"), "400", true},
      {"an encoded slash", get("/a%2fb"), "400", true},
      {"a denied route", get("/deny/x"), "403", false},
      {"a script without session", get("/mine/x"), "401", false},
      {"a person without session while Logto is away",
       get("/mine/x", "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"), "503", false},
      {"an unknown own endpoint", get("/_auth/nothing"), "404", false},
      {"too much is announced", "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 20481\r\n\r\n", "413", true},
      {"bytes that are no HTTP", "\x01\x02\r\n\r\n", "400", true},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    World world;
    Peer& client = world.ask(c.request);
    world.wait_for(client, std::string("HTTP/1.1 ") + c.status);
    world.wait([&] { return client.has("\r\n\r\n"); });
    CHECK(client.has("Connection: close") == c.closes);
    if (c.closes) world.wait([&] { return client.ended; });
    CHECK(world.app->connections.empty());
    CHECK(world.state.requests_in_flight == 0);
  }
}

TEST_CASE("a chunked body over the limit is 413, and the app never gets a complete one") {
  World world;
  const std::string chunk = "2000\r\n" + std::string(0x2000, 'c') + "\r\n";
  Peer& client = world.ask("POST /up HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk);
  Peer& app = world.app_got(1, "2000\r\nccc");
  client.send(chunk + chunk + chunk + "0\r\n\r\n");
  world.wait_for(client, "HTTP/1.1 413 ");
  world.wait([&] { return app.ended; });
  CHECK_FALSE(app.received.ends_with("0\r\n\r\n"));
  world.wait([&] { return client.ended; });
  CHECK_FALSE(client.was_reset);
}

TEST_CASE("bodies arrive as they were sent") {
  World world;
  Peer& client =
      world.ask("POST /up HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  Peer& app = world.app_got(1, "0\r\n\r\n");
  CHECK(app.has("3\r\nabc\r\n0\r\n\r\n"));
  app.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n");
  world.wait_for(client, "2\r\nde\r\n0\r\n\r\n");
  client.send("PUT /up HTTP/1.1\r\nHost: app.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  world.wait_for(client, "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("body");
  world.app_got(2, "\r\n\r\nbody").send(kOk);  // a new one: whether this app keeps connections is not known yet
  world.wait_for(client, "\r\n\r\nok");
}

TEST_CASE("an app that fails is 502 or 504") {
  enum class Then { nothing, ends, resets };
  const struct {
    std::string says;
    std::string answer;
    Then then;
    const char* status;
  } cases[] = {
      {"it says nothing", "", Then::nothing, "504"},
      {"it says half a head", "HTTP/1.1 200 OK\r\nX", Then::nothing, "504"},
      {"it ends", "", Then::ends, "502"},
      {"it resets", "", Then::resets, "502"},
      {"it speaks something else", "hello\r\n\r\n", Then::nothing, "502"},
      {"it switches protocols unasked", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
       Then::nothing, "502"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    World world;
    Peer& client = world.ask(get("/x"));
    Peer& app = world.app_got(1, "\r\n\r\n");
    app.send(c.answer);
    if (c.then == Then::ends) app.end_sending();
    if (c.then == Then::resets) app.reset();
    world.wait_for(client, std::string("HTTP/1.1 ") + c.status);
    CHECK_FALSE(client.has("Connection: close"));
    client.send(get("/next"));
    world.app_got(2, "/next").send(kOk);
    world.wait_for(client, "\r\n\r\nok");
  }
}

TEST_CASE("an app that is not there is 502 at once") {
  World world;
  const auto began = std::chrono::steady_clock::now();
  Peer& client = world.ask(get("/away/x"));
  world.wait_for(client, "HTTP/1.1 502 ");
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(1));
}

TEST_CASE("an answer that breaks off is no complete answer for the client") {
  for (const bool silent : {false, true}) {
    CAPTURE(silent);
    World world;
    Peer& client = world.ask(get("/x"));
    Peer& app = world.app_got(1, "\r\n\r\n");
    app.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    world.wait_for(client, "abc");
    if (!silent) app.end_sending();
    world.wait([&] { return client.ended; });
    CHECK(client.was_reset);
    CHECK_FALSE(client.has("0\r\n\r\n"));
  }
}

TEST_CASE("a stale connection") {
  const struct {
    std::string says;
    std::string request;
    bool again;
  } cases[] = {
      {"GET is sent again", get("/x"), true},
      {"DELETE is sent again", "DELETE /x HTTP/1.1\r\nHost: app.test\r\n\r\n", true},
      {"POST is not", "POST /x HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1\r\n\r\na", false},
      {"PUT with a body is not", "PUT /x HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1\r\n\r\na", false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    World world;
    Peer& client = world.ask(get("/first"));
    world.app_got(1, "\r\n\r\n").send(kOk);
    world.wait_for(client, "\r\n\r\nok");
    turns_within_ms(world.loop(), 500);  // an app that keeps its connections, as far as anybody knows
    client.send(c.request);
    // It has come on the old connection, which dies under it.
    world.app_got(1, "/x HTTP/1.1\r\n").close();
    if (c.again) {
      world.app_got(2, "/x HTTP/1.1\r\n").send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain");
      world.wait_for(client, "again");
      continue;
    }
    world.wait_for(client, "HTTP/1.1 502 ");
    CHECK(world.app->connections.size() == 1);
  }
  SUBCASE("once only") {
    World world;
    Peer& client = world.ask(get("/first"));
    world.app_got(1, "\r\n\r\n").send(kOk);
    world.wait_for(client, "\r\n\r\nok");
    client.send(get("/x"));
    world.app_got(1, "/x HTTP/1.1\r\n").close();
    world.app_got(2, "/x HTTP/1.1\r\n").close();
    world.wait_for(client, "HTTP/1.1 502 ");
    CHECK(world.app->connections.size() == 2);
  }
}

TEST_CASE("an early answer in mid upload") {
  World world;
  Peer& client = world.ask("POST /up HTTP/1.1\r\nHost: app.test\r\nContent-Length: 20000\r\n\r\nabc");
  Peer& app = world.app_got(1, "abc");
  app.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
  world.wait_for(client, "\r\n\r\nno");
  CHECK(client.has("Connection: close"));
  client.send(std::string(19'997, 'x'));
  world.wait([&] { return client.ended; });
  CHECK_FALSE(client.was_reset);
  world.wait([&] { return app.ended; });
}

TEST_CASE("a client that goes away ends the request to the app") {
  const struct {
    std::string says;
    std::string request, answer;
  } cases[] = {
      {"while waiting", get("/x"), ""},
      {"in its own body", "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nab", ""},
      {"in the answer", get("/x"), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    World world;
    Peer& client = world.ask(c.request);
    Peer& app = world.app_got(1, "\r\n\r\n");
    app.send(c.answer);
    if (!c.answer.empty()) world.wait_for(client, "ab");
    client.reset();
    world.wait([&] { return app.ended; });
    CHECK(world.state.requests_in_flight == 0);
    world.wait([&] { return world.shares.open() == 0; });
  }
}

TEST_CASE("a client that reads slowly slows the app down, and both go on") {
  World world;
  Peer& client = world.connect();
  client.stop_reading();
  client.send(get("/big"));
  Peer& app = world.app_got(1, "\r\n\r\n");
  const std::string body(16 << 20, 'b');
  app.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  turns_within_ms(world.loop(), 200);
  CHECK_FALSE(app.all_sent());
  CHECK(turns_within_ms(world.loop(), 50) < kFewTurns);
  client.go_on_reading();
  world.wait([&] { return client.received.size() > body.size() || client.ended; });
  CHECK(client.received.ends_with("bbbb"));
  CHECK(client.received.size() > body.size());
}

TEST_CASE("a WebSocket is a tunnel, counted while it stands") {
  const std::string handshake =
      "GET /ws HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string accept =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  World world;
  SUBCASE("from a foreign page it is 403") {
    Peer& client = world.ask(handshake + "Origin: https://evil.test\r\n\r\n");
    world.wait_for(client, "HTTP/1.1 403 ");
    CHECK(world.app->connections.empty());
  }
  SUBCASE("from ours") {
    Peer& client = world.ask(handshake + "Origin: http://app.test\r\n\r\nearly");
    Peer& app = world.app_got(1, "\r\n\r\n");
    CHECK_FALSE(app.has("early"));
    SUBCASE("the app refuses") {
      app.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno");
      world.wait_for(client, "\r\n\r\nno");
      CHECK_FALSE(app.has("early"));
    }
    SUBCASE("the app proves nothing") {
      app.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
      world.wait_for(client, "HTTP/1.1 502 ");
      CHECK_FALSE(app.has("early"));
    }
    SUBCASE("the app accepts") {
      app.send(accept + "hello");
      world.wait_for(client, "\r\n\r\nhello");
      world.app_got(1, "early");
      CHECK(world.state.open_tunnels == 1);
      client.send("ping");
      world.app_got(1, "earlyping");
      SUBCASE("and closes") {
        app.send("bye");
        app.close();
        world.wait([&] { return client.ended; });
        CHECK(client.received.ends_with("bye"));
        CHECK_FALSE(client.was_reset);
      }
      SUBCASE("and the client closes") {
        client.close();
        world.wait([&] { return app.ended; });
        app.close();
      }
      world.wait([&] { return world.state.open_tunnels == 0; });
    }
  }
}

TEST_CASE("while draining, answers end their connections") {
  World world("30s");
  Peer& client = world.ask(get("/x"));
  Peer& idle = world.ask(get("/deny/x"));
  Peer& unused = world.connect();
  Peer& app = world.app_got(1, "\r\n\r\n");
  world.wait_for(idle, "403");
  world.state.draining = true;
  CHECK_MESSAGE(world.acceptor->drain() == 3, "a next request, or a first one, may be on its way");
  turns_within_ms(world.loop(), 400);
  CHECK(world.acceptor->drain() >= 1);
  world.wait([&] { return idle.ended; });
  CHECK_FALSE(unused.ended);
  app.send(kOk);
  world.wait([&] { return client.ended; });
  CHECK(client.has("Connection: close"));
  CHECK(client.received.ends_with("ok"));
}

TEST_CASE("connections in every state may be cut at the end of a worker") {
  World world;
  world.connect();
  world.ask("GET /half");
  world.ask(get("/mine/x") + get("/waiting"));
  world.ask("POST /up HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nab");
  world.ask(get("/away/x"));
  world.wait([&] { return world.state.requests_in_flight >= 2; });
}

TEST_CASE("beyond the limit connections wait until there is room") {
  World world;
  LimitSettings limits;
  limits.connections = limits.connections_per_address = 2;
  ConnectionShares shares{limits, world.trusted_proxies, world.clock, world.log};
  std::uint16_t port = 0;
  const Socket listening = listening_socket(port);
  Acceptor narrow(
      ClientEnvironment{world.context->loop, world.context->wheel, world.context->buffers,
                        world.context->settings.limits, world.context->settings.timeouts, world.context->client_headers,
                        world.context->scratch, world.state.memory, world.requests},
      {listening.fd()}, {shares}, *world.exchanges);
  std::vector<std::unique_ptr<Peer>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<Peer>(world.loop(), connected_socket(port)));
    clients.back()->send(get("/deny/x"));
  }
  world.wait([&] { return clients[0]->has("403") && clients[1]->has("403"); });
  CHECK(turns_within_ms(world.loop(), 250) < kFewTurns);
  CHECK(clients[2]->received.empty());
  clients[0]->close();
  world.wait([&] { return clients[2]->has("403"); });
}
