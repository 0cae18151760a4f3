#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "auth/realm/realm.h"
#include "auth/refresh/flights.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "tests/support/fake_server.h"
#include "tests/support/redis_server.h"
#include "tests/support/signing.h"
#include "tests/support/turn_loop.h"

using namespace lp;
using namespace lp::test;
using nlohmann::json;
using Kind = RefreshFailure::Kind;

namespace {

constexpr std::int64_t kNow = 1'800'000'000;
const TokenAudience kThings{"https://things.test", ""};
const TokenAudience kBills{"https://bills.test", ""};
const TokenAudience kAcme{"", "acme"};

// Gives tokens for audiences, rotates at each refresh, and ends the grant when a spent token comes again. A refresh
// token is "person.number".
class TokenLogto {
  std::mutex mutex_;
  template <class Body>
  auto locked(const Body& body) {
    const std::lock_guard lock(mutex_);
    return body();
  }

 public:
  TokenLogto() : server_([this](const FakeRequest& request) { return answer(request); }) {}
  [[nodiscard]] std::string origin() const { return server_.origin(); }
  int reuses() {
    return locked([&] { return reuses_; });
  }
  int calls(const std::string& audience) {
    return locked([&] { return calls_[audience]; });
  }
  int calls() {
    return locked([&] { return all_; });
  }
  std::vector<std::string> asked() {
    return locked([&] { return asked_; });
  }
  void rotate(bool rotates) {
    locked([&] { return rotates_ = rotates; });
  }
  // Instead of an answer to whoever asks for this audience; "" for the ordinary one.
  void replace(const std::string& audience, std::string bytes) {
    locked([&] { return replaced_[audience] = std::move(bytes); });
  }
  void change(std::function<void(json& access_claims, json& reply)> change) {
    const std::lock_guard lock(mutex_);
    change_ = std::move(change);
  }

