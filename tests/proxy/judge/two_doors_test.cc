#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "auth/realm/access_token_questions.h"
#include "auth/realm/session_cookie.h"
#include "config/value.h"
#include "proxy/exchange/exchange.h"
#include "proxy/http1/request.h"
#include "proxy/http1/scan.h"
#include "proxy/judge/judge.h"
#include "tests/support/gatekeeper_world.h"

// The same random questions to the server and to what `explain` and `tests:` ask. Whatever one says the other says.
namespace {

using namespace lp;
using namespace lp::test;
using nlohmann::json;

constexpr int kQuestions = 10'000;
constexpr int kQuestionsPerWorld = 50;
constexpr const char* kCheckSecret = "a-secret-of-the-asker";
constexpr const char* kApi = "https://things.example.test/api";

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  int below(int n) { return static_cast<int>(engine_() % static_cast<std::uint32_t>(n)); }
  bool one_in(int n) { return below(n) == 0; }
  template <class T, std::size_t N>
  const T& of(const std::array<T, N>& all) {
    return all[static_cast<std::size_t>(below(static_cast<int>(N)))];
  }

 private:
  std::mt19937 engine_;
};

// ---- a configuration ----------------------------------------------------------------------------------------------

Requirement random_requirement(Dice& dice) {
  switch (dice.below(6)) {
    case 0:
      return list_requirement(Requirement::Kind::scopes, {"read:things"});
    case 1: {
      Requirement recent;
      recent.kind = Requirement::Kind::max_age;
      recent.max_age_s = 600;
      return recent;
    }
    case 2:
      return social_requirement({"patreon"});
    default:
      return roles_requirement({dice.one_in(2) ? "admin" : "editor"});
  }
}

RouteSettings random_route(Dice& dice, int index) {
  constexpr std::array kAccess = {Access::signed_in, Access::signed_in, Access::public_, Access::optional,
                                  Access::deny};
  constexpr std::array kUnauthenticated = {Unauthenticated::automatic, Unauthenticated::automatic,
                                           Unauthenticated::redirect, Unauthenticated::status_401};
  constexpr std::array kForbidden = {Forbidden::page, Forbidden::status_403, Forbidden::sign_in};
  constexpr std::array kPaths = {"/", "/a", "/a/b", "/b", "/c", "/a/b/c", "/B"};
  RouteSettings made;
  made.index = index;
  made.label = "#" + std::to_string(index);
  made.path = {dice.one_in(4) ? PathPattern::Kind::exact : PathPattern::Kind::prefix, dice.of(kPaths)};
  if (dice.one_in(4)) made.methods = {"GET", "POST"};
  made.access = dice.of(kAccess);
  if (made.access != Access::deny) made.upstream = dice.one_in(6) ? "" : "app";
  if (dice.one_in(2)) made.require.children = {random_requirement(dice)};
  made.deny.kind = Requirement::Kind::any;
  if (dice.one_in(6)) made.deny.children = {roles_requirement({"banned"})};
  made.shadow = dice.one_in(8) && made.access != Access::deny && !made.upstream.empty();
  made.unauthenticated = dice.of(kUnauthenticated);
  made.forbidden = dice.of(kForbidden);
  made.preflight = dice.one_in(4);
  made.accept.bearer = dice.one_in(2);
  made.accept.session = !made.accept.bearer || dice.one_in(2);
  made.sign_in.keep_fragment = dice.one_in(2);
  const bool knows_person = made.access == Access::signed_in || made.access == Access::optional;
  if (knows_person && !made.accept.bearer && dice.one_in(3))
    made.token.organization = RouteTokenSettings::Organization::from_path;
  if (!made.token.is_configured() && dice.one_in(5)) {
    made.authorization.kind = UpstreamAuthorizationSettings::Kind::basic;
    made.authorization.username = "svc";
    made.authorization.password = Secret("********");  // as explain shows any
  }
  if (dice.one_in(4)) made.strip_prefix = "/a";
  if (dice.one_in(4)) made.encoded_slash = EncodedSlash::keep;
  if (dice.one_in(6)) made.path_spellings = PathSpellings::distinct;
  return made;
}

