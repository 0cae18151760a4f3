#pragma once
#include <doctest/doctest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/exchange/exchange_pool.h"
#include "proxy/server/worker.h"
#include "tests/support/wire.h"

// A worker between scripted clients and a scripted app, for the tests of exchanges.
namespace lp::test::exchanges {

inline const char* const kYaml = R"(
external_urls: [http://app.test]
listen: [127.0.0.1:0]
logto: { endpoint: https://logto.test, app_id: app, app_secret: secret }
session: { secret: har6yZOaDknReW49sUGPNJnBb8tbZgF4VMz1oS0XP3U= }
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

std::string replaced(std::string text, const std::string& what, const std::string& with);
std::uint16_t port_of_nobody();
std::shared_ptr<const Settings> settings_for(std::uint16_t port, const std::string& patience);

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
  SessionStand session_stand = SessionStand::ended;  // what it is then
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
  SessionStand stand_of(const OpenedSession& session, std::int64_t) const override {
    CHECK(session.session.sub == "alice");
    ++asked_if_over;
    return session_over ? session_stand : SessionStand::goes_on;
  }
  void drop_stale_cookies(const OpenedSession*, std::vector<std::string>& set_cookies) const override {
    stale_asked = set_cookies;
    if (cookies_are_stale) set_cookies.clear();
  }
};

std::shared_ptr<const OpenedSession> some_session();
std::shared_ptr<const AppHeaders> some_headers();
Verdict verdict_of(Verdict::Kind kind);
Verdict wants_body(std::size_t limit_bytes);

// A whole worker but for its thread: connections, exchanges, pools; Logto can't be asked.
struct World {
  SystemClock clock;
  Log log{{-1, -1, 4096, LogLevel::error}};
  ServerState state;
  std::unique_ptr<WorkerContext> context;
  LimitSettings limits;
  std::vector<Cidr> trusted_proxies;
  ConnectionShares shares{limits, trusted_proxies, clock, log};
  std::unique_ptr<Realm> realm;
  std::unique_ptr<ServedRealms> served;
  std::unique_ptr<App> app;
  std::uint16_t port = 0;
  Socket listening;
  FreeList<RequestUnderWay> requests;
  std::unique_ptr<ExchangePool> exchanges;
  std::unique_ptr<Acceptor> acceptor;
  std::vector<std::unique_ptr<Peer>> clients;

  explicit World(const std::string& patience_with_app = "100ms");
  ~World();
  ScriptedGatekeeper& script();
  EventLoop& loop() { return context->loop; }
  Peer& connect();
  Peer& ask(const std::string& request);
  bool wait(const std::function<bool()>& what) { return wait_until(loop(), what); }
  void wait_for(Peer& client, std::string_view text);
  Peer& app_got(std::size_t connections, const std::string& text);

 private:
  Socket app_listening_;
};

std::string get(const std::string& path, const std::string& more = "");
inline const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

}  // namespace lp::test::exchanges
