#include "proxy/http1/upstream.h"

#include <doctest/doctest.h>
#include <sys/un.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>

#include "tests/support/upstream_world.h"

using namespace lp;
using namespace lp::test;
using namespace lp::test::upstreams;

TEST_CASE("a connection is kept and used again") {
  World world;
  for (std::size_t i = 1; i <= 3; ++i) {
    Asker asker;
    if (i == 3) turns_within_ms(world.loop, 500);  // an app that has kept one for a moment keeps them
    world.ask(asker, i == 3 ? Choice::checked : Choice::any);
    CHECK(asker.lease->is_reused_connection() == (i > 1));
    world.answer(asker, kOk, 1, i);
    CHECK(asker.status == 200);
    CHECK(asker.body == "ok");
    CHECK_FALSE(asker.error);
  }
  CHECK(turns_within_ms(world.loop, 50) < kFewTurns);
  Asker fresh;
  world.ask(fresh, Choice::fresh);
  CHECK_FALSE(fresh.lease->is_reused_connection());
  world.answer(fresh, kOk, 2);
}

TEST_CASE("which answers leave a connection that is used again at once") {
  const struct {
    std::string says;
    const char* method;
    std::string answer;
    const char* body;
    bool kept;
  } cases[] = {
      {"a length", "GET", kOk, "ok", true},
      {"length 0", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", true},
      {"chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nT: v\r\n\r\n", "ok",
       true},
      {"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", "", false},
      {"304 without a length", "GET", "HTTP/1.1 304 Not Modified\r\n\r\n", "", false},
      {"304 with length 0", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n", "", false},
      {"HEAD without a length", "HEAD", "HTTP/1.1 200 OK\r\n\r\n", "", false},
      {"304 that announces a body, which may come late", "GET",
       "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "", false},
      {"HEAD that announces a body", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "", false},
      {"HEAD that announces chunks", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "", false},
      {"after 100 and 103", "GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + kOk,
       "ok", true},
      {"after many interim answers", "GET", many_times("HTTP/1.1 102 Processing\r\n\r\n", 300) + kOk, "ok", true},
      {"an app that closes soon", "GET", "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok",
       "ok", false},
      {"an app that closes later", "GET", "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=9\r\nContent-Length: 2\r\n\r\nok",
       "ok", true},
      {"an answer that was repaired", "GET", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "ok", false},
      {"a blank behind the chunk's size", "GET",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n", "ok", false},
      {"the app says close", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "ok", false},
      {"HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", false},
      {"surplus bytes", "GET", kOk + "X", "ok", false},
      {"a second answer", "GET", kOk + kOk, "ok", false},
      {"a body behind 204", "GET", "HTTP/1.1 204 No Content\r\n\r\nbody", "", false},
      {"a body behind HEAD", "HEAD", kOk, "", false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    World world;
    Asker asker;
    world.ask(asker, Choice::any, c.method);
    world.answer(asker, c.answer);
    CHECK_FALSE(asker.error);
    CHECK(asker.ended);
    CHECK(asker.body == c.body);
    Asker next;
    world.ask(next);
    CHECK(next.lease->is_reused_connection() == c.kept);
    world.answer(next, kOk, c.kept ? 1 : 2, c.kept ? 2 : 1);
    CHECK(next.body == "ok");
  }
}

TEST_CASE("what comes of a chunked body with its head decides what is told") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const struct {
    std::string says;
    std::string bytes;
    int status;  // 0: none was told
    bool fails;
  } cases[] = {
      {"nothing for a while: the head goes on", head, 200, false},
      {"half a size", head + "1", 0, false},
      {"a size", head + "5\r\n", 200, false},
      {"a size that is none", head + "XYZ\r\n", 0, true},
      {"data that is longer than its size", head + "2\r\nokok\r\n", 0, true},
      {"a second chunk that is broken", head + "2\r\nok\r\nXYZ\r\n", 0, true},
      {"an extension that goes on and on", head + "5;" + std::string(100, 'x'), 200, false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    World world;
    Asker asker;
    world.ask(asker);
    world.app_got(1).send(c.bytes);
    wait_until(world.loop, [&] { return asker.is_over() || asker.status != 0 || c.status == 0; });
    turns_within_ms(world.loop, 20);
    CHECK(asker.status == c.status);
    CHECK(asker.error.has_value() == c.fails);
    if (c.status != 0 || c.fails) continue;
    world.app.last().send("0\r\n" + std::string(16, 'x') + "\r\n0\r\n\r\n");
    world.wait_for(asker);
    CHECK(asker.body == std::string(16, 'x'));
  }
}

// The moment that a head waits is shorter than a loaded machine may take for a turn: a trial that took longer says
// nothing, and is made again.
static void tried_in_time(const std::function<bool(const std::function<bool()>& is_in_time)>& trial) {
  constexpr auto kMoment = std::chrono::milliseconds(15);
  for (int i = 0; i < 1000; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    if (trial([&] { return std::chrono::steady_clock::now() - begin < kMoment; })) return;
  }
  FAIL("no trial was in time");
}

TEST_CASE("a head of chunks waits for the first of them for a moment") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const struct {
    std::string says;
    std::string then;  // empty: the end
    bool is_fine;
  } cases[] = {
      {"a chunk", "2\r\nok\r\n0\r\n\r\n", true},
      {"a size that is none", "XYZ\r\n", false},
      {"the end", "", false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    tried_in_time([&](const auto& is_in_time) {
      World world;
      Asker asker;
      world.ask(asker);
      Peer& peer = world.app_got(1);
      peer.send(head);
      (void)turns_within_ms(world.loop, 3);
      const int before = asker.status;
      c.then.empty() ? peer.close() : peer.send(c.then);
      world.wait_for(asker);
      if (!is_in_time()) return false;
      CHECK(before == 0);
      CHECK(asker.status == (c.is_fine ? 200 : 0));
      if (!c.is_fine) CHECK(asker.error == UpstreamError::nonsense);
      return true;
    });
  }
  tried_in_time([&](const auto& is_in_time) {
    World world;
    Asker asker;
    world.ask(asker);
    world.app_got(1).send(head);
    (void)turns_within_ms(world.loop, 3);
    asker.lease.reset();  // it goes while it waits
    if (!is_in_time()) return false;
    (void)turns_within_ms(world.loop, 40);
    CHECK(asker.status == 0);
    return true;
  });
}

TEST_CASE("interim answers give the app its time once more") {
  World world([](UpstreamSettings& settings) { settings.response_timeout_ms = 400; });
  Asker asker;
  world.ask(asker);
  Peer& peer = world.app_got(1);
  for (int i = 0; i < 4; ++i) {
    turns_within_ms(world.loop, 200);
    peer.send("HTTP/1.1 102 Processing\r\n\r\n");
  }
  turns_within_ms(world.loop, 200);
  CHECK_FALSE(asker.error);
  peer.send(kOk);
  world.wait_for(asker);
  CHECK(asker.status == 200);
}

TEST_CASE("a connection on which something came unasked is not used again, not even in the same turn") {
  for (const Choice choice : {Choice::any, Choice::checked}) {
    World world;
    Asker first;
    world.ask(first);
    world.answer(first, kOk);
    Asker next;
    // Both are ready in one turn, and the client is heard first: the app has said its 408 before we ask.
    TcpPair pair;
    IoEvent client(world.loop, pair.ours.fd(), kReadable, [&] {
      if (!next.lease && !next.is_over()) world.ask(next, choice);
    });
    client.enable();
    REQUIRE(::send(pair.theirs.fd(), "x", 1, 0) == 1);
    world.app.last().send("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    world.answer(next, kOk, 2);
    client.disable();
    CHECK(next.status == 200);
    CHECK_FALSE(next.error);
  }
}

TEST_CASE("an answer in every split position") {
  const std::string answers[] = {
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
  };
  World world;
  std::size_t requests = 0;
  for (const std::string& answer : answers) {
    for (std::size_t cut = 1; cut < answer.size(); ++cut) {
      Asker asker;
      world.ask(asker);
      Peer& peer = world.app_got(1, ++requests);
      peer.send(answer.substr(0, cut));
      Timer rest(world.loop, [&] { peer.send(answer.substr(cut)); });
      rest.start_ms(0);
      world.wait_for(asker);
      REQUIRE(asker.ended);
      REQUIRE(asker.body == "hello");
    }
  }
}

TEST_CASE("what is no complete answer is an error") {
  enum class Then { stays, ends, resets };
  const struct {
    std::string says;
    std::string answer;
    Then then;
    UpstreamError error;
  } cases[] = {
      {"nothing", "", Then::ends, UpstreamError::lost},
      {"nothing and a reset", "", Then::resets, UpstreamError::lost},
      {"half a head", "HTTP/1.1 200 OK\r\nConte", Then::ends, UpstreamError::lost},
      {"only an interim answer", "HTTP/1.1 100 Continue\r\n\r\n", Then::ends, UpstreamError::lost},
      {"a truncated body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", Then::ends, UpstreamError::lost},
      {"a truncated chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell", Then::ends,
       UpstreamError::lost},
      {"no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n", Then::ends,
       UpstreamError::lost},
      {"no HTTP", "SSH-2.0-OpenSSH\r\n\r\n", Then::stays, UpstreamError::not_http},
      {"no HTTP, and no end of it", "SSH-2.0-Open", Then::stays, UpstreamError::not_http},
      {"no HTTP, and the end", "-ERR unknown command\r\n", Then::ends, UpstreamError::not_http},
      {"HTTP/2", std::string("\0\0\x12\x04\0\0\0\0\0", 9), Then::stays, UpstreamError::speaks_http2},
      {"a beginning of HTTP, and the end", "HTT", Then::ends, UpstreamError::lost},
      {"another version of HTTP", "HTTP/2.0 200 OK\r\n\r\n", Then::stays, UpstreamError::nonsense},
      {"a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", Then::stays,
       UpstreamError::nonsense},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", Then::stays,
       UpstreamError::nonsense},
      {"an endless head", "HTTP/1.1 200 OK\r\nX: " + std::string(300'000, 'x'), Then::stays, UpstreamError::nonsense},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    World world;
    Asker asker;
    world.ask(asker);
    Peer& peer = world.app_got(1);
    peer.send(c.answer);
    if (c.then == Then::ends) peer.end_sending();
    if (c.then == Then::resets) peer.reset();
    world.wait_for(asker);
    CHECK(asker.error == c.error);
    CHECK_FALSE(asker.ended);
    Asker next;
    world.ask(next);
    CHECK_FALSE(next.lease->is_reused_connection());
  }
}

TEST_CASE("what an answer breaks is told") {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const struct {
    std::string answer;
    const char* rule;
  } cases[] = {
      {ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "two Content-Lengths that differ"},
      {ok + "X A: b\r\n\r\n", "field name is not followed by a colon"},
      {ok + "X: a\x01\r\n\r\n", "a byte that no head can hold"},
      {ok + "X: " + std::string(300'000, 'x'), "a head of more than 256 KiB or 1000 fields"},
      {ok + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "its chunked coding is broken"},
      {"HTTP/3 200\r\n\r\n", "malformed status line"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.rule);
    World world;
    Asker asker;
    world.ask(asker);
    world.app_got(1).send(c.answer);
    world.wait_for(asker);
    CHECK(asker.broken_rule == c.rule);
  }
}

TEST_CASE("a flood of interim answers ends") {
  World world;
  Asker asker;
  world.ask(asker);
  std::string flood;
  for (int i = 0; i < 1500; ++i) flood += "HTTP/1.1 103 Early Hints\r\n\r\n";
  world.answer(asker, flood);
  CHECK(asker.error == UpstreamError::nonsense);
  CHECK(asker.status == 0);
}

TEST_CASE("a body until the end of the connection is complete with it") {
  World world;
  Asker asker;
  world.ask(asker);
  Peer& peer = world.app_got(1);
  peer.send("HTTP/1.1 200 OK\r\n\r\nall of ");
  wait_until(world.loop, [&] { return asker.body == "all of "; });
  peer.send("it");
  peer.close();
  world.wait_for(asker);
  CHECK(asker.ended);
  CHECK(asker.body == "all of it");
}

TEST_CASE("an idle connection that the app closed") {
  World world;
  Asker first;
  world.ask(first);
  world.answer(first, kOk);
  SUBCASE("seen by the loop, is not used again") {
    world.app.last().close();
    turns_within_ms(world.loop, 30);
    Asker next;
    world.ask(next);
    CHECK_FALSE(next.lease->is_reused_connection());
    world.answer(next, kOk, 2);
  }
  SUBCASE("not yet seen, is found by a look") {
    world.app.last().close();
    Asker next;
    world.ask(next, Choice::checked);
    CHECK_FALSE(next.lease->is_reused_connection());
    world.answer(next, kOk, 2);
  }
  SUBCASE("not yet seen and not looked at, is lost under the request") {
    world.app.last().close();
    Asker next;
    world.ask(next);
    CHECK(next.lease->is_reused_connection());
    world.wait_for(next);
    CHECK(next.error == UpstreamError::lost);
  }
  SUBCASE("bytes that nobody asked for close it") {
    world.app.last().send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    turns_within_ms(world.loop, 30);
    CHECK(world.app.last().ended);
    Asker next;
    world.ask(next);
    CHECK_FALSE(next.lease->is_reused_connection());
    world.answer(next, kOk, 2);
    CHECK(next.body == "ok");
  }
}

TEST_CASE("an app that is not there is refused at once, without asking any name server") {
  for (const char* host : {"127.0.0.1", "localhost"}) {
    CAPTURE(host);
    World world;
    world.upstream.host = host;
    world.app.stop_listening();
    Asker asker;
    const auto began = std::chrono::steady_clock::now();
    world.ask(asker);
    CHECK_FALSE(asker.error);
    world.wait_for(asker);
    CHECK(asker.error == UpstreamError::refused);
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(1));
  }
}

TEST_CASE("a name without address is unresolvable") {
  World world;
  world.upstream.host = std::string(70, 'n');  // no name: refused without asking anybody
  Asker asker;
  world.ask(asker);
  CHECK_FALSE(asker.error);
  world.wait_for(asker);
  CHECK(asker.error == UpstreamError::unresolvable);
}

TEST_CASE("an app over a unix socket, there or not") {
  World world;
  std::string folder = (std::filesystem::temp_directory_path() / "logto-proxy-XXXXXX").string();
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  world.upstream.kind = UpstreamSettings::Kind::unix_socket;
  world.upstream.socket_path = folder + "/app.sock";
  Asker missing;
  world.ask(missing);
  CHECK_FALSE(missing.error);  // not inside the call
  world.wait_for(missing);
  CHECK(missing.error == UpstreamError::refused);

  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, world.upstream.socket_path.data(), world.upstream.socket_path.size());
  const Socket listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
  REQUIRE(::bind(listening.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listening.fd(), 5) == 0);
  std::unique_ptr<Peer> app;
  IoEvent accepting(world.loop, listening.fd(), kReadable, [&] {
    app = std::make_unique<Peer>(world.loop, Socket(::accept4(listening.fd(), nullptr, nullptr, SOCK_NONBLOCK)));
  });
  accepting.enable();
  Asker asker;
  world.ask(asker);
  wait_until(world.loop, [&] { return app && app->has("\r\n\r\n"); });
  app->send(kOk);
  world.wait_for(asker);
  CHECK(asker.body == "ok");
  std::filesystem::remove_all(folder);
}

TEST_CASE("upstream deadlines") {
  World world;
  SUBCASE("no head in time") {
    world.upstream.response_timeout_ms = 50;
    Asker asker;
    world.ask(asker);
    world.app_got(1).send("HTTP/1.1 200");
    world.wait_for(asker);
    CHECK(asker.error == UpstreamError::response_timeout);
  }
  SUBCASE("silence in a body") {
    world.upstream.idle_timeout_ms = 50;
    Asker asker;
    world.ask(asker);
    world.app_got(1).send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell");
    world.wait_for(asker);
    CHECK(asker.error == UpstreamError::idle_timeout);
    CHECK(asker.body == "hell");
  }
  SUBCASE("a paused answer is not the app's silence") {
    world.upstream.idle_timeout_ms = 50;
    Asker asker;
    asker.on_body = [&] { asker.lease->pause_response(); };
    world.ask(asker);
    Peer& peer = world.app_got(1);
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell");
    wait_until(world.loop, [&] { return asker.body == "hell"; });
    peer.send("o");
    CHECK(turns_within_ms(world.loop, 400) < kFewTurns);
    CHECK_FALSE(asker.error);
    CHECK(asker.body == "hell");
    asker.on_body = nullptr;
    asker.lease->resume_response();
    world.wait_for(asker);
    CHECK(asker.body == "hello");
    Asker next;
    world.ask(next);
    CHECK(next.lease->is_reused_connection());
  }
  SUBCASE("an app that takes no request body") {
    world.upstream.response_timeout_ms = 50;
    Asker asker;
    asker.lease = world.pool->lease(asker, Choice::any);
    world.send_head(asker, "POST", {BodyFraming::Kind::length, 100'000'000});
    wait_until(world.loop, [&] { return world.app.connections.size() == 1; });
    world.app.last().stop_reading();
    wait_until(world.loop, [&] { return asker.drained > 0; });
    asker.on_drain = [&] {
      while (asker.lease->unsent_bytes() == 0) asker.lease->send_body(std::string(100'000, 'x'));
    };
    asker.on_drain();
    world.wait_for(asker);
    CHECK(asker.error == UpstreamError::response_timeout);
  }
  SUBCASE("a client that is slow with its body is not the app's fault") {
    world.upstream.response_timeout_ms = 50;
    Asker asker;
    asker.lease = world.pool->lease(asker, Choice::any);
    world.send_head(asker, "POST", {BodyFraming::Kind::length, 2});
    asker.lease->flush();
    world.app_got(1);
    turns_within_ms(world.loop, 400);
    CHECK_FALSE(asker.error);
    asker.lease->send_body("ab");
    asker.lease->end_body();
    world.answer(asker, kOk);
    CHECK(asker.body == "ok");
  }
}

TEST_CASE("a request body by length or in chunks, sent before and after the connection stands") {
  for (const auto kind : {BodyFraming::Kind::length, BodyFraming::Kind::chunked}) {
    const bool chunked = kind == BodyFraming::Kind::chunked;
    CAPTURE(chunked);
    World world;
    const std::string large(50'000, 'L');
    Asker asker;
    asker.lease = world.pool->lease(asker, Choice::any);
    world.send_head(asker, "POST", {kind, 5 + large.size() + 4});
    asker.lease->send_body("early");
    asker.lease->send_body("");
    asker.lease->flush();
    Peer& peer = world.app_got(1);
    asker.lease->send_body(large);
    asker.lease->send_body("late");
    asker.lease->end_body();
    const std::string expected =
        chunked ? "5\r\nearly\r\nc350\r\n" + large + "\r\n4\r\nlate\r\n0\r\n\r\n" : "early" + large + "late";
    wait_until(world.loop, [&] { return peer.received.ends_with(expected); });
    peer.send(kOk);
    world.wait_for(asker);
    CHECK(asker.body == "ok");
    Asker next;
    world.ask(next);
    CHECK(next.lease->is_reused_connection());
  }
}

TEST_CASE("an early answer in mid upload is heard, and the connection is not used again") {
  for (const bool app_closes : {false, true}) {
    CAPTURE(app_closes);
    World world;
    Asker asker;
    asker.lease = world.pool->lease(asker, Choice::any);
    world.send_head(asker, "POST", {BodyFraming::Kind::length, 1'000'000});
    asker.lease->send_body("some");
    asker.lease->flush();
    Peer& peer = world.app_got(1);
    peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    if (app_closes) peer.close();
    for (int i = 0; i < 5; ++i) asker.lease->send_body(std::string(20'000, 'x'));
    world.wait_for(asker);
    CHECK(asker.status == 413);
    CHECK(asker.ended);
    Asker next;
    world.ask(next);
    CHECK_FALSE(next.lease->is_reused_connection());
  }
}

TEST_CASE("a lease may be given back in every phase") {
  const struct {
    std::string says;
    std::string answer;
  } cases[] = {
      {"connecting", "-"},
      {"waiting for the head", ""},
      {"in a head", "HTTP/1.1 200 O"},
      {"in a body by length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"},
      {"in a chunked body", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"},
      {"in a body until the end", "HTTP/1.1 200 OK\r\n\r\nhe"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    World world;
    Asker asker;
    world.ask(asker);
    if (c.answer != "-") {
      world.app_got(1).send(c.answer);
      turns_within_ms(world.loop, 10);
    }
    asker.lease.reset();
    Asker next;
    world.ask(next);
    CHECK_FALSE(next.lease->is_reused_connection());
    wait_until(world.loop, [&] {
      return world.app.connections.size() == (c.answer == "-" ? 1 : 2) || world.app.connections.size() == 2;
    });
    wait_until(world.loop, [&] { return world.app.last().has("\r\n\r\n"); });
    world.app.last().send(kOk);
    world.wait_for(next);
    CHECK(next.body == "ok");
    CHECK_FALSE(asker.is_over());
  }
}

TEST_CASE("a lease may be given back inside every callback") {
  enum class In { head, body, drain };
  for (const In where : {In::head, In::body, In::drain}) {
    for (const char* framing : {"Content-Length: 5\r\n\r\nhello",
                                "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "\r\nhello"}) {
      CAPTURE(static_cast<int>(where));
      CAPTURE(framing);
      World world;
      Asker asker;
      bool dropped = false;
      const auto drop = [&] {
        dropped = true;
        asker.lease.reset();
      };
      if (where == In::head) asker.on_head = drop;
      if (where == In::body) asker.on_body = drop;
      if (where == In::drain) asker.on_drain = drop;
      world.ask(asker);
      if (where != In::drain) world.app_got(1).send(std::string("HTTP/1.1 200 OK\r\n") + framing);
      wait_until(world.loop, [&] { return dropped; });
      turns_within_ms(world.loop, 10);
      CHECK_FALSE(asker.is_over());
    }
  }
}

TEST_CASE("a pool may go while connections stand, connect or idle") {
  World world;
  Asker idle, waiting, connecting;
  world.ask(idle);
  world.answer(idle, kOk);
  world.ask(waiting, Choice::fresh);
  world.app_got(2);
  world.ask(connecting, Choice::fresh);
  waiting.lease.reset();
  connecting.lease.reset();
  world.pool->close();
  turns_within_ms(world.loop, 10);
  wait_until(world.loop, [&] { return world.app.connections.front()->ended; });
}

namespace {
const std::string kSwitch = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
}

TEST_CASE("a tunnel passes bytes both ways and ends with the app") {
  World world;
  Asker asker;
  asker.on_head = [&] { asker.lease->become_tunnel(); };
  world.ask(asker);
  Peer& peer = world.app_got(1);
  peer.send(kSwitch + "first ");
  wait_until(world.loop, [&] { return asker.body == "first "; });
  CHECK(asker.status == 101);
  asker.lease->send_body("ping");
  asker.lease->flush();
  wait_until(world.loop, [&] { return peer.received.ends_with("ping"); });
  SUBCASE("the app ends") {
    peer.send("last");
    peer.end_sending();
    world.wait_for(asker);
    CHECK(asker.body == "first last");
    CHECK(asker.ended);
    CHECK(turns_within_ms(world.loop, 50) < kFewTurns);
  }
  SUBCASE("the app resets") {
    peer.reset();
    world.wait_for(asker);
    CHECK(asker.error == UpstreamError::lost);
  }
  SUBCASE("the client's end is passed on behind all its bytes") {
    peer.stop_reading();
    std::size_t sent = 0;
    while (asker.lease->unsent_bytes() == 0 || sent < 8'000'000) {
      asker.lease->send_body(std::string(100'000, 'z'));
      sent += 100'000;
    }
    asker.lease->end_body();
    peer.received.clear();
    peer.go_on_reading();
    wait_until(world.loop, [&] { return peer.ended; });
    CHECK(peer.received.size() == sent);
    CHECK_FALSE(peer.was_reset);
    peer.send("answer");
    wait_until(world.loop, [&] { return asker.body == "first answer"; });
    peer.close();
    world.wait_for(asker);
    CHECK(asker.ended);
  }
}

TEST_CASE("a tunnel in which only the client talks is not silent") {
  World world;
  world.upstream.idle_timeout_ms = 300;
  Asker asker;
  asker.on_head = [&] { asker.lease->become_tunnel(); };
  world.ask(asker);
  world.app_got(1).send(kSwitch);
  wait_until(world.loop, [&] { return asker.status == 101; });
  int beats = 0;
  std::optional<Timer> beat;
  beat.emplace(world.loop, [&] {
    if (asker.is_over()) return;
    asker.lease->send_body("beat");
    asker.lease->flush();
    ++beats;
    beat->start_ms(100);
  });
  beat->start_ms(0);
  wait_until(world.loop, [&] { return beats == 9 || asker.is_over(); });
  CHECK_FALSE(asker.error);
  beat.reset();
  world.wait_for(asker);
  CHECK(asker.error == UpstreamError::idle_timeout);
}