std::shared_ptr<Settings> random_settings(Dice& dice) {
  auto made = settings();
  made->bearer.audiences = {kApi};
  made->bearer.introspection = true;
  made->forward_auth.enabled = true;
  made->trusted_proxies = {*parse_cidr("127.0.0.0/8")};
  made->limits.request_body_bytes = 1024;
  UpstreamSettings& app = made->upstreams["app"];
  app.name = "app";
  app.kind = UpstreamSettings::Kind::unix_socket;
  app.socket_path = "/nowhere/app.sock";
  if (dice.one_in(4)) made->sign_in_url = Origin{"https", "auth.test", 443};
  if (dice.one_in(4)) made->logto.backchannel_url = Origin{"http", "inside", 8080};
  IdentityHeaderSettings constant;
  constant.header = "X-Env";
  constant.source = IdentityHeaderSettings::Source::constant;
  constant.constant = "prod";
  if (dice.one_in(2)) made->identity_headers.push_back(constant);
  const int guard = dice.below(3);  // what proves who asks about a request: nothing, a secret, a listener
  if (guard == 1) made->forward_auth.secret = Secret(kCheckSecret);
  if (guard == 2) made->forward_auth.listen = {ListenSettings{}};
  made->routes.clear();
  const int routes = 1 + dice.below(6);
  for (int index = 1; index <= routes; ++index) made->routes.push_back(random_route(dice, index));
  RouteSettings& last = made->routes.back();
  if (!dice.one_in(4)) last.path = {PathPattern::Kind::prefix, ""};
  if (dice.one_in(2)) last.require.children.clear();
  return made;
}

// ---- a question ---------------------------------------------------------------------------------------------------

AskedRequest random_request(Dice& dice) {
  constexpr std::array kMethods = {"GET",  "GET",    "GET",     "GET", "GET",  "GET", "HEAD",
                                   "POST", "DELETE", "OPTIONS", "get", "MOVE", "move"};
  constexpr std::array kTargets = {"/a",
                                   "/a/",
                                   "/a/b",
                                   "/a/b/c?x=1",
                                   "/b/x",
                                   "/b//x",
                                   "/c",
                                   "/c/%2e%2e/a",
                                   "/a%2Fb",
                                   "/a/b%2Fc",
                                   "/a;x/b",
                                   "/elsewhere",
                                   "/_auth/me",
                                   "/_auth%2Fme",
                                   "/_auth/no",
                                   "/a/%zz",
                                   "/%61/b",
                                   "/../a",
                                   "/a/b?q=%zz",
                                   "/a/acme",
                                   "/b/a.b/x",
                                   "/",
                                   "/A/b",
                                   "/a/b/c/d/",
                                   "/A",
                                   "/b./X",
                                   "/a%20",
                                   "/C/",
                                   "/a/b?_method=DELETE"};
  constexpr std::array kHosts = {"app.test:443", "APP.test", "evil.test", "auth.test", "inside:8080", "app.test:444"};
  constexpr std::array kPlain = {"/a", "/a/b", "/b/x", "/c", "/a/acme", "/"};
  AskedRequest asked;
  asked.method = dice.one_in(50) ? (dice.one_in(2) ? "TRACE" : "Connect") : dice.of(kMethods);
  asked.by_other_proxy = dice.one_in(3);
  const std::string scheme = dice.one_in(12) ? "http://" : "https://";
  const std::string host = dice.one_in(5) ? dice.of(kHosts) : "app.test";
  asked.url = scheme + host + (dice.one_in(2) ? dice.of(kPlain) : dice.of(kTargets));
  asked.manner = dice.one_in(2) ? AskedRequest::Manner::navigation : AskedRequest::Manner::script;
  const auto add = [&](const char* name, const char* value) { asked.headers.emplace_back(name, value); };
  if (asked.method == "POST") add("Content-Length", dice.one_in(2) ? "24576" : "10");
  if (asked.method == "MOVE" || asked.method == "move")
    add("Destination", dice.one_in(2) ? "https://app.test/a/b/new" : "https://app.test/c");
  if (dice.one_in(4)) add("Origin", dice.one_in(2) ? "https://app.test" : "https://evil.test");
  if (dice.one_in(8)) add("Access-Control-Request-Method", "POST");
  if (dice.one_in(8)) {
    add("Connection", "upgrade");
    add("Upgrade", "websocket");
    add("Sec-WebSocket-Version", "13");
    add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  }
  if (dice.one_in(16)) add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  if (dice.one_in(8)) add("X-HTTP-Method-Override", "DELETE");
  if (dice.one_in(16)) add("X_Forwarded_User", "root");
  if (dice.one_in(24)) add("Authorization", "Bearer no token");
  return asked;
}

