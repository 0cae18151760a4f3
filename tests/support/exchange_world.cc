#include "tests/support/exchange_world.h"

#include <optional>

#include "config/file/load.h"

namespace lp::test::exchanges {

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what))
    text.replace(at, what.size(), with);
  return text;
}

std::uint16_t port_of_nobody() {
  std::uint16_t port = 0;
  const Socket gone = listening_socket(port);
  return port;
}

std::shared_ptr<const Settings> settings_for(std::uint16_t port, const std::string& patience) {
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

std::shared_ptr<const OpenedSession> some_session() {
  auto opened = std::make_shared<OpenedSession>();
  opened->session.sub = "alice";
  return opened;
}

std::shared_ptr<const AppHeaders> some_headers() {
  return std::make_shared<const AppHeaders>(AppHeaders{"X-Forwarded-User: alice\r\n", false});
}

Verdict verdict_of(Verdict::Kind kind) {
  Verdict verdict;
  verdict.kind = kind;
  verdict.decision = "scripted";
  verdict.answer.status = 200;
  verdict.answer.body = "answered";
  return verdict;
}

Verdict wants_body(std::size_t limit_bytes) {
  Verdict verdict = verdict_of(Verdict::Kind::need_body);
  verdict.body_limit_bytes = limit_bytes;
  return verdict;
}

std::string get(const std::string& path, const std::string& more) {
  return "GET " + path + " HTTP/1.1\r\nHost: app.test\r\n" + more + "\r\n";
}

World::World(const std::string& patience_with_app) {
  std::uint16_t app_port = 0;
  app_listening_ = listening_socket(app_port);
  realm = std::make_unique<Realm>(settings_for(app_port, patience_with_app), clock, log);
  served = std::make_unique<ServedRealms>(*realm->settings, std::vector<Realm*>{realm.get()});
  context = std::make_unique<WorkerContext>(*served, state);
  app = std::make_unique<App>(context->loop, std::move(app_listening_), app_port);
  listening = listening_socket(port);
  exchanges = std::make_unique<ExchangePool>(*context, Door::any);
  acceptor = std::make_unique<Acceptor>(
      ClientEnvironment{context->loop, context->wheel, context->buffers, context->settings.limits,
                        context->settings.timeouts, context->client_headers, context->scratch, state.memory, requests},
      std::vector<int>{listening.fd()}, Acceptor::Limits{shares}, *exchanges);
}

World::~World() {
  clients.clear();
  app.reset();
  acceptor.reset();
  context->upstreams.close();
  context->loop.delete_deferred();
  exchanges.reset();
  CHECK(state.requests_in_flight == 0);
  CHECK(state.open_tunnels == 0);
  CHECK(shares.open() == 0);
  CHECK(state.memory.used_bytes() == 0);
}

ScriptedGatekeeper& World::script() {
  auto scripted = std::make_unique<ScriptedGatekeeper>(*realm, context->loop);
  ScriptedGatekeeper& made = *scripted;
  context->realms.front().gatekeeper = std::move(scripted);
  return made;
}

Peer& World::connect() {
  clients.push_back(std::make_unique<Peer>(loop(), connected_socket(port)));
  return *clients.back();
}

Peer& World::ask(const std::string& request) {
  Peer& client = connect();
  client.send(request);
  return client;
}

void World::wait_for(Peer& client, std::string_view text) {
  wait([&] { return client.has(text) || client.ended; });
  CHECK_MESSAGE(client.has(text), "received: " << client.received);
}

Peer& World::app_got(std::size_t connections, const std::string& text) {
  wait([&] { return app->connections.size() >= connections && app->last().has(text); });
  REQUIRE(app->connections.size() == connections);
  return app->last();
}

}  // namespace lp::test::exchanges
