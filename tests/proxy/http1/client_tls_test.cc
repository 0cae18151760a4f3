#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "proxy/http1/client.h"
#include "tests/support/http1_client_world.h"
#include "tests/support/tls_pair.h"

using namespace lp;
using namespace lp::test;
using namespace lp::test::connections;

namespace {

// As World, with TLS in between.
struct SecuredWorld : TlsWorld, Accepted {
  Http1Client::OverTls over_tls;
  std::shared_ptr<const TlsAcceptor> accepts;
  std::unique_ptr<Peer> plain;
  std::string failed;

  explicit SecuredWorld(bool is_plain = false, std::int64_t first_byte_ms = 10'000) : Accepted(loop, {}) {
    timeouts.first_byte_ms = first_byte_ms;
    accepts = acceptor({"a.test"});
    over_tls.tell_failed_handshake = [this](const std::string&, const std::string& why) { failed = why; };
    TcpPair pair;
    if (is_plain)
      plain = std::make_unique<Peer>(loop, std::move(pair.theirs));
    else
      client = std::make_unique<TlsEnd>(loop, pool, std::move(pair.theirs), client_for("a.test"));
    accept(loop, pool, Transport(std::move(pair.ours), accepts->new_session(pool)), &over_tls);
    if (client) client->shake_hands();
  }
  ~SecuredWorld() {
    connection.reset();
    loop.delete_deferred();
  }
  void shake_hands() {
    wait([&] { return client->tls().is_open() || client->over; });
    REQUIRE(client->tls().is_open());
  }
  bool got(const std::string& text) {
    wait([&] { return client->received.find(text) != std::string::npos || client->over; });
    return client->received.find(text) != std::string::npos;
  }
  [[nodiscard]] std::size_t answers() const {
    std::size_t count = 0;
    for (std::size_t at = client->received.find("HTTP/1.1 200"); at != std::string::npos;
         at = client->received.find("HTTP/1.1 200", at + 1))
      ++count;
    return count;
  }
};

std::string post(std::size_t bytes) {
  return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" +
         std::string(bytes, 'b');
}

}  // namespace

TEST_CASE("over TLS requests are answered in order, however many come at once") {
  SecuredWorld world;
  world.script.on_request = [](ClientStream& client, const ParsedRequest&) { send_response(client, "hello"); };
  world.shake_hands();
  std::string many;
  for (int i = 0; i < 600; ++i) many += get("/" + std::to_string(i));
  world.client->send(many);
  world.wait([&] { return world.answers() == 600; });
  REQUIRE(world.script.paths.size() == 600);
  CHECK(world.script.paths[0] == "/0");
  CHECK(world.script.paths[599] == "/599");
}

TEST_CASE("over TLS requests that wait behind one are read when it is answered") {
  SecuredWorld world;
  ClientStream* first = nullptr;
  world.script.on_request = [&](ClientStream& client, const ParsedRequest&) {
    if (first == nullptr)
      first = &client;
    else
      send_response(client, "later");
  };
  world.shake_hands();
  std::string many;
  for (int i = 0; i < 2000; ++i) many += get("/" + std::to_string(i));
  world.client->send(many);
  world.wait([&] { return first != nullptr; });
  CHECK(turns_within_ms(world.loop, 150) < kFewTurns);
  CHECK(world.script.paths.size() == 1);
  send_response(*first, "now");
  world.wait([&] { return world.answers() == 2000; });
  CHECK(world.script.paths.size() == 2000);
}

TEST_CASE("an upload over TLS that is held back goes on where it stood") {
  SecuredWorld world;
  world.script.on_body = [](ClientStream& client, std::string_view) { client.pause_request_body(); };
  world.script.on_end = [](ClientStream& client) { send_response(client, "thanks"); };
  world.shake_hands();
  world.client->send(post(1'000'000));
  world.wait([&] { return !world.script.bodies.empty() && !world.script.bodies.back().empty(); });
  CHECK(turns_within_ms(world.loop, 150) < kFewTurns);
  CHECK(world.script.bodies.back().size() < 1'000'000);
  world.script.on_body = {};
  world.stream->resume_request_body();
  CHECK(world.got("thanks"));
  CHECK(world.script.bodies.back().size() == 1'000'000);
}

