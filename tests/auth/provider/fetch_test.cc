#include "auth/provider/fetch.h"

#include <doctest/doctest.h>

#include <atomic>
#include <optional>

#include "tests/support/fake_server.h"
#include "tests/support/loop_runner.h"

using namespace lp;
using lp::test::FakeRequest;
using lp::test::FakeServer;
using lp::test::http_answer;

namespace {

// Whoever calls a server, in plain http where a test does not say otherwise.
struct World {
  explicit World(std::string server, Fetcher::Options options = {{}, 32, true})
      : origin(std::move(server)), fetcher(loop, std::move(options)) {}

  auto fetch(const ProviderRequest& request, Fetcher::Done done) {
    return fetcher.fetch(request, connect_to, std::move(done));
  }
  Result<ProviderReply> get(const ProviderRequest& request) {
    std::optional<Result<ProviderReply>> result;
    const auto handle = fetch(request, [&](Result<ProviderReply> reply) {
      result = std::move(reply);
      loop.stop();
    });
    CHECK_FALSE_MESSAGE(result, "completed inside the call that started it");
    test::run_loop(loop);
    REQUIRE(result);
    return *result;
  }
  Result<ProviderReply> get(const std::string& path) {
    ProviderRequest request;
    request.url = origin + path;
    return get(request);
  }

  std::string origin;
  std::optional<Origin> connect_to;
  EventLoop loop;
  Fetcher fetcher;
};

}  // namespace

TEST_CASE("a GET brings status, type and body, and asks for plain JSON") {
  FakeServer server([](const FakeRequest&) { return http_answer(203, "{}", "application/json; charset=utf-8"); });
  World world(server.origin());
  auto reply = world.get("/oidc/jwks?x=1");
  REQUIRE(reply);
  CHECK(reply->status == 203);
  CHECK(reply->content_type == "application/json; charset=utf-8");
  CHECK(reply->body == "{}");
  FakeRequest request = server.seen().at(0);
  CHECK(request.method == "GET");
  CHECK(request.target == "/oidc/jwks?x=1");
  CHECK(request.headers["host"] == "127.0.0.1:" + std::to_string(server.port()));
  CHECK(request.headers["x-forwarded-proto"] == "http");
  CHECK(request.headers["accept-encoding"] == "identity");
  CHECK(request.headers["accept"] == "application/json");
  CHECK(request.headers.count("authorization") == 0);
}

TEST_CASE("a POST carries credentials and form, without waiting for a 100") {
  FakeServer server([](const FakeRequest&) { return http_answer(200, ""); });
  World world(server.origin());
  ProviderRequest request;
  request.method = "POST";
  request.url = server.origin() + "/oidc/token";
  request.authorization = Secret("Basic abc");
  request.form_body = Secret("code=" + std::string(5000, 'c'));
  REQUIRE(world.get(request));
  FakeRequest seen = server.seen().at(0);
  CHECK(seen.method == "POST");
  CHECK(seen.headers["authorization"] == "Basic abc");
  CHECK(seen.headers["content-type"] == "application/x-www-form-urlencoded");
  CHECK(seen.headers.count("expect") == 0);
  CHECK(seen.body == request.form_body.reveal());
}

TEST_CASE("connect_to changes where the connection goes, not what is asked there") {
  FakeServer server([](const FakeRequest&) { return http_answer(200, "{}"); });
  World world("https://auth.example.com");
  world.connect_to = *parse_origin(server.origin());
  REQUIRE(world.get("/oidc/.well-known/openid-configuration"));
  FakeRequest seen = server.seen().at(0);
  CHECK(seen.target == "/oidc/.well-known/openid-configuration");
  CHECK(seen.headers["host"] == "auth.example.com");
  CHECK(seen.headers["x-forwarded-proto"] == "https");
}

