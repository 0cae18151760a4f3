#include "proxy/upstream/http1_pool.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/upstream_world.h"

using namespace lp;
using namespace lp::test;
using namespace lp::test::upstreams;

namespace {
const std::string kNotModified = "HTTP/1.1 304 Not Modified\r\n\r\n";
}

TEST_CASE("what must not be sent twice gets a connection of an app that keeps them") {
  World world;
  const auto kept = [&](Choice choice) {
    Asker asker;
    world.ask(asker, choice);
    const bool is_reused = asker.lease->is_reused_connection();
    Peer* asked = nullptr;
    wait_until(world.loop, [&] {
      for (const auto& peer : world.app.connections) {
        if (peer->received.ends_with("\r\n\r\n")) asked = peer.get();
      }
      return asked != nullptr;
    });
    REQUIRE(asked != nullptr);
    asked->received.clear();
    asked->send(kOk);
    world.wait_for(asker);
    CHECK(asker.status == 200);
    return is_reused;
  };
  const auto close_all = [&] {
    for (const auto& peer : world.app.connections) peer->close();
    turns_within_ms(world.loop, 20);
  };
  CHECK_FALSE(kept(Choice::checked));
  CHECK_FALSE(kept(Choice::checked));  // nothing is known of the app yet
  CHECK(kept(Choice::any));
  turns_within_ms(world.loop, 500);
  CHECK(kept(Choice::checked));
  CHECK(kept(Choice::checked));
  close_all();  // it has closed one that had just been used
  CHECK_FALSE(kept(Choice::checked));
  CHECK_FALSE(kept(Choice::checked));
  turns_within_ms(world.loop, 700);  // one lives for longer: it was started anew
  CHECK(kept(Choice::checked));
}

TEST_CASE("no more connections are open than max_connections, and who waits is served in turn") {
  World world([](UpstreamSettings& settings) {
    settings.max_connections = 1;
    settings.queue = 2;
  });
  Asker first, second, third, too_many;
  world.ask(first);
  world.ask(second);
  world.ask(third);
  world.ask(too_many);
  CHECK_FALSE(too_many.error);  // not inside the call
  world.wait_for(too_many);
  CHECK(too_many.error == UpstreamError::queue_full);
  world.answer(first, kOk, 1);
  world.answer(second, kOk, 2);
  world.answer(third, kOk, 3);
  for (const Asker* asker : {&first, &second, &third}) CHECK(asker->body == "ok");
  Asker again;
  world.ask(again);
  CHECK(again.lease->is_reused_connection());
}

TEST_CASE("who waits for a connection too long is told so, and who goes away takes none") {
  World world([](UpstreamSettings& settings) {
    settings.max_connections = 1;
    settings.queue_timeout_ms = 50;
  });
  Asker first, second, third;
  world.ask(first);
  world.ask(second);
  world.ask(third);
  third.lease.reset();
  world.wait_for(second);
  CHECK(second.error == UpstreamError::queue_timeout);
  world.answer(first, kOk, 1);
  Asker next;
  world.ask(next);
  CHECK(next.lease->is_reused_connection());
}

TEST_CASE("an idle connection of one worker makes room for another worker's request") {
  World world([](UpstreamSettings& settings) { settings.max_connections = 1; });
  Http1Pool other(world.environment(), *world.shared, world.tell);
  Asker first;
  world.ask(first);
  world.answer(first, kOk, 1);
  Asker second;
  second.lease = other.lease(second, Choice::any);
  world.send_head(second, "GET", {});
  second.lease->end_body();
  world.answer(second, kOk, 2);
  CHECK(second.body == "ok");
  other.close();
}

