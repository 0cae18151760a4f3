#include "proxy/http/websocket_frames.h"
#include "tests/support/exchange_world.h"

using namespace lp;
using namespace lp::test;
using namespace lp::test::exchanges;

// What the end of a session does to the requests that run for it.

namespace {

using Kind = Verdict::Kind;

Verdict pass_for_alice() {
  Verdict verdict = verdict_of(Kind::pass);
  verdict.session = some_session();
  verdict.app_headers = some_headers();
  return verdict;
}

// A world in which the next request passes for alice.
struct BoundWorld : World {
  ScriptedGatekeeper& gatekeeper = script();
  BoundWorld() : World("10s") { gatekeeper.verdicts.push_back(pass_for_alice()); }
  void wait_for_end(Peer& peer) {
    wait([&] { return peer.ended; });
  }
};

const std::string kTextFrame = "\x81\x05hello";
const std::string kHalfFrame = "\x81\x05he";
const std::string kMaskedFrame = "\x81\x82" + std::string("\x01\x02\x03\x04hi");
const std::string kMaskedClose = "\x88\x80\x01\x02\x03\x04";
const std::string kEnded = close_frame(4401, "session ended");

struct OpenTunnel : BoundWorld {
  Peer* client = nullptr;
  Peer* app = nullptr;
  std::size_t client_head = 0, app_head = 0;
  OpenTunnel() {
    client = &ask(
        "GET /ws HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
        "13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://app.test\r\n\r\n");
    app = &app_got(1, "\r\n\r\n");
    app->send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    wait_for(*client, "\r\n\r\n");
    client_head = client->received.size();
    app_head = app->received.size();
  }
  void exchange_bytes(const std::string& from_client, const std::string& from_app) {
    client->send(from_client);
    app->send(from_app);
    wait([&] {
      return client->received.size() == client_head + from_app.size() &&
             app->received.size() == app_head + from_client.size();
    });
  }
  [[nodiscard]] std::string to_client() const { return client->received.substr(client_head); }
  [[nodiscard]] std::string to_app() const { return app->received.substr(app_head); }
  void wait_for_no_tunnel() {
    wait([&] { return state.open_tunnels == 0 && state.requests_in_flight == 0; });
  }
};

// The code and reason of the masked close frame at the end of `sent`; empty when there is none.
std::string close_reason(const std::string& sent, std::size_t before) {
  if (sent.size() != before + 2 + 4 + 15) return "";
  const std::string frame = sent.substr(before);
  if (frame.substr(0, 2) != "\x88\x8f") return "";
  std::string payload = frame.substr(6);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ frame[2 + i % 4]);
  return payload;
}
const std::string kReason = kEnded.substr(2);

}  // namespace

TEST_CASE("a request that waits for the app when its session ends gets 401") {
  BoundWorld world;
  Peer& client = world.ask(get("/poll"));
  Peer& app = world.app_got(1, "X-Forwarded-User: alice\r\n");
  world.gatekeeper.session_over = true;
  world.wait_for(client, "HTTP/1.1 401 ");
  world.wait_for_end(app);
  world.wait_for(client, "\"error\"");
  CHECK_FALSE(client.has("Connection: close"));
  CHECK(world.state.requests_in_flight == 0);
  client.send(get("/next"));
  world.app_got(2, "GET /next").send(kOk);
  world.wait_for(client, "\r\n\r\nok");
}

TEST_CASE("an upload whose session ends gets 401, and its connection closes") {
  BoundWorld world;
  Peer& client = world.ask("POST /up HTTP/1.1\r\nHost: app.test\r\nContent-Length: 20000\r\n\r\nabc");
  Peer& app = world.app_got(1, "abc");
  world.gatekeeper.session_over = true;
  world.wait_for(client, "HTTP/1.1 401 ");
  CHECK(client.has("Connection: close"));
  world.wait_for_end(client);
  CHECK_FALSE(client.was_reset);
  world.wait_for_end(app);
}