// Claims as `--as` takes them; an empty object is nobody.
json random_person(Dice& dice) {
  if (dice.one_in(3)) return json::object();
  constexpr std::array kRoles = {"admin", "editor", "banned", "guest"};
  json person = {{"sub", "alice"}, {"roles", {dice.of(kRoles)}}};
  if (dice.one_in(3)) person["identities"] = {{"patreon", {{"userId", "1"}}}};
  if (dice.one_in(2)) person["authenticated_ago"] = dice.one_in(2) ? "5m" : "5h";
  if (dice.one_in(3)) person["scopes"] = {dice.one_in(2) ? "read:things" : "write:things"};
  return person;
}

// ---- the server ---------------------------------------------------------------------------------------------------

// The auth thread's side: every token is of the person in question.
class OnePersonsTokens final : public AccessTokenQuestions {
 public:
  std::unique_ptr<AuthQuestions::Question> judge(EventLoop& asking, OnBehalfOf, Secret, Answer answer) override {
    auto alive = std::make_shared<bool>(true);
    asking.post([this, alive, answer = std::move(answer)] {
      if (*alive) answer(AcceptedToken{std::make_shared<const AccessToken>(token), 1});
    });
    return std::make_unique<FakeAuth::Asked>(alive);
  }
  std::uint64_t keys_version() const override { return 1; }

  AccessToken token;
};

// Notes what the app is told with a pass.
class NotingGatekeeper final : public Gatekeeper {
 public:
  using Gatekeeper::Gatekeeper;
  std::string identity;

  Verdict judge(const RequestFacts& facts, LaterVerdict later, std::unique_ptr<PendingVerdict>& wait) override {
    identity.clear();
    auto noting = [this, later = std::move(later)](Verdict verdict) {
      note(verdict);
      later(std::move(verdict));
    };
    Verdict verdict = Gatekeeper::judge(facts, std::move(noting), wait);
    note(verdict);
    return verdict;
  }

 private:
  void note(const Verdict& verdict) {
    if (verdict.app_headers) identity = verdict.app_headers->lines;
  }
};

// Notes what becomes of a request; nothing reaches a wire.
class NotingClient final : public ClientStream {
 public:
  std::optional<int> status;
  void send_continue() override {}
  void send_head(const ResponseHead& head, const OutgoingResponse&) override { status = head.status; }
  void send_answer(const Answer& answer, bool, bool) override { status = answer.status; }
  void send_body(std::string_view) override {}
  void end() override {}
  void abort() override {}
  void flush() override {}
  void become_tunnel() override {}
  [[nodiscard]] std::size_t unsent_bytes() const override { return 0; }
  [[nodiscard]] std::size_t untaken_bytes() const override { return 0; }
  [[nodiscard]] Room room() const override { return Room::some; }
  void pause_request_body() override {}
  void resume_request_body() override {}
  void set_body_patience(std::int64_t) override {}
  [[nodiscard]] const std::string& peer_address() const override { return peer_; }
  [[nodiscard]] const TlsSession* tls() const override { return nullptr; }

 private:
  std::string peer_ = "127.0.0.1";
};