TEST_CASE("after an answer without a body a connection serves again when a late body would have come") {
  const std::string& none = kNotModified;
  const auto seconds = [](World& world, int count) { (void)turns_within_ms(world.loop, count * 1000); };
  SUBCASE("from an app that sends none") {
    World world;
    Asker first, later;
    world.ask(first);
    world.answer(first, none);
    seconds(world, 6);
    world.ask(later);
    CHECK(later.lease->is_reused_connection());
    world.answer(later, kOk, 1, 2);
    CHECK(later.body == "ok");
  }
  SUBCASE("who needs one meanwhile gets a new one, and the app has no more of them than are needed") {
    World world;
    for (std::size_t i = 1; i <= 3; ++i) {
      Asker asker;
      world.ask(asker);
      CHECK_FALSE(asker.lease->is_reused_connection());
      world.answer(asker, none, i);
      wait_until(world.loop, [&] { return i == 1 || world.app.connections[i - 2]->ended; });
    }
  }
  SUBCASE("where one has been sent late, no connection serves again after such an answer") {
    for (const std::string& late : {kOk, std::string("x")}) {
      for (const bool comes_at_once : {true, false}) {
        CAPTURE(comes_at_once);
        World world;
        Asker first, second, third;
        world.ask(first);
        world.answer(first, comes_at_once ? none + late : none);
        if (!comes_at_once) world.app.last().send(late);
        wait_until(world.loop, [&] { return world.app.last().ended; });
        world.ask(second);
        CHECK_FALSE(second.lease->is_reused_connection());
        world.answer(second, none, 2);
        wait_until(world.loop, [&] { return world.app.last().ended; });
        CHECK(world.app.last().ended);
        world.ask(third);
        world.answer(third, kOk, 3);
        CHECK(third.body == "ok");
      }
    }
  }
}

TEST_CASE("a connection that settles is an idle one to max_connections, whatever worker waits") {
  for (const bool other_worker : {false, true}) {
    CAPTURE(other_worker);
    World world([](UpstreamSettings& settings) { settings.max_connections = 1; });
    Http1Pool other(world.environment(), *world.shared, world.tell);
    Asker first, second;
    world.ask(first);
    world.answer(first, kNotModified, 1);
    second.lease = (other_worker ? other : *world.pool).lease(second, Choice::any);
    world.send_head(second, "GET", {});
    second.lease->end_body();
    world.answer(second, kOk, 2);
    CHECK(second.body == "ok");
    CHECK(world.app.connections.front()->ended);
    other.close();
  }
}

TEST_CASE("who waits already gets the slot of a connection that would settle") {
  World world([](UpstreamSettings& settings) { settings.max_connections = 1; });
  Asker first, second;
  world.ask(first);
  world.ask(second);
  world.answer(first, kNotModified, 1);
  world.answer(second, kOk, 2);
  CHECK(second.body == "ok");
}

TEST_CASE("keep_alive counts those that settle") {
  const auto open = [](World& world) {
    return std::count_if(world.app.connections.begin(), world.app.connections.end(),
                         [](const auto& peer) { return !peer->ended; });
  };
  const auto ask_three = [&](World& world, const std::vector<std::string>& answers) {
    std::vector<std::unique_ptr<Asker>> askers;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      askers.push_back(std::make_unique<Asker>());
      world.ask(*askers.back());
      (void)world.app_got(i + 1);
    }
    for (std::size_t i = 0; i < answers.size(); ++i) {
      world.app.connections[i]->send(answers[i]);
      world.wait_for(*askers[i]);
    }
    turns_within_ms(world.loop, 20);
  };
  SUBCASE("one that can serve at once is rather kept") {
    World world([](UpstreamSettings& settings) { settings.keep_alive = 1; });
    ask_three(world, {kOk, kNotModified, kNotModified});
    CHECK(open(world) == 1);
    Asker next;
    world.ask(next);
    CHECK(next.lease->is_reused_connection());
  }
  SUBCASE("and takes the place of one that settles") {
    World world([](UpstreamSettings& settings) { settings.keep_alive = 2; });
    ask_three(world, {kNotModified, kNotModified, kOk});
    CHECK(open(world) == 2);
    Asker next;
    world.ask(next);
    CHECK(next.lease->is_reused_connection());
  }
  SUBCASE("none settles with keep_alive off") {
    World world([](UpstreamSettings& settings) { settings.keep_alive = 0; });
    ask_three(world, {kNotModified});
    CHECK(open(world) == 0);
  }
}