TEST_CASE("only https is called, or http where its caller allows it") {
  FakeServer server([](const FakeRequest&) { return http_answer(200, "{}"); });
  World world(server.origin());
  World strict("https://127.0.0.1:1", Fetcher::Options{});
  const auto url = [](const std::string& text) {
    ProviderRequest request;
    request.url = text;
    return request;
  };
  for (const char* bad : {"file:///etc/passwd", "ftp://127.0.0.1/", "nonsense", "", "http://user@127.0.0.1/"}) {
    CAPTURE(bad);
    CHECK_FALSE(world.get(url(bad)));
    CHECK_FALSE(strict.get(url(bad)));
  }
  CHECK_FALSE(strict.get(url(server.origin() + "/")));
  strict.connect_to = *parse_origin(server.origin());
  CHECK_FALSE(strict.get("/"));
  CHECK(server.connections() == 0);
  CHECK(world.get("/"));
}

TEST_CASE("what is refused is answered later, like everything else") {
  World world("http://127.0.0.1:1");
  std::optional<std::string> reason;
  const auto handle = world.fetcher.refuse(fail("no"), [&](const Result<ProviderReply>& reply) {
    reason = reply.error().message;
    world.loop.stop();
  });
  CHECK_FALSE(reason);
  test::run_loop(world.loop);
  CHECK(reason == "no");
}

TEST_CASE("a redirect is an answer, not an order") {
  FakeServer elsewhere([](const FakeRequest&) { return http_answer(200, "{}"); });
  FakeServer server([&](const FakeRequest&) {
    return http_answer(307, "", "text/plain", "Location: " + elsewhere.origin() + "/\r\n");
  });
  World world(server.origin());
  auto reply = world.get("/");
  REQUIRE(reply);
  CHECK(reply->status == 307);
  CHECK(elsewhere.connections() == 0);
}

