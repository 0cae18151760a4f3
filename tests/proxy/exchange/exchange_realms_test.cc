#include "tests/support/exchange_world.h"

using namespace lp;
using namespace lp::test;
using namespace lp::test::exchanges;

namespace {

// Two realms on one worker: the host picks router and gatekeeper.
struct TwoRealms {
  SystemClock clock;
  Log log{{-1, -1, 4096, LogLevel::error}};
  std::shared_ptr<Settings> whole = std::make_shared<Settings>();
  std::vector<std::unique_ptr<Realm>> realms;
  std::unique_ptr<ServedRealms> served;
  ServerState state;
  LimitSettings limits;
  std::vector<Cidr> trusted_proxies;
  ConnectionShares shares{limits, trusted_proxies, clock, log};
  std::unique_ptr<WorkerContext> context;
  std::uint16_t port = 0;
  Socket listening = listening_socket(port);
  FreeList<RequestUnderWay> requests;
  std::unique_ptr<ExchangePool> exchanges;
  std::unique_ptr<Acceptor> acceptor;
  std::vector<std::unique_ptr<Peer>> clients;

  static std::shared_ptr<Settings> realm(const Settings& whole, const std::string& name, Origin url) {
    auto own = std::make_shared<Settings>(whole);
    own->realm = name;
    own->external_urls = {std::move(url)};
    return own;
  }
  TwoRealms() {
    whole->session.secrets = {Secret(std::string(32, 's'))};
    RouteSettings route;
    route.index = 1;
    route.label = "#1 /*";
    route.upstream = "app";
    whole->routes = {route};
    UpstreamSettings& app = whole->upstreams["app"];
    app.name = "app";
    app.host = "127.0.0.1";
    std::vector<Realm*> all;
    for (const auto& [name, host] : {std::pair("a", "a.test"), std::pair("b", "*.b.test")}) {
      auto own = realm(*whole, name, {"http", host, 80});
      own->sign_in_url = std::string(name) == "b" ? std::optional(Origin{"http", "auth.b.test", 80}) : std::nullopt;
      realms.push_back(std::make_unique<Realm>(std::move(own), clock, log));
      all.push_back(realms.back().get());
    }
    served = std::make_unique<ServedRealms>(*whole, all);
    context = std::make_unique<WorkerContext>(*served, state);
    exchanges = std::make_unique<ExchangePool>(*context, Door::any);
    acceptor =
        std::make_unique<Acceptor>(ClientEnvironment{context->loop, context->wheel, context->buffers,
                                                     context->settings.limits, context->settings.timeouts,
                                                     context->client_headers, context->scratch, state.memory, requests},
                                   std::vector<int>{listening.fd()}, Acceptor::Limits{shares}, *exchanges);
  }
  ~TwoRealms() {
    clients.clear();
    acceptor.reset();
    context->upstreams.close();
    context->loop.delete_deferred();
    exchanges.reset();
    context.reset();
  }
  ScriptedGatekeeper& script(std::size_t i) {
    auto scripted = std::make_unique<ScriptedGatekeeper>(*realms[i], context->loop);
    ScriptedGatekeeper& made = *scripted;
    context->realms[i].gatekeeper = std::move(scripted);
    return made;
  }
  std::string ask(const std::string& host, const std::string& path = "/x") {
    clients.push_back(std::make_unique<Peer>(context->loop, connected_socket(port)));
    Peer& client = *clients.back();
    client.send("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    wait_until(context->loop, [&] { return client.ended; });
    return client.received.substr(0, 12);
  }
};

}  // namespace

TEST_CASE("the Host picks the realm that judges, and no other hears of the request") {
  TwoRealms world;
  ScriptedGatekeeper& a = world.script(0);
  ScriptedGatekeeper& b = world.script(1);
  for (int i = 0; i < 2; ++i) a.verdicts.push_back(verdict_of(Verdict::Kind::answer));
  for (int i = 0; i < 3; ++i) b.verdicts.push_back(verdict_of(Verdict::Kind::answer));
  CHECK(world.ask("a.test") == "HTTP/1.1 200");
  CHECK(a.asked.size() == 1);
  CHECK(world.ask("w.b.test") == "HTTP/1.1 200");
  CHECK(world.ask("V.B.test") == "HTTP/1.1 200");
  CHECK(a.asked.size() == 1);
  CHECK(b.asked.size() == 2);
  CHECK(world.ask("c.test") == "HTTP/1.1 421");
  CHECK(world.ask("x.y.b.test") == "HTTP/1.1 421");
  CHECK(world.ask("b.test") == "HTTP/1.1 421");
  CHECK(a.asked.size() == 1);
  CHECK(b.asked.size() == 2);
}

TEST_CASE("a sign-in origin that is no external URL has own endpoints and no apps") {
  TwoRealms world;
  CHECK(world.ask("auth.b.test", "/x") == "HTTP/1.1 404");
  CHECK(world.ask("auth.b.test", "/_auth/signed-out") == "HTTP/1.1 200");
  CHECK(world.ask("w.b.test", "/x") == "HTTP/1.1 401");
}