TEST_CASE("a connection that would settle for longer than it is kept goes at once") {
  for (const bool app_says_so : {false, true}) {
    CAPTURE(app_says_so);
    World world([](UpstreamSettings& settings) { settings.idle_time_ms = 60'000; });
    if (!app_says_so) world.upstream.idle_time_ms = 5'000;
    Asker asker;
    world.ask(asker);
    world.answer(asker, app_says_so ? "HTTP/1.1 304 Not Modified\r\nKeep-Alive: timeout=5\r\n\r\n" : kNotModified);
    wait_until(world.loop, [&] { return world.app.last().ended; });
    CHECK(world.app.last().ended);
  }
}

TEST_CASE("one that has settled is as old as its last answer") {
  World world([](UpstreamSettings& settings) { settings.idle_time_ms = 7'000; });
  Asker first, second, third;
  world.ask(first);
  world.ask(second);
  (void)world.app_got(2);
  world.app.connections[0]->send(kNotModified);
  world.wait_for(first);
  turns_within_ms(world.loop, 3000);
  world.app.connections[1]->send(kOk);
  world.wait_for(second);
  turns_within_ms(world.loop, 2500);  // the first has settled after the second became idle, which was used last
  world.ask(third);
  wait_until(world.loop, [&] { return world.app.connections[1]->count("/t HTTP/1.1\r\n") == 2; });
  CHECK(world.app.connections[1]->count("/t HTTP/1.1\r\n") == 2);
  wait_until(world.loop, [&] { return world.app.connections[0]->ended; });
  CHECK(world.app.connections[0]->ended);
  CHECK_FALSE(third.error);
}

// Like one that accepts, and serves that connection until it ends.
TEST_CASE("an app that serves one connection at a time is found out, whatever it answers") {
  std::string answer;
  SUBCASE("with a body") { answer = kOk; }
  SUBCASE("without one, so that its connections settle") { answer = kNotModified; }
  World world;
  std::vector<std::unique_ptr<Asker>> askers;
  for (int i = 0; i < 8; ++i) {
    askers.push_back(std::make_unique<Asker>());
    world.ask(*askers.back());
  }
  std::size_t served = 0;
  const auto serve = [&] {
    while (served < world.app.connections.size()) {
      Peer& peer = *world.app.connections[served];
      if (peer.has("\r\n\r\n")) peer.received.clear(), peer.send(answer);
      if (!peer.ended) break;
      ++served;
    }
    return served == askers.size();
  };
  wait_until(world.loop, serve);
  CHECK(served == askers.size());
  for (const auto& asker : askers) CHECK(asker->ended);
  CHECK(world.told_serves_one == 1);
  CHECK_FALSE(world.pool->keeps_connections());
}

TEST_CASE("an app that served one connection at a time is tried again after a while, and told of once") {
  World world([](UpstreamSettings&) {}, 400);
  const auto starve = [&] {
    Asker idle, waiting;
    const std::size_t before = world.app.connections.size();
    const auto next = [&](std::size_t count) {
      wait_until(world.loop, [&] { return world.app.connections.size() == count && world.app.last().has("\r\n\r\n"); });
      return &world.app.last();
    };
    world.ask(idle);
    Peer& held = *next(before + 1);
    held.send(kOk);
    world.wait_for(idle);
    world.ask(waiting, Choice::fresh);
    Peer& other = *next(before + 2);
    wait_until(world.loop, [&] { return held.ended; });
    other.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    world.wait_for(waiting);
  };
  for (int i = 0; i < 3; ++i) starve();
  CHECK_FALSE(world.pool->keeps_connections());
  wait_until(world.loop, [&] { return world.pool->keeps_connections(); });
  CHECK(world.pool->keeps_connections());
  starve();
  CHECK_FALSE(world.pool->keeps_connections());
  CHECK(world.told_serves_one == 1);
}

TEST_CASE("a slot that others wait for is not a slow client's") {
  World world([](UpstreamSettings& settings) {
    settings.max_connections = 1;
    settings.queue_timeout_ms = 60'000;
  });
  Asker slow, next;
  const auto begin_upload = [&](std::uint64_t bytes) {
    slow.lease = world.pool->lease(slow, Choice::any);
    world.send_head(slow, "POST", {BodyFraming::Kind::length, bytes});
    slow.lease->flush();
    (void)world.app_got(1);
  };
  SUBCASE("that sends next to nothing") {
    begin_upload(1000);
    world.ask(next);
    world.wait_for(slow);
    CHECK(slow.error == UpstreamError::slow_client);
    world.answer(next, kOk, 2);
    CHECK(next.body == "ok");
  }
  SUBCASE("that reads next to nothing") {
    slow.on_body = [&] {
      if (slow.lease) slow.lease->pause_response();
    };
    world.ask(slow);
    world.app_got(1).send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nbegins");
    wait_until(world.loop, [&] { return !slow.body.empty(); });
    world.ask(next);
    world.wait_for(slow);
    CHECK(slow.error == UpstreamError::slow_client);
    world.answer(next, kOk, 2);
  }
  SUBCASE("who sends steadily keeps it") {
    begin_upload(1'000'000);
    world.ask(next);
    for (int i = 0; i < 7; ++i) {
      slow.lease->send_body(std::string(20'000, 'x'));
      slow.lease->flush();
      turns_within_ms(world.loop, 1000);
    }
    CHECK_FALSE(slow.error);
    CHECK_FALSE(next.error);
  }
  SUBCASE("and so does whose app is slow") {
    begin_upload(0);
    slow.lease->end_body();
    world.ask(next);
    turns_within_ms(world.loop, 7000);
    CHECK_FALSE(slow.error);
  }
}

TEST_CASE("an app that is slow keeps its connections") {
  World world;
  for (int i = 0; i < 4; ++i) {
    Asker fast, slow;
    world.ask(fast, Choice::fresh);
    wait_until(world.loop, [&] { return world.app.connections.size() == static_cast<std::size_t>(2 * i + 1); });
    wait_until(world.loop, [&] { return world.app.last().has("\r\n\r\n"); });
    world.app.last().send(kOk);
    world.wait_for(fast);
    world.ask(slow, Choice::fresh);
    wait_until(world.loop, [&] { return world.app.connections.size() == static_cast<std::size_t>(2 * i + 2); });
    turns_within_ms(world.loop, 1700);
    world.app.last().send(kOk);
    world.wait_for(slow);
    CHECK(slow.body == "ok");
  }
  CHECK(world.told_serves_one == 0);
  CHECK(world.pool->keeps_connections());
}

TEST_CASE("with keep_alive off each connection is used once") {
  World world([](UpstreamSettings& settings) { settings.keep_alive = 0; });
  for (std::size_t i = 1; i <= 2; ++i) {
    Asker asker;
    world.ask(asker);
    CHECK_FALSE(asker.lease->is_reused_connection());
    world.answer(asker, kOk, i);
  }
  CHECK_FALSE(world.pool->keeps_connections());
}

// The app answers by connection: with NTLM or Negotiate the first request on it says who all others are of.
TEST_CASE("a connection that the app has signed in serves that client alone") {
  const int alice = 0;
  const int bob = 0;
  const UpstreamClient alices{&alice, "198.51.100.1\nalice"};
  const UpstreamClient bobs{&bob, ""};
  const auto ask_as = [](World& world, Asker& asker, const UpstreamClient& client, const char* authorization = nullptr,
                         Choice choice = Choice::any) {
    asker.lease = world.pool->lease(asker, choice, client);
    OutgoingRequest request;
    request.method = "GET";
    request.target = "/t";
    request.host = "app.test";
    Fields fields;
    if (authorization != nullptr) fields.add("Authorization", authorization);
    asker.lease->send_head(request, fields, world.rules);
    asker.lease->end_body();
  };
  struct Case {
    const char* says;
    const char* authorization;
    std::string answer;
    bool held;
  };
  const std::string challenge = "HTTP/1.1 401 No\r\nWWW-Authenticate: ";
  const Case cases[] = {
      {"NTLM", "NTLM TlRMTVNTUAAB", kOk, true},
      {"Negotiate in lower case", "negotiate YII", kOk, true},
      {"Basic", "Basic YTpi", kOk, false},
      {"a challenge", nullptr, challenge + "Negotiate\r\nContent-Length: 0\r\n\r\n", true},
      {"a challenge of several", nullptr, challenge + "Basic realm=\"x\", NTLM\r\nContent-Length: 0\r\n\r\n", true},
      {"another challenge", nullptr, challenge + "Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n", false},
  };
  for (const Case& one : cases) {
    CAPTURE(one.says);
    World world;
    Asker first, same, other;
    ask_as(world, first, alices, one.authorization);
    world.answer(first, one.answer);
    ask_as(world, other, bobs);
    CHECK(other.lease->is_reused_connection() == !one.held);
    world.answer(other, kOk, one.held ? 2 : 1, one.held ? 1 : 2);
    ask_as(world, same, alices);
    CHECK(same.lease->is_reused_connection());
    Peer& peer = *world.app.connections.front();
    wait_until(world.loop, [&] { return peer.count("/t HTTP/1.1\r\n") == (one.held ? 2U : 3U); });
    peer.send(kOk);
    world.wait_for(same);
    CHECK(same.status == 200);
  }
}

TEST_CASE(
    "behind an answer without a body a connection that is signed in serves again when a late body would have come") {
  const int alice = 0;
  const auto ask = [&](World& world, Asker& asker, const std::string& method) {
    asker.lease = world.pool->lease(asker, Choice::any, {&alice, ""});
    OutgoingRequest request;
    request.method = method;
    request.target = "/t";
    request.host = "app.test";
    Fields fields;
    fields.add("Authorization", "NTLM TlRMTVNTUAAB");
    asker.lease->send_head(request, fields, world.rules);
    asker.lease->end_body();
  };
  const struct {
    const char* says;
    std::string method, answer;
    int wait_ms;
    bool reused;
  } cases[] = {
      {"at once: another one", "GET", kNotModified, 0, false},
      {"later: the same", "GET", kNotModified, 6000, true},
      {"in mid-handshake there is no other", "HEAD",
       "HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM x\r\nContent-Length: 0\r\n\r\n", 0, true},
      {"with a body nothing can be late", "GET", kOk, 0, true},
  };
  for (const auto& one : cases) {
    CAPTURE(one.says);
    World world;
    Asker first, next;
    ask(world, first, one.method);
    world.answer(first, one.answer);
    turns_within_ms(world.loop, one.wait_ms);
    ask(world, next, "GET");
    CHECK(next.lease->is_reused_connection() == one.reused);
    wait_until(world.loop, [&] { return one.reused || world.app.connections.front()->ended; });
    CHECK(world.app.connections.front()->ended == !one.reused);
  }
}

TEST_CASE("a connection that is signed in ends with its client, and with another person on the client's connection") {
  const int front = 0;
  struct Case {
    const char* says;
    UpstreamClient first, next;
    bool client_ends;
    bool reused;
  };
  const Case cases[] = {
      {"the same person", {&front, "alice"}, {&front, "alice"}, false, true},
      {"another person", {&front, "alice"}, {&front, "bob"}, false, false},
      {"nobody in particular", {nullptr, ""}, {nullptr, ""}, false, false},
      {"the client has gone", {&front, ""}, {&front, ""}, true, false},
  };
  for (const Case& one : cases) {
    CAPTURE(one.says);
    World world;
    Asker first, next;
    first.lease = world.pool->lease(first, Choice::any, one.first);
    world.send_head(first, "GET", {});
    first.lease->end_body();
    world.answer(first, "HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n");
    if (one.client_ends) world.pool->close_held_by(&front);
    next.lease = world.pool->lease(next, Choice::any, one.next);
    CHECK(next.lease->is_reused_connection() == one.reused);
    if (one.reused) continue;
    wait_until(world.loop, [&] { return world.app.connections.front()->ended; });
    CHECK(world.app.connections.front()->ended);
  }
}