constexpr int kToTheApp = 0;
constexpr int kNoApp = 502;  // there is none behind the socket: what gets so far has passed

struct Server {
  FakeClock clock{kNowS * 1000};
  Log log{{-1, -1, 4096, LogLevel::error}};
  Realm realm;
  ServedRealms served;
  ServerState state;
  WorkerContext context;
  FakeAuth* auth;
  OnePersonsTokens tokens;
  NotingGatekeeper* gatekeeper = nullptr;
  int sessions = 0;

  explicit Server(std::shared_ptr<const Settings> with)
      : realm(std::move(with), clock, log),
        served(*realm.settings, {&realm}),
        context(served, state),
        auth(new FakeAuth) {
    realm.auth.reset(auth);
    auth->known = auth->reachable = logto_metadata();
    auth->tokens = &tokens;
    auto noting = std::make_unique<NotingGatekeeper>(realm, context.loop);
    gatekeeper = noting.get();
    context.realms.front().gatekeeper = std::move(noting);
  }
  ~Server() {
    context.upstreams.close();
    context.loop.delete_deferred();
  }

  std::string session_cookie(const Person& person) {
    Session session = person.session;
    session.id = std::to_string(10'000'000 + ++sessions);
    session.signed_in_at_ms = clock.unix_ms();
    session.tokens_expire_at_s = clock.unix_s() + 3600;
    session.validated_at_s = clock.unix_s();
    session.generation = 1;
    session.refresh_token = Secret("a refresh token");
    AppToken token;
    token.token = Secret("a-token-for-the-app");
    token.expires_at_s = token.renew_at_s = clock.unix_s() + 3600;
    if (person.scopes) token.scopes = *person.scopes;
    auth->granted = GrantedTokens{nullptr, std::make_shared<const AppToken>(std::move(token)), nullptr};
    std::string line;
    for (const std::string& set : SessionCookie(realm, true).write(session, 0, clock.unix_s()))
      line += (line.empty() ? "" : "; ") + set.substr(0, set.find(';'));
    return line;
  }

  std::string bearer(const Person& person) {
    tokens.token = {};
    tokens.token.sub = person.session.sub;
    tokens.token.claims = person.session.claims;
    tokens.token.scopes = *person.scopes;
    tokens.token.audiences = {kApi};
    tokens.token.issued_at_s = clock.unix_s();
    tokens.token.expires_at_s = tokens.token.trusted_until_s = clock.unix_s() + 300;
    tokens.token.authenticated_at_s = person.session.authenticated_at_s;
    return "Bearer opaque" + std::to_string(++sessions);  // of a hash of its own
  }

  // The status that the client gets; kToTheApp.
  int answer(const std::string& bytes, Door door = Door::any) {
    HeadScanner scanner;
    ParsedRequest request;
    const HeadLimits limits{65536, 200, 16384};
    if (scanner.scan(bytes, limits) != HeadScanner::Outcome::complete) return scanner.status_if_too_large();
    if (const auto error = parse_request_head(bytes, limits, request)) return error->status;
    NotingClient client;
    ExchangeMemory kept;
    Exchange exchange(context, client, door, kept);
    exchange.on_request(request, bytes.size());
    for (int turn = 0; turn < 2 && !client.status; ++turn) run_posted();  // a token is asked about on the loop
    return client.status.value_or(kNoApp) == kNoApp ? kToTheApp : *client.status;
  }

  void run_posted() {
    context.loop.post([this] { context.loop.stop(); });
    context.loop.run();
  }
};

// ---- one question to both -------------------------------------------------------------------------------------------

struct Question {
  AskedRequest asked;
  std::optional<Person> person;
};

std::string head_of(const Question& question, const Judgement& judgement, Server& server) {
  std::string bytes = *judgement.bytes;
  if (!question.person) return bytes;
  bytes.resize(bytes.size() - 2);
  const RouteSettings* route = judgement.route();
  const bool has_token = route == nullptr ? question.person->scopes.has_value()
                                          : question.person->asker_on(*route).kind == Asker::Kind::token;
  if (has_token) {
    bytes += "Authorization: " + server.bearer(*question.person) + "\r\n";
  } else {
    bytes += "Cookie: " + server.session_cookie(*question.person) + "\r\n";
  }
  return bytes + "\r\n";
}