TEST_CASE("bodies and heads are cut at their limits, declared or not") {
  const std::string big(1'100'000, 'x');
  FakeServer server([&](const FakeRequest& request) -> std::string {
    if (request.target == "/declared") return http_answer(200, big);
    if (request.target == "/endless") return "HTTP/1.1 200 X\r\n\r\n" + big;
    if (request.target == "/head") return "HTTP/1.1 200 X\r\nX-Pad: " + std::string(70'000, 'p') + "\r\n\r\n{}";
    return http_answer(200, big.substr(0, 1 << 20));
  });
  World world(server.origin());
  for (const char* long_one : {"/declared", "/endless"}) {
    const auto reply = world.get(long_one);
    REQUIRE_FALSE(reply);
    CHECK(Fetcher::was_too_long(reply.error()));
  }
  const auto head = world.get("/head");
  REQUIRE_FALSE(head);
  CHECK_FALSE(Fetcher::was_too_long(head.error()));
  auto whole = world.get("/whole");
  REQUIRE(whole);
  CHECK(whole->body.size() == 1 << 20);
}

TEST_CASE("broken answers are errors: refused, reset, truncated, not HTTP") {
  World refused("http://127.0.0.1:1");
  CHECK_FALSE(refused.get("/"));
  FakeServer server([](const FakeRequest& request) -> std::string {
    if (request.target == "/reset") return FakeServer::kReset;
    if (request.target == "/truncated") return "HTTP/1.1 200 X\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{}";
    return "hello";
  });
  World world(server.origin());
  CHECK_FALSE(world.get("/reset"));
  CHECK_FALSE(world.get("/nonsense"));
}

TEST_CASE("a plain server where TLS is expected is an error") {
  FakeServer server([](const FakeRequest&) { return http_answer(200, "{}"); });
  World world("https://127.0.0.1:" + std::to_string(server.port()));
  CHECK_FALSE(world.get("/"));
}

TEST_CASE("connections are used again") {
  FakeServer server([](const FakeRequest&) { return http_answer(200, "{}"); });
  World world(server.origin());
  for (int i = 0; i < 3; ++i) REQUIRE(world.get("/"));
  CHECK(server.connections() == 1);
}

TEST_CASE("a form is sent once: a connection that ends under it is an error, not a reason to send it again") {
  std::atomic<int> forms = 0;
  FakeServer server([&](const FakeRequest& request) {
    if (request.method == "POST" && ++forms > 1) return std::string(FakeServer::kReset);
    return http_answer(200, "{}");
  });
  World world(server.origin());
  ProviderRequest request;
  request.method = "POST";
  request.url = world.origin + "/token";
  request.form_body = Secret("refresh_token=x");
  CHECK(world.get(request));
  CHECK_FALSE(world.get(request));  // on the same connection, which is where curl would try again
  CHECK(forms == 2);
}

TEST_CASE("dropping a handle cancels, at once and from inside another's completion") {
  FakeServer server([](const FakeRequest& r) { return r.target == "/never" ? std::string() : http_answer(200, "{}"); });
  World world(server.origin());
  ProviderRequest request;
  request.url = server.origin() + "/never";
  bool completed = false;
  auto dropped = world.fetch(request, [&](const Result<ProviderReply>&) { completed = true; });
  dropped.reset();
  auto hanging = world.fetch(request, [&](const Result<ProviderReply>&) { completed = true; });
  request.url = server.origin() + "/soon";
  std::unique_ptr<Fetcher::Handle> soon = world.fetch(request, [&](const Result<ProviderReply>&) {
    hanging.reset();
    soon.reset();
    world.loop.stop();
  });
  test::run_loop(world.loop);
  test::run_loop_for_ms(world.loop, 50);
  CHECK_FALSE(completed);
  CHECK_FALSE(soon);
}

TEST_CASE("a fetch may start the next one from its completion") {
  FakeServer server([](const FakeRequest&) { return http_answer(200, "{}"); });
  World world(server.origin());
  ProviderRequest request;
  request.url = server.origin() + "/";
  int left = 5;
  std::unique_ptr<Fetcher::Handle> handle;
  std::function<void(Result<ProviderReply>)> next = [&](const Result<ProviderReply>& reply) {
    CHECK(reply);
    if (--left == 0) return world.loop.stop();
    handle = world.fetch(request, next);
  };
  handle = world.fetch(request, next);
  test::run_loop(world.loop);
  CHECK(left == 0);
}

TEST_CASE("a fetcher may go while transfers have just been dropped") {
  FakeServer server([](const FakeRequest&) { return std::string(); });
  ProviderRequest request;
  request.url = server.origin() + "/";
  World world(server.origin());
  auto handle = world.fetch(request, [](const Result<ProviderReply>&) {});
  test::run_loop_for_ms(world.loop, 50);
  handle.reset();
}

TEST_CASE("calls beyond max_calls wait for their turn, in order, and may be dropped while they wait") {
  FakeServer server([](const FakeRequest&) { return http_answer(200, ""); });
  World world(server.origin(), {{}, 1, true});
  std::string order;
  std::vector<std::unique_ptr<Fetcher::Handle>> handles;
  for (const char name : {'a', 'b', 'c', 'd'}) {
    ProviderRequest request;
    request.url = server.origin() + "/" + name;
    handles.push_back(world.fetch(request, [&, name](const Result<ProviderReply>& reply) {
      CHECK(reply);
      order += name;
      if (name == 'd') world.loop.stop();
    }));
  }
  handles[1].reset();
  test::run_loop(world.loop);
  CHECK(order == "acd");
  CHECK(server.seen().size() == 3);
  CHECK(server.seen().at(1).target == "/c");
}

TEST_CASE("a stranger's call whose turn does not come ends unsent, and its handle may go in that very moment") {
  FakeServer server([](const FakeRequest&) { return std::string(); });  // never answers
  World world(server.origin(), {{}, 1, true, 20});
  ProviderRequest request;
  request.url = server.origin() + "/";
  request.caller = {CallKind::sign_in, "192.0.2.1"};
  const auto first = world.fetch(request, [](const Result<ProviderReply>&) {});
  bool never_sent = false;
  std::unique_ptr<Fetcher::Handle> second = world.fetch(request, [&](const Result<ProviderReply>& reply) {
    never_sent = !reply && Fetcher::was_never_sent(reply.error());
    second.reset();
    world.loop.stop();
  });
  test::run_loop(world.loop);
  CHECK(never_sent);
  CHECK_FALSE(Fetcher::was_never_sent(fail("no answer: refused")));
}
