#include "auth/provider/client_fetch.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <mutex>
#include <optional>
#include <set>

#include "auth/oidc/client_auth.h"
#include "tests/support/fake_server.h"
#include "tests/support/loop_runner.h"

using namespace lp;
using lp::test::FakeRequest;
using lp::test::FakeServer;
using lp::test::http_answer;

namespace {

const Secret kStale("stale-secret");
const Secret kGood("good-secret");

std::string credentials(const Secret& secret) { return std::string(client_secret_basic("app", secret).reveal()); }

// A token endpoint that takes some secrets and refuses the others.
class Endpoint {
 public:
  explicit Endpoint(const std::vector<Secret>& taken)
      : server_([this](const auto& request) { return answer(request); }) {
    take(taken);
  }
  void take(const std::vector<Secret>& taken) {
    const std::lock_guard lock(mutex_);
    taken_.clear();
    for (const Secret& secret : taken) taken_.insert(credentials(secret));
  }
  void refuse_with(std::string answer) {
    const std::lock_guard lock(mutex_);
    refusal_ = std::move(answer);
  }
  [[nodiscard]] LogtoSettings logto() const {
    LogtoSettings made;
    made.endpoint = *parse_origin(server_.origin());
    return made;
  }
  [[nodiscard]] std::vector<std::string> seen() const {
    std::vector<std::string> all;
    for (FakeRequest& request : server_.seen()) all.push_back(request.headers["authorization"]);
    return all;
  }
  [[nodiscard]] std::vector<FakeRequest> requests() const { return server_.seen(); }

 private:
  std::string answer(const FakeRequest& request) {
    const std::lock_guard lock(mutex_);
    return taken_.contains(request.headers.at("authorization")) ? http_answer(200, "{}") : refusal_;
  }
  std::mutex mutex_;
  std::set<std::string> taken_;
  std::string refusal_ = http_answer(401, R"({"error":"invalid_client"})");
  FakeServer server_;
};

struct World {
  explicit World(const std::vector<Secret>& taken, std::vector<Secret> listed) : endpoint(taken) {
    LP_CHECK(::pipe(fds) == 0, "no pipe");
    log.emplace(Log::Options{-1, fds[1]});
    client.emplace(fetcher, *log, std::move(listed));
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    log_text();
    ::close(fds[0]);
  }

  ClientFetch::Build build() {
    return [this](const Secret& secret) {
      ProviderRequest request;
      request.method = "POST";
      request.url = logto.endpoint.text() + "/oidc/token";
      request.authorization = client_secret_basic("app", secret);
      request.form_body = Secret("grant_type=x");
      return request;
    };
  }
  // The status of the reply; 0: no reply.
  int call() {
    std::optional<int> status;
    const auto handle = client->fetch(build(), [&](Result<ProviderReply> reply) {
      status = reply ? reply->status : 0;
      loop.stop();
    });
    CHECK_FALSE_MESSAGE(status, "completed inside the call that started it");
    test::run_loop(loop);
    REQUIRE(status);
    return *status;
  }
  std::string log_text() {
    if (!log) return text;
    client.reset();
    log.reset();
    ::close(fds[1]);
    char bytes[4096];
    ssize_t count = 0;
    while ((count = ::read(fds[0], bytes, sizeof bytes)) > 0) text.append(bytes, static_cast<std::size_t>(count));
    return text;
  }

  Endpoint endpoint;
  LogtoSettings logto = endpoint.logto();
  EventLoop loop;
  PinnedFetcher fetcher{loop, logto};
  int fds[2]{};
  std::optional<Log> log;
  std::optional<ClientFetch> client;
  std::string text;
};

}  // namespace

TEST_CASE("a secret that works is sent once and nothing is logged") {
  World world({kGood}, {kGood, kStale});
  CHECK(world.call() == 200);
  CHECK(world.endpoint.seen() == std::vector{credentials(kGood)});
  CHECK(world.log_text().empty());
}