// The same request as Traefik asks about it.
std::string check_of(const Question& question, const Judgement& judgement, Server& server) {
  const std::string head = head_of(question, judgement, server);
  const RequestLine line = judgement.request_line();
  std::string bytes = "GET /_auth/check HTTP/1.1\r\nX-Forwarded-Method: " + std::string(line.method) +
                      "\r\nX-Forwarded-Proto: " + question.asked.url.substr(0, question.asked.url.find(':')) +
                      "\r\nX-Forwarded-Host: " + std::string(line.authority) +
                      "\r\nX-Forwarded-Uri: " + std::string(line.path_and_query) + "\r\n";
  const ForwardAuthSettings& forward_auth = server.realm.settings->forward_auth;
  if (!forward_auth.secret.empty()) bytes += forward_auth.secret_header + ": " + kCheckSecret + "\r\n";
  const std::string fields = head.substr(head.find("\r\n") + 2);
  return bytes + fields;
}

int server_says(const Question& question, const Judgement& judgement, Server& server) {
  if (!judgement.bytes) return 400;                                          // not to be sent at all
  const bool is_check = judgement.resolved && judgement.resolved->by_check;  // else the head itself was refused
  if (!is_check) return server.answer(head_of(question, judgement, server));
  const bool has_own_door = !server.realm.settings->forward_auth.listen.empty();
  const int status = server.answer(check_of(question, judgement, server), has_own_door ? Door::checks_only : Door::any);
  if (status == 302) return 303;
  return status == 200 ? kToTheApp : status;
}

std::string asked_words(const Question& question, const Judgement& judgement) {
  std::string words = judgement.bytes ? *judgement.bytes : question.asked.url;
  words += question.person ? "as " + question.person->session.claims->dump() : "as nobody";
  if (question.person && question.person->scopes) words += " with a token";
  const RouteSettings* route = judgement.route();
  return words + (route == nullptr ? " no route" : " route " + route->label) + ": " + judgement.reason;
}

}  // namespace

TEST_CASE("the server and explain give the same answer to ten thousand random questions") {
  Dice dice(20'261'129);
  int allowed = 0;
  int asked_by_check = 0;
  std::array<int, 600> statuses{};
  for (int world = 0; world < kQuestions / kQuestionsPerWorld; ++world) {
    const auto settings = random_settings(dice);
    Server server(settings);
    const RequestJudge judge(*settings);
    for (int i = 0; i < kQuestionsPerWorld; ++i) {
      Question question{random_request(dice), std::nullopt};
      if (const json claims = random_person(dice); !claims.empty())
        question.person = person_from_claims(claims.dump(), *settings, kNowS).value();
      const Judgement judgement = judge.judge(question.asked, question.person ? &*question.person : nullptr, kNowS);
      if (judgement.outcome == Judgement::Outcome::own_endpoint) continue;  // it answers for itself
      const int status = server_says(question, judgement, server);
      CAPTURE(asked_words(question, judgement));
      CHECK(status == judgement.status);
      if (judgement.outcome == Judgement::Outcome::allow) CHECK(server.gatekeeper->identity == judgement.identity);
      ++statuses[static_cast<std::size_t>(status)];
      allowed += judgement.outcome == Judgement::Outcome::allow ? 1 : 0;
      asked_by_check += judgement.resolved && judgement.resolved->by_check ? 1 : 0;
    }
  }
  // The questions are worth asking: every answer comes many times.
  CHECK(allowed > 1000);
  CHECK(asked_by_check > 100);
  CHECK(statuses[200] > 20);
  for (const int status : {kToTheApp, 303, 400, 401, 403, 404, 405, 413, 421}) {
    CAPTURE(status);
    CHECK(statuses[static_cast<std::size_t>(status)] > 20);
  }
}