TEST_CASE("an answer is broken off when its session ends") {
  for (const char* framing : {"Content-Length: 1000\r\n", "Transfer-Encoding: chunked\r\n", ""}) {
    CAPTURE(framing);
    BoundWorld world;
    Peer& client = world.ask(get("/download"));
    Peer& app = world.app_got(1, "\r\n\r\n");
    app.send(std::string("HTTP/1.1 200 OK\r\n") + framing + "\r\n5\r\nhello\r\n");
    world.wait_for(client, "hello");
    world.gatekeeper.session_over = true;
    world.wait_for_end(client);
    CHECK(client.was_reset);
    CHECK_FALSE(client.has("\r\n0\r\n\r\n"));
    world.wait_for_end(app);
    CHECK(world.state.requests_in_flight == 0);
  }
}

TEST_CASE("what runs for a session that goes on goes on") {
  BoundWorld world;
  Peer& client = world.ask(get("/stream"));
  Peer& app = world.app_got(1, "\r\n\r\n");
  app.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  world.wait([&] { return world.gatekeeper.asked_if_over >= 2; });
  app.send("world");
  world.wait_for(client, "helloworld");
  // Nothing is left to ask about.
  const int asked = world.gatekeeper.asked_if_over;
  client.send(get("/public"));
  world.app_got(1, "GET /public").send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhalf");
  world.wait_for(client, "half");
  turns_within_ms(world.loop(), 600);
  CHECK(world.gatekeeper.asked_if_over == asked);
}

TEST_CASE("a WebSocket at a frame boundary is closed with 4401 on both sides") {
  OpenTunnel world;
  world.exchange_bytes(kMaskedFrame, kTextFrame);
  world.gatekeeper.session_over = true;
  world.wait([&] { return world.to_client() == kTextFrame + kEnded; });
  world.app->send(kTextFrame);
  world.client->send(kMaskedFrame + kMaskedClose);
  world.wait_for_end(*world.client);
  CHECK_FALSE(world.client->was_reset);
  CHECK(world.to_client() == kTextFrame + kEnded);
  world.wait_for_end(*world.app);
  CHECK(close_reason(world.to_app(), kMaskedFrame.size()) == kReason);
  world.wait_for_no_tunnel();
}

TEST_CASE("a client that does not answer its close frame is left a second at most") {
  OpenTunnel world;
  world.exchange_bytes(kMaskedFrame, kTextFrame);
  world.gatekeeper.session_over = true;
  SUBCASE("it says nothing") {
    world.wait([&] { return world.to_client() == kTextFrame + kEnded; });
  }
  SUBCASE("it goes on talking, and the app too") {
    world.wait([&] { return world.to_client() == kTextFrame + kEnded; });
    world.client->send(kMaskedFrame);
    world.app->send(kTextFrame);
  }
  world.wait_for_end(*world.client);
  CHECK_FALSE(world.client->was_reset);
  CHECK(world.to_client() == kTextFrame + kEnded);
  CHECK(close_reason(world.to_app(), kMaskedFrame.size()) == kReason);
  world.wait_for_no_tunnel();
}

TEST_CASE("a client that reads nothing is cut") {
  OpenTunnel world;
  world.client->stop_reading();
  std::string large("\x82\x7f\x00\x00\x00\x00\x01\x00\x00\x00", 10);
  world.app->send(large + std::string(16 << 20, 'x'));
  turns_within_ms(world.loop(), 100);
  world.gatekeeper.session_over = true;
  world.wait_for_no_tunnel();
  world.wait_for_end(*world.app);
  world.client->go_on_reading();
  world.wait_for_end(*world.client);
  CHECK(world.client->was_reset);
}

TEST_CASE("in mid-frame of the app the client is cut, and the app is told") {
  OpenTunnel world;
  world.exchange_bytes(kMaskedFrame, kHalfFrame);
  world.gatekeeper.session_over = true;
  world.wait_for_end(*world.client);
  CHECK(world.client->was_reset);
  CHECK(world.to_client() == kHalfFrame);
  world.wait_for_end(*world.app);
  CHECK(close_reason(world.to_app(), kMaskedFrame.size()) == kReason);
  world.wait_for_no_tunnel();
}