 private:
  std::string answer(const FakeRequest& request) {
    const std::string issuer = origin() + "/oidc";
    if (request.target == "/oidc/.well-known/openid-configuration") {
      return http_answer(200, json{{"issuer", issuer},
                                   {"authorization_endpoint", issuer + "/auth"},
                                   {"token_endpoint", issuer + "/token"},
                                   {"jwks_uri", issuer + "/jwks"},
                                   {"userinfo_endpoint", issuer + "/me"},
                                   {"response_types_supported", {"code"}}}
                                  .dump());
    }
    if (request.target == "/oidc/jwks") return http_answer(200, key_.jwks());
    if (request.target == "/oidc/me") {
      return http_answer(200, json{{"sub", request.headers.at("authorization").substr(7)}}.dump());
    }
    std::map<std::string, std::string> form;
    const auto fields = parse_form(request.body);
    for (const auto& [name, value] : *fields) form[name] = value;
    return locked([&] { return redeem(form); });
  }
  std::string redeem(std::map<std::string, std::string>& form) {
    const std::string token = form["refresh_token"];
    const std::string audience = !form["resource"].empty() ? form["resource"]
                                 : !form["organization_id"].empty()
                                     ? "urn:logto:organization:" + form["organization_id"]
                                     : "opaque";
    ++all_;
    ++calls_[audience];
    asked_.push_back(audience + " with " + token);
    if (const std::string& replaced = replaced_[audience]; !replaced.empty()) return replaced;
    const std::string person = token.substr(0, token.find('.'));
    int& newest = newest_[person];
    if (std::stoi(token.substr(token.find('.') + 1)) != newest) {
      ++reuses_;
      newest = -1;
      return http_answer(400, json{{"error", "invalid_grant"}}.dump());
    }
    newest += rotates_ ? 1 : 0;
    const json claims = {{"iss", origin() + "/oidc"}, {"aud", "app"},     {"sub", person},
                         {"exp", kNow + 360'000},     {"nonce", "NONCE"}, {"iat", kNow}};
    json access_claims = {{"sub", person}, {"aud", audience}, {"exp", kNow + 300'000}, {"scope", "read"}};
    json reply = {{"expires_in", 600},
                  {"token_type", "Bearer"},
                  {"refresh_token", person + "." + std::to_string(newest)},
                  {"id_token", key_.es384(claims)}};
    if (change_) change_(access_claims, reply);
    const std::string head = base64url_encode(json{{"alg", "ES384"}, {"typ", "at+jwt"}}.dump());
    const std::string body = base64url_encode(access_claims.dump());
    reply["access_token"] = audience == "opaque" ? person : head + "." + body + ".c2ln";
    return http_answer(200, reply.dump());
  }

  bool rotates_ = true;
  int reuses_ = 0, all_ = 0;
  std::map<std::string, int> newest_, calls_;
  std::map<std::string, std::string> replaced_;
  std::vector<std::string> asked_;
  std::function<void(json&, json&)> change_;
  SigningKey key_ = SigningKey::p384("one");
  FakeServer server_;
};

Session session_of(const std::string& person, bool expired = false) {
  Session made;
  made.sub = person;
  made.id = std::string(kSessionIdBytes - 1, 'i') + person.back();
  made.refresh_token = Secret(person + ".0");
  made.nonce_hash = sha256("NONCE");
  made.claims = {{"name", "of the sign-in"}};
  made.signed_in_at_ms = (kNow - 1000) * 1000;
  made.validated_at_s = made.sealed_at_s = kNow - 1000;
  made.tokens_expire_at_s = expired ? kNow - 10 : kNow + 100'000;
  return made;
}

struct Replica {
  explicit Replica(EventLoop& loop_in, TokenLogto& logto, const RedisServer* redis_server = nullptr,
                   const std::function<void(Settings&)>& change = {})
      : loop(loop_in), realm(settings_for(logto, change), clock, log) {
    if (redis_server == nullptr) return;
    RedisSettings redis_settings;
    redis_settings.kind = RedisSettings::Kind::unix_socket;
    redis_settings.socket_path = redis_server->socket_path();
    redis = std::make_unique<RedisLink>(loop, clock, log, redis_settings);
    flights.share(*redis, realm);
  }
  ~Replica() { loop.delete_deferred(); }

  static std::shared_ptr<const Settings> settings_for(const TokenLogto& logto,
                                                      const std::function<void(Settings&)>& change) {
    auto made = std::make_shared<Settings>();
    made->logto.endpoint = *parse_origin(logto.origin());
    made->logto.app_id = "app";
    made->logto.app_secrets = {Secret("app-secret-value")};
    made->session.secrets = {Secret(std::string(32, 's'))};
    made->identity_headers.clear();
    if (change) change(*made);
    return made;
  }

  EventLoop& loop;
  FakeClock clock{kNow * 1000};
  Log log{Log::Options{-1, -1}};
  Realm realm;
  PinnedFetcher fetcher{loop, realm.settings->logto};
  ClientFetch client_fetch{fetcher, log, realm.settings->logto.app_secrets};
  Provider provider{loop, fetcher, realm.settings->logto, clock, log};
  std::unique_ptr<RedisLink> redis;
  KeepIdToken keep = [this](const Session& of, const Secret& token, std::int64_t) {
    id_tokens[of.id] = token.reveal();
  };
  std::map<std::string, std::string> id_tokens;
  RefreshFlights flights{loop, AuthWorld{*realm.settings, provider, fetcher, client_fetch, clock, &keep}, log};

  std::vector<GrantOutcome> granted;
  std::vector<RefreshOutcome> refreshed;
  void want(const Session& session, const TokenAudience& audience) {
    flights.join_for("0123456789abcdef", session, audience, [this](const auto& one) { granted.push_back(one); });
  }
  void want_refresh(const Session& session) {
    flights.join("0123456789abcdef", session, [this](const auto& one) { refreshed.push_back(one); });
  }
  GrantOutcome get(const Session& session, const TokenAudience& audience) {
    const std::size_t before = granted.size();
    want(session, audience);
    wait_until(loop, [&] { return granted.size() > before; });
    return granted.back();
  }
};

struct World {
  TokenLogto logto;
  EventLoop loop;
  Replica one{loop, logto};
};

std::string audience_in(const GrantOutcome& outcome) {
  if (!outcome) return outcome.error().rule;
  if (!outcome->access_token) return "no access token";
  const std::string_view text = outcome->access_token->token.reveal();
  const auto dot = text.find('.');
  const auto payload = base64url_decode(text.substr(dot + 1, text.rfind('.') - dot - 1));
  return json::parse(payload.value_or("{}"))["aud"].get<std::string>();
}

}  // namespace

TEST_CASE("many who ask for two audiences and the session at once: one call for each, never with a spent token") {
  World world;
  const Session session = session_of("alice", true);
  for (int i = 0; i < 10; ++i) {
    world.one.want(session, kThings);
    world.one.want(session, kBills);
    world.one.want_refresh(session);
  }
  CHECK(world.one.flights.size() == 1);
  wait_until(world.loop, [&] { return world.one.granted.size() == 20 && world.one.refreshed.size() == 10; });
  std::map<std::string, int> audiences;
  for (const GrantOutcome& outcome : world.one.granted) ++audiences[audience_in(outcome)];
  CHECK(audiences == std::map<std::string, int>{{kThings.resource, 10}, {kBills.resource, 10}});
  for (const RefreshOutcome& outcome : world.one.refreshed) REQUIRE(outcome);
  // Whoever waited for the session alone took what the call for an audience said of it.
  CHECK(world.logto.asked() ==
        std::vector<std::string>{"https://things.test with alice.0", "https://bills.test with alice.1"});
  CHECK(world.logto.reuses() == 0);
  CHECK(world.one.flights.size() == 0);
}

TEST_CASE("a cookie of old leads to the newest token, whatever it was spent for") {
  World world;
  const Session old = session_of("alice");
  for (int i = 0; i < 70; ++i) {
    const GrantOutcome outcome = world.one.get(old, i % 2 == 0 ? kThings : kBills);
    REQUIRE(outcome);
    REQUIRE(outcome->refreshed);
    REQUIRE(outcome->refreshed->refresh_token.equals("alice." + std::to_string(i + 1)));
  }
  CHECK(world.logto.reuses() == 0);
  CHECK(world.logto.calls() == 70);
}

TEST_CASE("a call for an audience refreshes the session too, for as long as the ID token says") {
  World world;
  const GrantOutcome outcome = world.one.get(session_of("alice"), kThings);
  REQUIRE(outcome);
  CHECK(outcome->refreshed->validated_at_s == kNow);
  CHECK(outcome->refreshed->tokens_expire_at_s == kNow + 360'000);
  CHECK(outcome->access_token->expires_at_s == kNow + 600);
  CHECK(outcome->access_token->scopes == std::vector<std::string>{"read"});
  CHECK(world.one.id_tokens.size() == 1);
}

TEST_CASE("the ID token alone: one call for all, which is the session's refresh") {
  World world;
  const Session session = session_of("alice");
  world.one.want(session, {});
  world.one.want(session, {});
  wait_until(world.loop, [&] { return world.one.granted.size() == 2; });
  for (const GrantOutcome& outcome : world.one.granted) {
    REQUIRE(outcome);
    REQUIRE(outcome->id_token);
    CHECK(outcome->id_token->expires_at_s == kNow + 360'000);
    CHECK(world.one.id_tokens.at(session.id) == outcome->id_token->token.reveal());
    REQUIRE(outcome->account_token);  // which opens Logto's own endpoints, and comes along
    CHECK(outcome->account_token->expires_at_s > kNow);
    CHECK(outcome->access_token == nullptr);
  }
  CHECK(world.logto.calls("opaque") == 1);
  // What is remembered of the session is no ID token.
  CHECK(world.one.get(session, {})->id_token);
  CHECK(world.logto.calls("opaque") == 2);
  CHECK(world.logto.reuses() == 0);
}

TEST_CASE("what Logto refuses for one audience says nothing of the session or of another audience") {
  struct Case {
    const char* what;
    std::string bytes;
    const char* rule;
  };
  const Case cases[] = {
      {"no member", http_answer(403, json{{"error", "access_denied"}}.dump()), "access_denied"},
      {"no scope", http_answer(403, json{{"error", "insufficient_scope"}}.dump()), "not_granted"},
      {"not asked for at the sign-in", http_answer(400, json{{"error", "invalid_target"}}.dump()), "not_granted"},
      {"a scope too many", http_answer(400, json{{"error", "invalid_scope"}}.dump()), "not_granted"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    World world;
    world.logto.replace("urn:logto:organization:acme", c.bytes);
    const Session session = session_of("alice", true);
    world.one.want(session, kAcme);
    world.one.want(session, kThings);
    world.one.want_refresh(session);
    wait_until(world.loop, [&] { return world.one.granted.size() == 2 && world.one.refreshed.size() == 1; });
    CHECK(world.one.granted[0].error().kind == Kind::refused);
    CHECK(world.one.granted[0].error().rule == c.rule);
    CHECK(audience_in(world.one.granted[1]) == kThings.resource);
    CHECK(world.one.refreshed[0].ok());
    CHECK(world.logto.reuses() == 0);
  }
}

TEST_CASE("a token that may not be passed on is refused, and the successor of the refresh token is not lost") {
  World world;
  world.logto.change([](json& claims, json&) { claims["aud"] = "https://evil.test"; });
  const Session session = session_of("alice");
  const GrantOutcome outcome = world.one.get(session, kThings);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == Kind::refused);
  CHECK(outcome.error().successor.equals("alice.1"));
  world.logto.change({});
  CHECK(world.one.get(session, kBills));
  CHECK(world.logto.reuses() == 0);
}

TEST_CASE("the end of the grant ends the session, for who asks for tokens and for who does not") {
  World world;
  world.logto.replace(kThings.resource, http_answer(400, json{{"error", "invalid_grant"}}.dump()));
  const Session session = session_of("alice", true);
  world.one.want(session, kThings);
  world.one.want(session, kBills);
  world.one.want_refresh(session);
  wait_until(world.loop, [&] { return world.one.granted.size() == 2 && world.one.refreshed.size() == 1; });
  for (const GrantOutcome& outcome : world.one.granted) CHECK(outcome.error().kind == Kind::ended);
  CHECK(world.one.refreshed[0].error().kind == Kind::ended);
  CHECK(world.logto.calls() == 1);
}

TEST_CASE("while Logto is away nobody asks, and its return finds everything as it was") {
  World world;
  const Session session = session_of("alice");
  world.logto.replace(kThings.resource, http_answer(500, ""));
  world.one.want(session, kThings);
  world.one.want(session, kBills);
  wait_until(world.loop, [&] { return world.one.granted.size() == 2; });
  for (const GrantOutcome& outcome : world.one.granted) CHECK(outcome.error().kind == Kind::unavailable);
  const int calls = world.logto.calls();
  CHECK(calls == 1 + Patience::kRepeats);
  CHECK(world.one.get(session, kBills).error().kind == Kind::unavailable);
  CHECK(world.logto.calls() == calls);
  world.logto.replace(kThings.resource, "");
  world.one.clock.advance_ms(31'000);
  CHECK(audience_in(world.one.get(session, kThings)) == kThings.resource);
  CHECK(world.logto.reuses() == 0);
}

TEST_CASE("where claims come from userinfo, a call for an audience leaves the session's claims alone") {
  TokenLogto logto;
  EventLoop loop;
  Replica one(loop, logto, nullptr, [](Settings& settings) {
    settings.identity_headers = {{"X-Plan", "custom_data.plan", HeaderEncoding::percent}};
  });
  const Session session = session_of("alice");
  const GrantOutcome outcome = one.get(session, kThings);
  REQUIRE(outcome);
  REQUIRE(outcome->refreshed);
  CHECK(outcome->refreshed->claims == session.claims);
  CHECK(outcome->refreshed->validated_at_s == session.validated_at_s);
  CHECK(outcome->refreshed->refresh_token.equals("alice.1"));
  logto.rotate(false);
  CHECK_FALSE(one.get(session, kBills)->refreshed);
  CHECK(logto.reuses() == 0);
}

TEST_CASE("who asks for more audiences than anybody needs is told that it is too much") {
  World world;
  const Session session = session_of("alice");
  const std::size_t most = RefreshFlights::kMaxBehind + 1;
  for (std::size_t i = 0; i < most + 5; ++i) world.one.want(session, {"", "org" + std::to_string(i)});
  CHECK(world.one.granted.size() == 5);
  for (const GrantOutcome& outcome : world.one.granted) CHECK(outcome.error().rule == "busy");
  wait_until(world.loop, [&] { return world.one.granted.size() == most + 5; });
  CHECK(world.logto.reuses() == 0);
}

TEST_CASE("two replicas fetch their tokens by turns: no refresh token is used twice") {
  LP_NEED_REDIS_SERVER();
  for (const bool rotates : {true, false}) {
    CAPTURE(rotates);
    RedisServer server;
    TokenLogto logto;
    logto.rotate(rotates);
    EventLoop loop;
    Replica one(loop, logto, &server);
    Replica two(loop, logto, &server);
    wait_until(loop, [&] { return one.redis->client().state().connected && two.redis->client().state().connected; });
    for (Replica* replica : {&one, &two}) {
      for (int person = 0; person < 10; ++person) {
        const Session session = session_of("person" + std::to_string(person), true);
        replica->want(session, kThings);
        replica->want(session, kBills);
        replica->want_refresh(session);
      }
    }
    const auto all_there = [](const Replica& replica) {
      return replica.granted.size() == 20 && replica.refreshed.size() == 10;
    };
    wait_until(loop, [&] { return all_there(one) && all_there(two); });
    for (const Replica* replica : {&one, &two}) {
      for (const GrantOutcome& outcome : replica->granted) {
        CHECK_MESSAGE(outcome, (outcome ? "" : outcome.error().rule + ": " + outcome.error().message));
      }
      for (const RefreshOutcome& outcome : replica->refreshed) CHECK(outcome);
    }
    CHECK(logto.reuses() == 0);
    // Each replica has tokens of its own; the session's refresh is known to both by then.
    CHECK(logto.calls(kThings.resource) == 20);
    CHECK(logto.calls(kBills.resource) == 20);
    wait_until(loop, [&] { return one.flights.untold() == 0 && two.flights.untold() == 0; });
  }
}
