#include "tests/support/exchange_world.h"

using namespace lp;
using namespace lp::test;
using namespace lp::test::exchanges;

// Bodies that the gatekeeper wants to see before it judges.

namespace {

using Kind = Verdict::Kind;

std::string post(const std::string& path, const std::string& more, const std::string& body = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: app.test\r\n" + more + "\r\n" + body;
}
std::string post_length(const std::string& path, const std::string& body) {
  return post(path, "Content-Length: " + std::to_string(body.size()) + "\r\n", body);
}
std::string chunk(const std::string& data) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  return size + data + "\r\n";
}
const std::string kChunked = "Transfer-Encoding: chunked\r\n";

}  // namespace

TEST_CASE("the gatekeeper sees a whole body and answers, and the connection lives on") {
  const struct {
    std::string says;
    std::string head, rest, body;
  } cases[] = {
      {"with a length, in one piece", post("/_auth/x", "Content-Length: 5\r\n", "hello"), "", "hello"},
      {"with a length, in pieces", post("/_auth/x", "Content-Length: 5\r\n", "he"), "llo", "hello"},
      {"chunked", post("/_auth/x", kChunked, chunk("hel")), chunk("lo") + "0\r\n\r\n", "hello"},
      {"chunked, in one piece", post("/_auth/x", kChunked, chunk("hel") + chunk("lo") + "0\r\n\r\n"), "", "hello"},
      {"just within the limit", post("/_auth/x", "Content-Length: 8\r\n", "exactly8"), "", "exactly8"},
      {"none", post("/_auth/x", "Content-Length: 0\r\n"), "", ""},
      {"none, and no length", get("/_auth/x"), "", ""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    for (const bool pipelined : {false, true}) {
      CAPTURE(pipelined);
      World world;
      ScriptedGatekeeper& gatekeeper = world.script();
      gatekeeper.verdicts.push_back(wants_body(8));
      gatekeeper.verdicts.push_back(verdict_of(Kind::answer));
      const std::string next = get("/next");
      Peer& client = world.ask(c.head + (pipelined && c.rest.empty() ? next : ""));
      if (!c.rest.empty()) {
        world.wait([&] { return gatekeeper.asked.size() == 1; });
        client.send(c.rest + (pipelined ? next : ""));
      }
      world.wait_for(client, "\r\n\r\nanswered");
      if (!pipelined) client.send(next);
      world.app_got(1, "GET /next HTTP/1.1\r\n").send(kOk);
      world.wait_for(client, "\r\n\r\nok");
      REQUIRE(gatekeeper.asked.size() == 3);
      CHECK(gatekeeper.asked[0].body_state == BodyFacts::unread);
      CHECK(gatekeeper.asked[1].body_state == BodyFacts::whole);
      CHECK(gatekeeper.asked[1].body == c.body);
      CHECK(gatekeeper.asked[2].body_state == BodyFacts::unread);
      CHECK(gatekeeper.asked[2].body.empty());
      CHECK_FALSE(client.has("Connection: close"));
    }
  }
}

TEST_CASE("of a body over the limit the gatekeeper sees nothing, and what remains is dropped") {
  const struct {
    std::string says;
    std::string request;
    std::size_t limit;
    bool lives_on;
  } cases[] = {
      {"by its length", post_length("/_auth/x", "ninebytes"), 8, true},
      {"by its length, and most of it has not come", post("/_auth/x", "Content-Length: 20000\r\n", "a"), 8, true},
      {"by its chunks", post("/_auth/x", kChunked, chunk("12345") + chunk("6789") + "0\r\n\r\n"), 8, true},
      {"by its first chunk", post("/_auth/x", kChunked, chunk("123456789") + chunk("a") + "0\r\n\r\n"), 8, true},
      {"more than the proxy takes at all", post("/_auth/x", kChunked, chunk(std::string(20'481, 'x')) + "0\r\n\r\n"),
       1 << 20, true},
      {"with a question before it", post("/_auth/x", "Content-Length: 9\r\nExpect: 100-continue\r\n"), 8, false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    World world;
    ScriptedGatekeeper& gatekeeper = world.script();
    gatekeeper.verdicts.push_back(wants_body(c.limit));
    gatekeeper.verdicts.push_back(verdict_of(Kind::answer));
    Peer& client = world.ask(c.request);
    world.wait_for(client, "\r\n\r\nanswered");
    REQUIRE(gatekeeper.asked.size() == 2);
    CHECK(gatekeeper.asked[1].body_state == BodyFacts::too_large);
    CHECK(gatekeeper.asked[1].body.empty());
    CHECK_FALSE(client.has("100 Continue"));
    CHECK(client.has("Connection: close") == !c.lives_on);
    if (!c.lives_on) continue;
    if (c.says.find("has not come") != std::string::npos) client.send(std::string(19'999, 'a'));
    client.send(get("/next"));
    world.app_got(1, "GET /next HTTP/1.1\r\n").send(kOk);
    world.wait_for(client, "\r\n\r\nok");
  }
}

TEST_CASE("who asks before sending is told to go on, once") {
  for (const Kind then : {Kind::answer, Kind::pass}) {
    World world;
    ScriptedGatekeeper& gatekeeper = world.script();
    gatekeeper.verdicts.push_back(wants_body(8));
    gatekeeper.verdicts.push_back(verdict_of(then));
    Peer& client = world.ask(post("/x", "Content-Length: 4\r\nExpect: 100-continue\r\n"));
    world.wait_for(client, "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(gatekeeper.asked.size() == 1);
    client.send("body");
    if (then == Kind::pass) world.app_got(1, "\r\n\r\nbody").send(kOk);
    world.wait_for(client, then == Kind::pass ? "\r\n\r\nok" : "\r\n\r\nanswered");
    CHECK(client.count("100 Continue") == 1);
  }
}

TEST_CASE("a collected body goes on to the app as it came") {
  const std::string large(15'000, 'b');
  const struct {
    std::string says;
    std::string request, body;
  } cases[] = {
      {"with a length", post_length("/x", "hello"), "hello"},
      {"chunked", post("/x", kChunked, chunk("hel") + chunk("lo") + "0\r\n\r\n"), "hello"},
      {"chunked and empty", post("/x", kChunked, "0\r\n\r\n"), ""},
      {"large", post_length("/x", large), large},
      {"with a length of nothing", post_length("/x", ""), ""},
  };
  for (const auto& c : cases) {
    for (const bool waits : {false, true}) {
      CAPTURE(c.says);
      CAPTURE(waits);
      World world;
      ScriptedGatekeeper& gatekeeper = world.script();
      gatekeeper.verdicts.push_back(wants_body(16'000));
      gatekeeper.verdicts.push_back(verdict_of(waits ? Kind::wait : Kind::pass));
      Peer& client = world.ask(c.request + get("/next"));
      if (waits) {
        world.wait([&] { return gatekeeper.later != nullptr; });
        std::exchange(gatekeeper.later, nullptr)(verdict_of(Kind::pass));
      }
      Peer& app = world.app_got(1, "\r\n\r\n" + c.body);
      CHECK(app.has("Content-Length: " + std::to_string(c.body.size()) + "\r\n"));
      CHECK_FALSE(app.has("Transfer-Encoding"));
      app.send(kOk);
      world.app_got(1, "GET /next HTTP/1.1\r\n").send(kOk);
      world.wait([&] { return client.count("\r\n\r\nok") == 2; });
    }
  }
}

TEST_CASE("after waiting the gatekeeper may still want the body") {
  for (const bool early : {false, true}) {
    CAPTURE(early);
    World world;
    ScriptedGatekeeper& gatekeeper = world.script();
    gatekeeper.verdicts.push_back(verdict_of(Kind::wait));
    gatekeeper.verdicts.push_back(verdict_of(Kind::answer));
    Peer& client = world.ask(post("/x", "Content-Length: 5\r\n", early ? "hello" : ""));
    world.wait([&] { return gatekeeper.later != nullptr; });
    std::exchange(gatekeeper.later, nullptr)(wants_body(8));
    if (!early) client.send("hello");
    world.wait_for(client, "\r\n\r\nanswered");
    CHECK(gatekeeper.asked[1].body == "hello");
  }
}

TEST_CASE("a part of a body never reaches the app as the whole") {
  for (const auto& request : {post_length("/x", "ninebytes"), post("/x", kChunked, chunk("ninebytes") + "0\r\n\r\n")}) {
    World world;
    ScriptedGatekeeper& gatekeeper = world.script();
    gatekeeper.verdicts.push_back(wants_body(8));
    gatekeeper.verdicts.push_back(verdict_of(Kind::pass));
    Peer& client = world.ask(request);
    world.wait_for(client, "HTTP/1.1 413 ");
    CHECK(world.app->connections.empty());
  }
}

TEST_CASE("a replaced body comes in the place of the client's, with its own description") {
  const std::string said =
      "Content-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-MD5: x\r\nDigest: sha-256=x\r\nX-Own: yes\r\n";
  const struct {
    std::string says;
    std::string request;
    bool collects;
  } cases[] = {
      {"a collected one", post("/x", said + "Content-Length: 5\r\n", "small"), true},
      {"one that was never asked for", post("/x", said + "Content-Length: 5\r\n", "small"), false},
      {"none at all", get("/x", said), false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    World world;
    ScriptedGatekeeper& gatekeeper = world.script();
    if (c.collects) gatekeeper.verdicts.push_back(wants_body(8));
    Verdict pass = verdict_of(Kind::pass);
    pass.replaced_body = ReplacedBody{"application/x-www-form-urlencoded", "held=form"};
    gatekeeper.verdicts.push_back(std::move(pass));
    Peer& client = world.ask(c.request);
    Peer& app = world.app_got(1, "\r\n\r\nheld=form");
    app.send(kOk);
    world.wait_for(client, "\r\n\r\nok");
    CHECK(app.has("Content-Type: application/x-www-form-urlencoded\r\n"));
    CHECK(app.has("Content-Length: 9\r\n"));
    CHECK(app.has("X-Own: yes\r\n"));
    for (const char* gone : {"text/plain", "gzip", "MD5", "sha-256", "small"}) CHECK_FALSE(app.has(gone));
    client.send(get("/next"));
    world.app_got(1, "GET /next HTTP/1.1\r\n").send(kOk);
    world.wait([&] { return client.count("\r\n\r\nok") == 2; });
  }
}

TEST_CASE("a body that does not come to its end") {
  World world;
  ScriptedGatekeeper& gatekeeper = world.script();
  gatekeeper.verdicts.push_back(wants_body(8));
  Peer& client = world.ask(post("/x", "Content-Length: 5\r\n", "he"));
  SUBCASE("because the client resets") {
    world.wait([&] { return gatekeeper.asked.size() == 1; });
    client.reset();
  }
  SUBCASE("because the client ends") {
    client.end_sending();
    world.wait([&] { return client.ended; });
  }
  SUBCASE("because the client says nothing more") { world.wait_for(client, "HTTP/1.1 408 "); }
  world.wait([&] { return world.shares.open() == 0 || client.ended; });
  world.wait([&] { return world.state.requests_in_flight == 0; });
  CHECK(gatekeeper.asked.size() == 1);
  CHECK(world.app->connections.empty());
}

TEST_CASE("a broken chunk in a body that is collected is 400") {
  World world;
  ScriptedGatekeeper& gatekeeper = world.script();
  gatekeeper.verdicts.push_back(wants_body(8));
  Peer& client = world.ask(post("/x", kChunked, chunk("he") + "zz\r\n"));
  world.wait_for(client, "HTTP/1.1 400 ");
  world.wait([&] { return client.ended; });
  CHECK(gatekeeper.asked.size() == 1);
}

TEST_CASE("connections may be cut while a body is collected or judged") {
  World world;
  ScriptedGatekeeper& gatekeeper = world.script();
  gatekeeper.verdicts.push_back(wants_body(8));
  gatekeeper.verdicts.push_back(wants_body(8));
  gatekeeper.verdicts.push_back(verdict_of(Kind::wait));
  world.ask(post("/x", "Content-Length: 5\r\n", "he"));
  world.wait([&] { return gatekeeper.asked.size() == 1; });
  world.ask(post("/y", "Content-Length: 5\r\n", "hello"));
  world.wait([&] { return gatekeeper.asked.size() == 3; });
}

TEST_CASE("under the name by which Logto reaches us only its own two endpoints are served") {
  const struct {
    const char* path;
    bool asked;
  } cases[] = {{"/_auth/backchannel-logout", true},
               {"/_auth/webhook", true},
               {"/_auth/webhook?x=1", true},
               {"/_auth/./webhook", true},
               {"/_auth/webhook/", false},
               {"/_auth/sign-in", false},
               {"/_auth", false},
               {"/_authwebhook", false},
               {"/webhook", false},
               {"/", false}};
  for (const auto& c : cases) {
    CAPTURE(c.path);
    World world;
    ScriptedGatekeeper& gatekeeper = world.script();
    gatekeeper.verdicts.push_back(verdict_of(Kind::answer));
    Peer& client = world.ask("POST " + std::string(c.path) +
                             " HTTP/1.1\r\nHost: proxy.internal:8080\r\nContent-Length: 0\r\n\r\n");
    world.wait_for(client, c.asked ? "HTTP/1.1 200 " : "HTTP/1.1 421 ");
    REQUIRE(gatekeeper.asked.size() == (c.asked ? 1 : 0));
    if (c.asked) CHECK(gatekeeper.asked[0].only_backchannel);
    CHECK(world.app->connections.empty());
  }
  SUBCASE("an external URL's name is no such name") {
    World world;
    ScriptedGatekeeper& gatekeeper = world.script();
    gatekeeper.verdicts.push_back(verdict_of(Kind::answer));
    Peer& client = world.ask(post_length("/_auth/webhook", ""));
    world.wait_for(client, "HTTP/1.1 200 ");
    CHECK_FALSE(gatekeeper.asked[0].only_backchannel);
  }
}