TEST_CASE("in mid-frame of the client the app is cut, and the client is told") {
  OpenTunnel world;
  world.exchange_bytes("\x81\x82\x01", kTextFrame);
  world.gatekeeper.session_over = true;
  world.wait_for_end(*world.app);
  CHECK(world.to_app() == "\x81\x82\x01");
  world.wait([&] { return world.to_client() == kTextFrame + kEnded; });
  world.wait_for_end(*world.client);
  CHECK_FALSE(world.client->was_reset);
  world.wait_for_no_tunnel();
}

TEST_CASE("who has closed already gets no second close frame") {
  OpenTunnel world;
  SUBCASE("the client") {
    world.exchange_bytes(kMaskedClose, kTextFrame);
    world.gatekeeper.session_over = true;
    world.wait_for_end(*world.client);
    CHECK(world.to_client() == kTextFrame + kEnded);
    world.wait_for_end(*world.app);
    CHECK(world.to_app() == kMaskedClose);
  }
  SUBCASE("the app") {
    world.exchange_bytes(kMaskedFrame, std::string("\x88\x00", 2));
    world.gatekeeper.session_over = true;
    world.wait_for_end(*world.client);
    CHECK(world.to_client() == std::string("\x88\x00", 2));
  }
  SUBCASE("the client's sending side") {
    world.exchange_bytes(kMaskedFrame, kTextFrame);
    world.client->end_sending();
    world.wait_for_end(*world.app);
    world.gatekeeper.session_over = true;
    world.wait_for_end(*world.client);
    CHECK(world.to_client() == kTextFrame + kEnded);
    CHECK(world.to_app() == kMaskedFrame);
  }
  world.wait_for_no_tunnel();
}

TEST_CASE("either side may vanish while a tunnel closes") {
  for (const bool client_vanishes : {true, false}) {
    CAPTURE(client_vanishes);
    OpenTunnel world;
    world.gatekeeper.session_over = true;
    world.wait([&] { return world.to_client() == kEnded; });
    (client_vanishes ? world.client : world.app)->reset();
    world.wait_for_end(client_vanishes ? *world.app : *world.client);
    world.wait_for_no_tunnel();
  }
  SUBCASE("or the worker ends") {
    OpenTunnel world;
    world.gatekeeper.session_over = true;
    world.wait([&] { return world.to_client() == kEnded; });
  }
}

TEST_CASE("cookies of a verdict that has waited for the app are looked at again before they leave") {
  for (const bool stale : {false, true}) {
    for (const bool fails : {false, true}) {
      CAPTURE(stale);
      CAPTURE(fails);
      World world;
      ScriptedGatekeeper& gatekeeper = world.script();
      Verdict pass = pass_for_alice();
      pass.set_cookies = {"session=renewed"};
      gatekeeper.verdicts.push_back(std::move(pass));
      gatekeeper.cookies_are_stale = stale;
      Peer& client = world.ask(get("/x"));
      Peer& app = world.app_got(1, "\r\n\r\n");
      CHECK(gatekeeper.stale_asked.empty());
      app.send(fails ? "nonsense\r\n\r\n" : kOk);
      world.wait_for(client, fails ? "HTTP/1.1 502 " : "\r\n\r\nok");
      CHECK(gatekeeper.stale_asked == std::vector<std::string>{"session=renewed"});
      CHECK(client.has("Set-Cookie: session=renewed\r\n") == !stale);
    }
  }
  SUBCASE("those of an answer leave at once, also where they end the session") {
    World world;
    ScriptedGatekeeper& gatekeeper = world.script();
    Verdict answer = verdict_of(Kind::answer);
    answer.set_cookies = {"session=; Max-Age=0"};
    gatekeeper.verdicts.push_back(std::move(answer));
    gatekeeper.cookies_are_stale = true;
    Peer& client = world.ask(get("/x"));
    world.wait_for(client, "Set-Cookie: session=; Max-Age=0\r\n");
  }
}
