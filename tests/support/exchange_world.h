#pragma once
#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/file/load.h"
#include "proxy/exchange/exchange.h"
#include "proxy/server/worker.h"
#include "tests/support/wire.h"

// A worker between scripted clients and a scripted app, for the tests of exchanges.
namespace lp::test::exchanges {

inline const char* const kYaml = R"(
external_urls: [http://app.test]
listen: [127.0.0.1:0]
logto: { endpoint: https://logto.test, app_id: app, app_secret: secret }
session: { secret: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= }
limits: { request_body: 20KiB }
timeouts: { body_idle: 500ms }
upstreams:
  app: { url: http://127.0.0.1:@PORT@, response_timeout: @PATIENCE@, idle_timeout: @PATIENCE@ }
  away: http://127.0.0.1:@AWAY@
routes:
  - { path: /away/*, upstream: away, access: public }
  - { path: /strip/*, upstream: app, access: public, strip_prefix: /strip }
  - { path: /deny/*, access: deny }
  - { path: /mine/*, upstream: app }
  - { path: /*, upstream: app, access: public }
)";

inline std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what))
    text.replace(at, what.size(), with);
  return text;
}

inline std::uint16_t port_of_nobody() {
  std::uint16_t port = 0;
  const Socket gone = listening_socket(port);
  return port;
}

inline std::shared_ptr<const Settings> settings_for(std::uint16_t port, const std::string& patience) {
  const std::string ports =
      replaced(replaced(kYaml, "@PORT@", std::to_string(port)), "@AWAY@", std::to_string(port_of_nobody()));
  const std::string yaml = replaced(ports, "@PATIENCE@", patience);
  auto loaded = parse_config(yaml, "test.yaml", [](const std::string&) { return std::optional<std::string>(); });
  if (!loaded) {
    for (const auto& problem : loaded.error()) MESSAGE(problem.text());
  }
  REQUIRE(loaded);
  auto settings = std::make_shared<Settings>(*loaded->settings);
  settings->logto.backchannel_url = Origin{"http", "proxy.internal", 8080};
  return settings;
}

// Says what the test wants it to say, in turn; then it judges by itself.
class ScriptedGatekeeper final : public Gatekeeper {
 public:
  using Gatekeeper::Gatekeeper;
  struct Asked {
    std::string path;
    BodyFacts body_state;
    std::string body;
    bool only_backchannel;
  };
  std::vector<Asked> asked;
  std::deque<Verdict> verdicts;
  LaterVerdict later;  // of the verdict before which it said wait
  bool session_over = false;
  mutable int asked_if_over = 0;
  mutable std::vector<std::string> stale_asked;  // the cookies that it let go, if they are stale
  bool cookies_are_stale = false;

  Verdict judge(const RequestFacts& facts, LaterVerdict later_in, std::unique_ptr<PendingVerdict>& wait) override {
    asked.push_back({std::string(facts.path), facts.body_state, std::string(facts.body), facts.only_backchannel});
    if (verdicts.empty()) {
      const bool is_own = facts.path.starts_with("/_auth");
      return is_own ? Gatekeeper::own_endpoints().judge(facts, std::move(later_in), wait)
                    : Gatekeeper::judge(facts, std::move(later_in), wait);
    }
    Verdict next = std::move(verdicts.front());
    verdicts.pop_front();
    if (next.kind == Verdict::Kind::wait) {
      later = std::move(later_in);
      wait = std::make_unique<PendingVerdict>();
    }
    return next;
  }
  Responder& own_endpoints() override { return *this; }
  bool is_over(const OpenedSession& session, std::int64_t) const override {
    CHECK(session.session.sub == "alice");
    ++asked_if_over;
    return session_over;
  }
  void drop_stale_cookies(const OpenedSession*, std::vector<std::string>& set_cookies) const override {
    stale_asked = set_cookies;
    if (cookies_are_stale) set_cookies.clear();
  }
};

inline std::shared_ptr<const OpenedSession> some_session() {
  auto opened = std::make_shared<OpenedSession>();
  opened->session.sub = "alice";
  return opened;
}

inline std::shared_ptr<const AppHeaders> some_headers() {
  return std::make_shared<const AppHeaders>(AppHeaders{"X-Forwarded-User: alice\r\n", false});
}

inline Verdict verdict_of(Verdict::Kind kind) {
  Verdict verdict;
  verdict.kind = kind;
  verdict.decision = "scripted";
  verdict.answer.status = 200;
  verdict.answer.body = "answered";
  return verdict;
}

inline Verdict wants_body(std::size_t limit_bytes) {
  Verdict verdict = verdict_of(Verdict::Kind::need_body);
  verdict.body_limit_bytes = limit_bytes;
  return verdict;
}

// A whole worker but for its thread: connections, exchanges, pools; Logto can't be asked.
struct World {
  SystemClock clock;
  Log log{{-1, -1, 4096, LogLevel::error}};
  std::unique_ptr<WorkerContext> context;
  ServerState state;
  std::unique_ptr<Realm> realm;
  std::unique_ptr<ServedRealms> served;
  std::unique_ptr<App> app;
  std::uint16_t port = 0;
  Socket listening;
  std::unique_ptr<Acceptor> acceptor;
  std::vector<std::unique_ptr<Peer>> clients;

  explicit World(const std::string& patience_with_app = "100ms") {
    std::uint16_t app_port = 0;
    app_listening_ = listening_socket(app_port);
    realm = std::make_unique<Realm>(settings_for(app_port, patience_with_app), clock, log);
    served = std::make_unique<ServedRealms>(*realm->settings, std::vector<Realm*>{realm.get()});
    context = std::make_unique<WorkerContext>(*served, state);
    app = std::make_unique<App>(context->loop, std::move(app_listening_), app_port);
    listening = listening_socket(port);
    acceptor = std::make_unique<Acceptor>(
        Http1Client::Environment{context->loop, context->wheel, context->buffers, context->settings.limits,
                                 context->settings.timeouts, context->client_headers, context->scratch},
        std::vector<int>{listening.fd()}, Acceptor::Limits{state.open_connections, 1000},
        [this](ClientStream& client) { return std::make_unique<Exchange>(*context, client); });
  }
  ~World() {
    clients.clear();
    app.reset();
    acceptor.reset();
    context->upstreams.close();
    context->loop.delete_deferred();
    CHECK(state.requests_in_flight == 0);
    CHECK(state.open_tunnels == 0);
    CHECK(state.open_connections == 0);
  }
  ScriptedGatekeeper& script() {
    auto scripted = std::make_unique<ScriptedGatekeeper>(*realm, context->loop);
    ScriptedGatekeeper& made = *scripted;
    context->realms.front().gatekeeper = std::move(scripted);
    return made;
  }
  EventLoop& loop() { return context->loop; }
  Peer& connect() {
    clients.push_back(std::make_unique<Peer>(loop(), connected_socket(port)));
    return *clients.back();
  }
  Peer& ask(const std::string& request) {
    Peer& client = connect();
    client.send(request);
    return client;
  }
  bool wait(const std::function<bool()>& what) { return wait_until(loop(), what); }
  void wait_for(Peer& client, std::string_view text) {
    wait([&] { return client.has(text) || client.ended; });
    CHECK_MESSAGE(client.has(text), "received: " << client.received);
  }
  Peer& app_got(std::size_t connections, const std::string& text) {
    wait([&] { return app->connections.size() >= connections && app->last().has(text); });
    REQUIRE(app->connections.size() == connections);
    return app->last();
  }

 private:
  Socket app_listening_;
};

inline std::string get(const std::string& path, const std::string& more = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: app.test\r\n" + more + "\r\n";
}
inline const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

}  // namespace lp::test::exchanges
