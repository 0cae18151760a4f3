#include "auth/provider/pinned_fetch.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>

#include "tests/support/fake_server.h"
#include "tests/support/loop_runner.h"

using namespace lp;
using lp::test::FakeRequest;
using lp::test::FakeServer;
using lp::test::http_answer;

namespace {

Result<ProviderReply> get(EventLoop& loop, PinnedFetcher& fetcher, const std::string& url) {
  ProviderRequest request;
  request.url = url;
  std::optional<Result<ProviderReply>> result;
  const auto handle = fetcher.fetch(request, [&](Result<ProviderReply> reply) {
    result = std::move(reply);
    loop.stop();
  });
  CHECK_FALSE_MESSAGE(result, "completed inside the call that started it");
  test::run_loop(loop);
  REQUIRE(result);
  return *result;
}

}  // namespace

TEST_CASE("only the pinned origin is ever called") {
  FakeServer server([](const FakeRequest&) { return http_answer(200, "{}"); });
  FakeServer other([](const FakeRequest&) { return http_answer(200, "{}"); });
  EventLoop loop;
  PinnedFetcher fetcher(loop, {*parse_origin(server.origin()), std::nullopt}, {});
  const std::string port = std::to_string(server.port());
  for (const std::string& url :
       {other.origin() + "/", "https://127.0.0.1:" + port + "/", "http://localhost:" + port + "/",
        "http://127.0.0.1:" + port + "@evil.test/", std::string("http://127.0.0.1/"), std::string("file:///etc/passwd"),
        std::string("nonsense"), std::string()}) {
    CAPTURE(url);
    CHECK_FALSE(get(loop, fetcher, url));
  }
  CHECK(server.connections() == 0);
  CHECK(other.connections() == 0);
  CHECK(get(loop, fetcher, server.origin() + "/oidc/jwks"));
}

TEST_CASE("where the pinned server is reached elsewhere, only that place is called, and by no name of its own") {
  FakeServer server([](const FakeRequest&) { return http_answer(200, "{}"); });
  LogtoSettings logto;
  logto.endpoint = *parse_origin("https://auth.example.com");
  logto.connect_to = *parse_origin(server.origin());
  EventLoop loop;
  PinnedFetcher fetcher(loop, logto);
  CHECK_FALSE(get(loop, fetcher, server.origin() + "/oidc/token"));
  CHECK(server.connections() == 0);
  REQUIRE(get(loop, fetcher, "https://auth.example.com/oidc/token"));
  CHECK(server.seen().at(0).headers["host"] == "auth.example.com");
}

TEST_CASE("the listener hears of calls that were made, not of a stranger's whose turn did not come") {
  FakeServer server(
      [](const FakeRequest& request) { return request.target == "/silent" ? std::string() : http_answer(503, ""); });
  EventLoop loop;
  PinnedFetcher fetcher(loop, {*parse_origin(server.origin()), std::nullopt}, {{}, 2, true, 20});
  int heard = 0;
  fetcher.set_listener([&](const Result<ProviderReply>&) { ++heard; });
  ProviderRequest request;
  request.url = server.origin() + "/silent";
  request.caller = {CallKind::introspection, "192.0.2.1"};
  const auto first = fetcher.fetch(request, [](const Result<ProviderReply>&) {});
  bool never_sent = false;
  const auto second = fetcher.fetch(request, [&](const Result<ProviderReply>& reply) {
    never_sent = !reply && Fetcher::was_never_sent(reply.error());
    loop.stop();
  });
  test::run_loop(loop);
  CHECK(never_sent);
  CHECK(heard == 0);
  CHECK(get(loop, fetcher, server.origin() + "/"));
  CHECK(heard == 1);
}