TEST_CASE("a refused secret is followed by the other, which is remembered, with one log line") {
  World world({kGood}, {kStale, kGood});
  CHECK(world.call() == 200);
  CHECK(world.call() == 200);
  CHECK(world.endpoint.seen() == std::vector{credentials(kStale), credentials(kGood), credentials(kGood)});
  CHECK(world.endpoint.requests()[1].body == "grant_type=x");
  const std::string log = world.log_text();
  CHECK(std::count(log.begin(), log.end(), '\n') == 1);
  CHECK(log.find(R"("refused":1,"used":2)") != std::string::npos);
  for (const char* secret : {"stale-secret", "good-secret", "Basic"}) CHECK(log.find(secret) == std::string::npos);
}

TEST_CASE("an expired secret falls over too") {
  World world({kGood}, {kStale, kGood});
  world.endpoint.refuse_with(
      http_answer(400, R"({"error":"invalid_request","error_description":"client secret has expired"})"));
  CHECK(world.call() == 200);
  CHECK(world.endpoint.seen().size() == 2);
}

TEST_CASE("when every secret is refused the last refusal is the answer, and each was sent once") {
  World world({}, {kStale, kGood});
  CHECK(world.call() == 401);
  CHECK(world.endpoint.seen() == std::vector{credentials(kStale), credentials(kGood)});
  CHECK(world.log_text().empty());
}

TEST_CASE("what is no refusal of the secret is not sent again: a code may be spent") {
  for (const std::string& answer :
       {http_answer(400, R"({"error":"invalid_grant"})"), http_answer(400, R"({"error":"invalid_client"})"),
        http_answer(503, ""), http_answer(429, ""), std::string(FakeServer::kReset)}) {
    CAPTURE(answer);
    World world({}, {kStale, kGood});
    world.endpoint.refuse_with(answer);
    world.call();
    CHECK(world.endpoint.seen().size() == 1);
    CHECK(world.log_text().empty());
  }
}

TEST_CASE("it falls back when the other one is the last that works") {
  World world({kGood}, {kStale, kGood});
  CHECK(world.call() == 200);
  world.endpoint.take({kStale});
  CHECK(world.call() == 200);
  CHECK(world.endpoint.seen().back() == credentials(kStale));
  CHECK(world.log_text().find(R"("refused":2,"used":1)") != std::string::npos);
}

TEST_CASE("many calls at once fall over together with one log line") {
  World world({kGood}, {kStale, kGood});
  int answers = 0;
  std::vector<std::unique_ptr<Fetcher::Handle>> handles;
  for (int i = 0; i < 10; ++i) {
    handles.push_back(world.client->fetch(world.build(), [&](const Result<ProviderReply>& reply) {
      CHECK((reply && reply->status == 200));
      if (++answers == 10) world.loop.stop();
    }));
  }
  test::run_loop(world.loop);
  CHECK(answers == 10);
  handles.clear();
  const std::string log = world.log_text();
  CHECK(std::count(log.begin(), log.end(), '\n') == 1);
}

TEST_CASE("secrets replaced in mid-call are tried by the call that was refused") {
  World world({kGood}, {kStale});
  std::optional<int> status;
  const auto handle = world.client->fetch(world.build(), [&](const Result<ProviderReply>& reply) {
    status = reply ? reply->status : 0;
    world.loop.stop();
  });
  world.client->replace_secrets({kGood});
  test::run_loop(world.loop);
  CHECK(status == 200);
  CHECK(world.call() == 200);
  CHECK(world.endpoint.seen() == std::vector{credentials(kStale), credentials(kGood), credentials(kGood)});
}

TEST_CASE("a handle may be dropped before the answer, in its own answer, and between two attempts") {
  World world({kGood}, {kStale, kGood});
  bool answered = false;
  auto early = world.client->fetch(world.build(), [&](const auto&) { answered = true; });
  early.reset();

  std::unique_ptr<Fetcher::Handle> own;
  own = world.client->fetch(world.build(), [&](const auto&) {
    own.reset();
    world.loop.stop();
  });
  test::run_loop(world.loop);
  CHECK_FALSE(own);

  world.endpoint.take({});
  std::unique_ptr<Fetcher::Handle> between;
  int attempts = 0;
  const auto build = [&](const Secret& secret) {
    if (++attempts == 2) {
      world.loop.post([&] {
        between.reset();
        world.loop.stop();
      });
    }
    return world.build()(secret);
  };
  between = world.client->fetch(build, [&](const auto&) { answered = true; });
  test::run_loop(world.loop);
  test::run_loop_for_ms(world.loop, 50);
  CHECK_FALSE(answered);
}