TEST_CASE("who goes on sending behind a last answer over TLS costs nothing, and gets it with its end") {
  SecuredWorld world;
  world.script.on_request = [](ClientStream& client, const ParsedRequest&) {
    client.send_answer(text_answer("no\n", 413), false, false);
  };
  world.shake_hands();
  world.client->send(post(60'000));
  CHECK(world.got("413"));
  CHECK(turns_within_ms(world.loop, 200) < kFewTurns);
  world.wait([&] { return world.client->over.has_value(); });
  CHECK(world.client->over == ReceiveResult::Kind::end);
  CHECK_FALSE(world.client->transport().is_cut());
}

TEST_CASE("an answer that breaks off over TLS has no end") {
  SecuredWorld world;
  world.script.on_request = [](ClientStream& client, const ParsedRequest&) {
    ResponseHead head;
    head.status = 200;
    OutgoingResponse out;
    out.body = {BodyFraming::Kind::until_close, 0};
    client.send_head(head, out);
    client.send_body("a part");
    client.flush();
  };
  world.shake_hands();
  world.client->send(kGet);
  CHECK(world.got("a part"));
  world.stream->abort();
  world.wait([&] { return world.client->over.has_value(); });
  CHECK(world.client->transport().is_cut());
}

TEST_CASE("a tunnel over TLS that is cut off has not ended") {
  for (const bool is_said : {true, false}) {
    CAPTURE(is_said);
    SecuredWorld world;
    world.script.on_request = [](ClientStream& client, const ParsedRequest&) { client.become_tunnel(); };
    world.shake_hands();
    world.client->send(kGet);
    world.wait([&] { return !world.script.paths.empty(); });
    world.client->send("hello");
    world.wait([&] { return world.script.bodies.back() == "hello"; });
    const int ends = world.script.ends;
    is_said ? world.client->end() : world.client->cut();
    world.wait([&] { return world.script.gone > 0 || world.script.ends > ends; });
    CHECK(world.script.gone == (is_said ? 0 : 1));
  }
}

TEST_CASE("plain HTTP where TLS is spoken is answered in plain text, and nobody else hears of it") {
  SecuredWorld world(true);
  world.over_tls.strict_transport = "max-age=1";
  world.plain->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'));
  world.wait([&] { return world.plain->ended; });
  CHECK(world.plain->has("HTTP/1.1 400 Bad Request"));
  CHECK(world.plain->has("This port speaks TLS"));
  CHECK_FALSE(world.plain->has("Strict-Transport-Security"));
  CHECK_FALSE(world.plain->was_reset);
  CHECK(world.script.paths.empty());
  CHECK(world.script.refused.empty());
  CHECK(world.failed.empty());
}

TEST_CASE("a handshake that comes to nothing is told, and one that does not come is not waited for") {
  SecuredWorld nonsense(true);
  nonsense.plain->send(std::string(64, '\x07'));
  nonsense.wait([&] { return nonsense.plain->ended; });
  CHECK_FALSE(nonsense.failed.empty());
  SecuredWorld half(true, 100);
  half.plain->send(std::string("\x16\x03\x01\x00\xc8\x01", 6));
  half.wait([&] { return half.plain->ended; });
  CHECK(half.closed == 1);
}

TEST_CASE("the first request has its time from the end of the handshake on") {
  SecuredWorld world(false, 300);
  world.script.on_request = [](ClientStream& client, const ParsedRequest&) { send_response(client, "hello"); };
  world.shake_hands();
  world.client->send(kGet);
  CHECK(world.got("hello"));
}

TEST_CASE("what is told of TLS is in each answer, once") {
  SecuredWorld world;
  world.over_tls.strict_transport = "max-age=60";
  world.script.on_request = [](ClientStream& client, const ParsedRequest& request) {
    if (request.path_and_query == "/own") return client.send_answer(text_answer("own"), false, true);
    ResponseHead head;
    head.status = 200;
    if (request.path_and_query == "/said") head.fields.add("strict-transport-security", "max-age=1");
    OutgoingResponse out;
    out.body = {BodyFraming::Kind::length, 0};
    client.send_head(head, out);
    client.end();
  };
  world.shake_hands();
  world.client->send(get("/own") + get("/app") + get("/said"));
  world.wait([&] { return world.answers() == 3; });
  CHECK(world.client->received.find("max-age=1\r\n") != std::string::npos);
  const std::string field = "Strict-Transport-Security: max-age=60\r\n";
  const std::size_t first = world.client->received.find(field);
  const std::size_t second = world.client->received.find(field, first + 1);
  CHECK(second != std::string::npos);
  CHECK(world.client->received.find(field, second + 1) == std::string::npos);
}

TEST_CASE("who resets its connection right behind the handshake leaves nothing behind") {
  SecuredWorld world;
  world.shake_hands();
  world.client->transport().reset_connection();  // before the tickets, which have nowhere to go
  world.wait([&] { return world.closed > 0; });
  CHECK(world.closed == 1);
}
