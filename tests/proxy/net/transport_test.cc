#include "proxy/net/transport.h"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <string>

#include "tests/support/tls_pair.h"

using namespace lp;
using namespace lp::test;
using Kind = ReceiveResult::Kind;

namespace {

std::string text_of(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + i * 31 % 26 + (i >> 16U) % 2);
  return text;
}

bool is_open(TlsWorld& world) {
  return world.wait([&] {
    return (world.client->tls().is_open() && world.server->tls().is_open()) || world.client->over || world.server->over;
  }) && !world.client->over &&
         !world.server->over;
}

}  // namespace

TEST_CASE("TLS carries what is sent, either way, in either version and in whatever pieces") {
  struct Row {
    const char* what;
    TlsVersion least;
    int most;
    std::size_t bytes, room;
    int buffer_bytes;
  };
  const Row rows[] = {
      {"one byte", TlsVersion::tls_1_3, TLS1_3_VERSION, 1, 16384, 0},
      {"a record", TlsVersion::tls_1_3, TLS1_3_VERSION, 16384, 16384, 0},
      {"a megabyte", TlsVersion::tls_1_3, TLS1_3_VERSION, 1 << 20, 16384, 0},
      {"a megabyte over TLS 1.2", TlsVersion::tls_1_2, TLS1_2_VERSION, 1 << 20, 16384, 0},
      {"a megabyte, read by seven bytes", TlsVersion::tls_1_3, TLS1_3_VERSION, 1 << 18, 7, 0},
      {"a megabyte through small buffers", TlsVersion::tls_1_2, TLS1_3_VERSION, 1 << 20, 5000, 4096},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    TlsWorld world;
    ListenTlsSettings settings;
    settings.min_version = row.least;
    const auto acceptor = world.acceptor({"a.test"}, settings);
    auto client = world.client_for("a.test");
    SSL_set_max_proto_version(client->raw(), row.most);
    world.connect(*acceptor, std::move(client), row.buffer_bytes);
    REQUIRE(is_open(world));
    CHECK(SSL_version(world.client->tls().raw()) == row.most);
    world.server->room = world.client->room = row.room;
    const std::string text = text_of(row.bytes);
    world.client->send(text);
    world.server->send(text);
    world.wait(
        [&] { return world.server->received.size() >= text.size() && world.client->received.size() >= text.size(); });
    CHECK(world.server->received == text);
    CHECK(world.client->received == text);
    CHECK(world.client->writer().unsent_bytes() == 0);
  }
}

TEST_CASE("what is here already is read on after a pause, though no event tells of it") {
  TlsWorld world;
  const auto acceptor = world.acceptor({"a.test"});
  world.connect(*acceptor, world.client_for("a.test"));
  REQUIRE(is_open(world));
  world.server->room = 1000;
  world.client->send(text_of(10'000));
  world.wait([&] {
    if (world.server->received.empty()) return false;
    world.server->pause();
    return true;
  });
  const std::size_t before = world.server->received.size();
  CHECK(before <= 1000);
  CHECK(world.server->transport().has_pending());
  CHECK(world.server->transport().has_unread_input());
  world.server->go_on();
  world.wait([&] { return world.server->received.size() == 10'000; });
  CHECK(world.server->received == text_of(10'000));
  CHECK_FALSE(world.server->transport().has_pending());
}

TEST_CASE("an end that was said differs from one that somebody in between may have made") {
  for (const bool is_said : {true, false}) {
    CAPTURE(is_said);
    TlsWorld world;
    const auto acceptor = world.acceptor({"a.test"});
    world.connect(*acceptor, world.client_for("a.test"));
    REQUIRE(is_open(world));
    world.client->send("all");
    is_said ? world.client->end() : world.client->cut();
    world.wait([&] { return world.server->over.has_value(); });
    CHECK(world.server->received == "all");
    CHECK(world.server->over == Kind::end);
    CHECK(world.server->transport().is_cut() == !is_said);
  }
}

TEST_CASE("a peer who is not who he should be gets not a byte") {
  struct Row {
    const char* what;
    void (*change)(UpstreamSettings&);
    bool is_fine;
  };
  const Row rows[] = {
      {"its own name", [](UpstreamSettings&) {}, true},
      {"its address", [](UpstreamSettings& app) { app.tls.server_name = "127.0.0.1"; }, true},
      {"another name", [](UpstreamSettings& app) { app.tls.server_name = "b.test"; }, false},
      {"another address", [](UpstreamSettings& app) { app.tls.server_name = "127.0.0.2"; }, false},
      {"the system's authorities", [](UpstreamSettings& app) { app.tls.ca_file.clear(); }, false},
      {"anybody will do",
       [](UpstreamSettings& app) {
         app.tls = {true, "", "b.test", {}, true};
       },
       true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    TlsWorld world;
    const auto acceptor = world.acceptor({"a.test"});
    world.app.host = "a.test";
    world.app.tls.ca_file = world.prefix("a.test") + "ca.pem";
    row.change(world.app);
    const auto to_app = TlsToApp::make(world.app, 0);
    REQUIRE(to_app);
    world.connect(*acceptor, (*to_app)->new_session(world.pool));
    CHECK(is_open(world) == row.is_fine);
    CHECK(world.client->tls().is_untrusted() == !row.is_fine);
    CHECK(world.client->tls().failure().empty() == row.is_fine);
  }
}

TEST_CASE("who asks for new keys again and again is cut off, who does it now and then is not") {
  for (const int times : {20, 200}) {
    CAPTURE(times);
    TlsWorld world;
    const auto acceptor = world.acceptor({"a.test"});
    world.connect(*acceptor, world.client_for("a.test"));
    REQUIRE(is_open(world));
    for (int i = 0; i < times; ++i) {
      SSL_key_update(world.client->tls().raw(), SSL_KEY_UPDATE_REQUESTED);
      SSL_do_handshake(world.client->tls().raw());
    }
    world.client->send("x");
    world.wait([&] { return world.server->over || !world.server->received.empty(); });
    CHECK(world.server->over.has_value() == (times > 100));
  }
}

TEST_CASE("a client that speaks plain HTTP is told apart before it is answered") {
  TlsWorld world;
  const auto acceptor = world.acceptor({"a.test"});
  TcpPair pair;
  Peer peer(world.loop, std::move(pair.theirs));
  TlsEnd server(world.loop, world.pool, std::move(pair.ours), acceptor->new_session(world.pool));
  peer.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  world.wait([&] { return server.over.has_value(); });
  CHECK(server.over == Kind::failed);
  CHECK(server.tls().is_plain_http());
  CHECK(server.writer().unsent_bytes() == 0);
}

TEST_CASE("bytes that are neither TLS nor HTTP end the handshake with a reason") {
  TlsWorld world;
  const auto acceptor = world.acceptor({"a.test"});
  TcpPair pair;
  Peer peer(world.loop, std::move(pair.theirs));
  TlsEnd server(world.loop, world.pool, std::move(pair.ours), acceptor->new_session(world.pool));
  peer.send(std::string("\x05\x01\x00 nonsense of another protocol", 32));
  world.wait([&] { return server.over.has_value(); });
  CHECK_FALSE(server.tls().is_plain_http());
  CHECK_FALSE(server.tls().failure().empty());
}
