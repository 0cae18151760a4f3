#include "auth/refresh/flights.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "auth/realm/realm.h"
#include "auth/refresh/record.h"
#include "base/crypto.h"
#include "tests/support/fake_server.h"
#include "tests/support/redis_server.h"
#include "tests/support/signing.h"
#include "tests/support/turn_loop.h"

using namespace lp;
using namespace lp::test;
using nlohmann::json;

namespace {

constexpr std::int64_t kNow = 1'800'000'000;

// Rotates at each refresh, and ends the grant when a spent token comes again. A token is "person.number".
class RotatingLogto {
 public:
  RotatingLogto() : server_([this](const FakeRequest& request) { return answer(request); }) {}
  [[nodiscard]] std::string origin() const { return server_.origin(); }
  int reuses() { return locked(reuses_); }
  int refreshes() { return locked(refreshes_); }
  void rotate(bool rotates) {
    const std::lock_guard lock(mutex_);
    rotates_ = rotates;
  }

 private:
  int locked(int& number) {
    const std::lock_guard lock(mutex_);
    return number;
  }
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
    const std::size_t at = request.body.find("refresh_token=");
    const std::string token = request.body.substr(at + 14, request.body.find('&', at) - at - 14);
    const std::lock_guard lock(mutex_);
    return redeem(token);
  }
  std::string redeem(const std::string& token) {
    ++refreshes_;
    const std::string person = token.substr(0, token.find('.'));
    const int number = std::stoi(token.substr(token.find('.') + 1));
    int& newest = newest_[person];
    if (number != newest) {
      ++reuses_;
      newest = -1;
      return http_answer(400, json{{"error", "invalid_grant"}}.dump());
    }
    newest += rotates_ ? 1 : 0;
    const json claims = {{"iss", origin() + "/oidc"}, {"aud", "app"},     {"sub", person},
                         {"exp", kNow + 360'000},     {"nonce", "NONCE"}, {"iat", kNow}};
    return http_answer(200, json{{"access_token", person},
                                 {"expires_in", 3600},
                                 {"refresh_token", person + "." + std::to_string(newest)},
                                 {"token_type", "Bearer"},
                                 {"id_token", key_.es384(claims)}}
                                .dump());
  }

  std::mutex mutex_;
  bool rotates_ = true;
  int reuses_ = 0, refreshes_ = 0;
  std::map<std::string, int> newest_;
  SigningKey key_ = SigningKey::p384("one");
  FakeServer server_;
};

Session session_with(const std::string& token) {
  Session made;
  made.sub = token.substr(0, token.find('.'));
  made.id = std::string(kSessionIdBytes, 'i');
  made.refresh_token = Secret(token);
  made.nonce_hash = sha256("NONCE");
  made.signed_in_at_ms = (kNow - 4000) * 1000;
  made.validated_at_s = made.sealed_at_s = kNow - 4000;
  made.tokens_expire_at_s = kNow - 10;
  return made;
}

std::shared_ptr<const Settings> settings_for(const RotatingLogto& logto, const std::string& secret) {
  auto made = std::make_shared<Settings>();
  made->logto.endpoint = *parse_origin(logto.origin());
  made->logto.app_id = "app";
  made->logto.app_secrets = {Secret("app-secret-value")};
  made->session.secrets = {Secret(secret)};
  return made;
}

struct Replica {
  Replica(EventLoop& loop_in, RotatingLogto& logto, const RedisServer* redis_server, const std::string& journal = {},
          const std::string& secret = std::string(32, 's'))
      : loop(loop_in), realm(settings_for(logto, secret), clock, log) {
    if (!journal.empty()) flights.keep_journal(journal, realm);
    if (redis_server == nullptr) return;
    RedisSettings redis_settings;
    redis_settings.kind = RedisSettings::Kind::unix_socket;
    redis_settings.socket_path = redis_server->socket_path();
    redis = std::make_unique<RedisLink>(loop, clock, log, redis_settings);
    flights.share(*redis, realm);
  }
  ~Replica() { loop.delete_deferred(); }

  EventLoop& loop;
  FakeClock clock{kNow * 1000};
  Log log{Log::Options{-1, -1}};
  Realm realm;
  PinnedFetcher fetcher{loop, realm.settings->logto};
  ClientFetch client_fetch{fetcher, log, realm.settings->logto.app_secrets};
  Provider provider{loop, fetcher, realm.settings->logto, clock, log};
  std::unique_ptr<RedisLink> redis;
  RefreshFlights flights{loop, AuthWorld{*realm.settings, provider, fetcher, client_fetch, clock}, log};

  std::vector<RefreshOutcome> outcomes;
  void join(const Session& session) {
    flights.join("0123456789abcdef", session, [this](const RefreshOutcome& outcome) { outcomes.push_back(outcome); });
  }
  RefreshOutcome refresh(const Session& session) {
    std::optional<RefreshOutcome> landed;
    flights.join("0123456789abcdef", session, [&](const RefreshOutcome& outcome) { landed = outcome; });
    wait_until(loop, [&] { return landed.has_value(); });
    wait_until(loop, [&] { return flights.untold() == 0 || redis == nullptr || !redis->client().state().connected; });
    return *landed;
  }
  // The monotonic clock too, by which Redis counts as settled.
  void pass_ms(std::int64_t ms) { clock.advance_ms(ms); }
};

struct TwoReplicas {
  RedisServer server;
  RotatingLogto logto;
  EventLoop loop;
  Replica one{loop, logto, &server};
  Replica two{loop, logto, &server};

  void pass_ms(std::int64_t ms) {
    one.pass_ms(ms);
    two.pass_ms(ms);
  }
  void until_connected() {
    wait_until(loop, [&] { return one.redis->client().state().connected && two.redis->client().state().connected; });
  }
};

std::string token_of(const RefreshOutcome& outcome) {
  return outcome ? std::string((*outcome)->refresh_token.reveal()) : outcome.error().rule;
}

}  // namespace

TEST_CASE("hundreds who ask two replicas at once for the same tokens cause one refresh each, and no reuse") {
  LP_NEED_REDIS_SERVER();
  TwoReplicas world;
  constexpr int kPeople = 60, kTabs = 5;
  for (int tab = 0; tab < kTabs; ++tab) {
    for (int person = 0; person < kPeople; ++person) {
      const Session session = session_with("person" + std::to_string(person) + ".0");
      (tab % 2 == 0 ? world.one : world.two).join(session);
    }
  }
  wait_until(world.loop, [&] { return world.one.outcomes.size() + world.two.outcomes.size() == kPeople * kTabs; });
  for (const Replica* replica : {&world.one, &world.two}) {
    for (const RefreshOutcome& outcome : replica->outcomes) CHECK_MESSAGE(outcome.ok(), token_of(outcome));
  }
  CHECK(world.logto.refreshes() == kPeople);
  CHECK(world.logto.reuses() == 0);
}

TEST_CASE("an old cookie finds, on another replica, the newest of a chain of successors") {
  LP_NEED_REDIS_SERVER();
  TwoReplicas world;
  const Session old = session_with("alice.0");
  const RefreshOutcome first = world.one.refresh(old);
  REQUIRE(token_of(first) == "alice.1");
  Session newer = with_refreshed(old, **first);
  newer.sealed_at_s = kNow;
  world.pass_ms(3'700'000);  // what came has expired as well
  REQUIRE(token_of(world.one.refresh(newer)) == "alice.2");
  CHECK(token_of(world.two.refresh(old)) == "alice.2");
  CHECK(token_of(world.two.refresh(newer)) == "alice.2");
  CHECK(world.logto.refreshes() == 2);
  CHECK(world.logto.reuses() == 0);
}

TEST_CASE("a token that is not rotated is refreshed again when what came with it has run out, on any replica") {
  LP_NEED_REDIS_SERVER();
  TwoReplicas world;
  world.logto.rotate(false);
  Session session = session_with("alice.0");
  for (int i = 1; i <= 4; ++i) {
    Replica& replica = i % 2 == 0 ? world.one : world.two;
    const RefreshOutcome outcome = replica.refresh(session);
    REQUIRE(token_of(outcome) == "alice.0");
    session = with_refreshed(session, **outcome);
    session.sealed_at_s = world.one.clock.unix_s();
    CHECK(world.logto.refreshes() == i);
    world.pass_ms(3'700'000);
  }
}

TEST_CASE("a session that Logto ended is ended on the other replica without asking again") {
  LP_NEED_REDIS_SERVER();
  TwoReplicas world;
  REQUIRE(token_of(world.one.refresh(session_with("alice.7"))) == "invalid_grant");
  CHECK(token_of(world.two.refresh(session_with("alice.7"))) == "invalid_grant");
  CHECK(world.logto.refreshes() == 1);
}

TEST_CASE("while Redis is away nothing is refreshed and nobody ends, and afterwards spent tokens are still known") {
  LP_NEED_REDIS_SERVER();
  TwoReplicas world;
  const Session old = session_with("alice.0");
  REQUIRE(token_of(world.one.refresh(old)) == "alice.1");
  world.server.kill();
  wait_until(world.loop, [&] { return !world.two.redis->client().state().connected; });
  const RefreshOutcome away = world.two.refresh(old);
  REQUIRE_FALSE(away.ok());
  CHECK(away.error().kind == RefreshFailure::Kind::unavailable);
  CHECK(away.error().rule == "redis");
  CHECK(world.logto.refreshes() == 1);

  world.server.start();  // with nothing in it
  world.until_connected();
  world.two.join(old);
  world.two.join(session_with("bob.0"));
  wait_until(world.loop, [&] { return world.two.outcomes.size() == 1; });
  CHECK_MESSAGE(token_of(world.two.outcomes[0]) == "alice.1", "the replica that knew it has told it again");
  CHECK_MESSAGE(world.logto.refreshes() == 1, "no lock is taken until all have come back");
  world.pass_ms(ReplicaRefreshes::kSettleMs);
  wait_until(world.loop, [&] { return world.two.outcomes.size() == 2; });
  CHECK(token_of(world.two.outcomes[1]) == "bob.1");
  CHECK(world.logto.reuses() == 0);
}

TEST_CASE("a Redis that was emptied while it ran is told again what is spent") {
  LP_NEED_REDIS_SERVER();
  TwoReplicas world;
  const Session old = session_with("alice.0");
  REQUIRE(token_of(world.one.refresh(old)) == "alice.1");
  bool emptied = false;
  const auto handle = world.one.redis->client().command({"FLUSHALL"}, [&](const auto&) { emptied = true; });
  wait_until(world.loop, [&] { return emptied; });
  CHECK(token_of(world.two.refresh(old)) == "alice.1");
  CHECK(world.logto.reuses() == 0);
}

TEST_CASE("replicas with different secrets read nothing of each other, and end nobody") {
  LP_NEED_REDIS_SERVER();
  TwoReplicas world;
  Replica stranger(world.loop, world.logto, &world.server, {}, std::string(32, 'x'));
  REQUIRE(token_of(world.one.refresh(session_with("alice.0"))) == "alice.1");
  const RefreshOutcome outcome = stranger.refresh(session_with("alice.0"));
  REQUIRE_FALSE(outcome.ok());
  CHECK(outcome.error().kind == RefreshFailure::Kind::unavailable);
  CHECK(world.logto.reuses() == 0);
}

TEST_CASE("what is under a secret that was removed is as if it were not there, and what is spent is told again") {
  LP_NEED_REDIS_SERVER();
  TwoReplicas world;
  const std::vector<Secret> fresh = {Secret(std::string(32, 'n'))};
  REQUIRE(token_of(world.one.refresh(session_with("alice.0"))) == "alice.1");
  for (Replica* replica : {&world.one, &world.two}) {
    replica->realm.replace_keyring(fresh);
    replica->flights.on_new_keyring();
  }
  wait_until(world.loop, [&] { return world.one.flights.untold() == 0; });
  CHECK(token_of(world.two.refresh(session_with("alice.0"))) == "alice.1");
  CHECK(world.logto.reuses() == 0);
}

TEST_CASE("a refresh under a removed secret keeps nobody waiting") {
  LP_NEED_REDIS_SERVER();
  TwoReplicas world;
  REQUIRE(token_of(world.one.refresh(session_with("alice.0"))) == "alice.1");
  world.two.realm.replace_keyring({Secret(std::string(32, 'n'))});
  world.two.flights.on_new_keyring();
  const RefreshOutcome outcome = world.two.refresh(session_with("alice.0"));
  CHECK(world.logto.reuses() == 1);  // nobody was left who could have told
  REQUIRE_FALSE(outcome.ok());
  CHECK(outcome.error().kind == RefreshFailure::Kind::ended);
}

TEST_CASE("what is told under a secret that one replica was just given is no secret of nobody for the others") {
  LP_NEED_REDIS_SERVER();
  TwoReplicas world;
  world.until_connected();
  world.one.realm.replace_keyring({Secret(std::string(32, 'n'))});
  SUBCASE("and the replica has taken it over") { world.one.flights.on_new_keyring(); }
  SUBCASE("and the replica is about to take it over") {}
  REQUIRE(token_of(world.one.refresh(session_with("alice.0"))) == "alice.1");
  CHECK(token_of(world.two.refresh(session_with("alice.0"))) == "other_secrets");
  CHECK(world.logto.reuses() == 0);
}

TEST_CASE("so does one under a secret that no process has any more: it went with a restart") {
  LP_NEED_REDIS_SERVER();
  TwoReplicas world;
  world.logto.rotate(false);
  auto before = std::make_unique<Replica>(world.loop, world.logto, &world.server, "", std::string(32, 'x'));
  const Session asked = session_with("alice.0");
  REQUIRE(token_of(before->refresh(asked)) == "alice.0");
  CHECK_MESSAGE(token_of(world.one.refresh(asked)) == "other_secrets", "a replica with another ring is there");
  before.reset();
  bool expired = false;  // what it told of its secret: sooner than by itself
  const auto handle = world.one.redis->client().command(
      {"EVAL", "for _, key in ipairs(redis.call('KEYS', '*:secret-in-use:*')) do redis.call('DEL', key) end", "0"},
      [&](const auto&) { expired = true; });
  wait_until(world.loop, [&] { return expired; });
  CHECK(token_of(world.one.refresh(asked)) == "alice.0");
}

TEST_CASE("with a journal the next process knows which tokens are spent") {
  const TemporaryFolder folder;
  const std::string path = folder.file("journal.refreshed");
  RotatingLogto logto;
  EventLoop loop;
  for (int life = 0; life < 3; ++life) {
    Replica process(loop, logto, nullptr, path);
    CHECK(token_of(process.refresh(session_with("alice.0"))) == "alice.1");
    process.flights.upkeep();
  }
  CHECK(logto.refreshes() == 1);
  SUBCASE("but not under another secret") {
    Replica process(loop, logto, nullptr, path, std::string(32, 'x'));
    CHECK(token_of(process.refresh(session_with("alice.0"))) == "invalid_grant");
  }
  SUBCASE("and forgets it when no cookie can hold them any more") {
    Replica process(loop, logto, nullptr, path);
    process.pass_ms(process.realm.settings->session.max_lifetime_ms);
    process.flights.upkeep();
    CHECK(token_of(process.refresh(session_with("alice.0"))) == "invalid_grant");
  }
}

TEST_CASE("a process that is killed right after its secret was replaced leaves a journal under the new one") {
  const TemporaryFolder folder;
  const std::string path = folder.file("journal.refreshed");
  const std::string fresh(32, 'n');
  RotatingLogto logto;
  EventLoop loop;
  {
    Replica process(loop, logto, nullptr, path);
    REQUIRE(token_of(process.refresh(session_with("alice.0"))) == "alice.1");
    process.realm.replace_keyring({Secret(fresh)});
    process.flights.on_new_keyring();
  }
  Replica process(loop, logto, nullptr, path, fresh);
  CHECK(token_of(process.refresh(session_with("alice.0"))) == "alice.1");
}

TEST_CASE("the journal of refreshes is rewritten when most of it is outdated, and loses nothing") {
  const TemporaryFolder folder;
  const std::string path = folder.file("journal.refreshed");
  const auto settings = std::make_shared<Settings>();
  settings->session.secrets = {Secret(std::string(32, 's'))};
  const FakeClock clock{kNow * 1000};
  Log log{Log::Options{-1, -1}};
  const Realm realm(settings, clock, log);
  RefreshMemory memory;
  auto refreshed = std::make_shared<Refreshed>();
  refreshed->refresh_token = Secret("next");
  {
    const auto journal = RefreshJournal::open(path, realm, memory);
    REQUIRE(journal);
    memory.succeeded(Secret("spent"), refreshed, kNow + 100);
    const std::string key = refresh_key(Secret("spent"));
    for (int i = 0; i < 1100; ++i) journal->keep(key, *memory.find_rotated(key));
    const auto before = std::filesystem::file_size(path);
    journal->upkeep(memory, kNow);
    CHECK(std::filesystem::file_size(path) * 100 < before);
  }
  RefreshMemory next;
  CHECK(RefreshJournal::open(path, realm, next) != nullptr);
  CHECK(next.rotated_count() == 1);
  CHECK(next.find_rotated(refresh_key(Secret("spent"))));
}

TEST_CASE("a journal of refreshes that cannot be used is no reason not to start") {
  const TemporaryFolder folder;
  const FakeClock clock{kNow * 1000};
  Log log{Log::Options{-1, -1}};
  const auto settings = std::make_shared<Settings>();
  settings->session.secrets = {Secret(std::string(32, 's'))};
  const Realm realm(settings, clock, log);
  RefreshMemory memory;
  CHECK(RefreshJournal::open(folder.file("no/such/folder"), realm, memory) == nullptr);
}

static Settings with_secret(char byte) {
  Settings settings;
  settings.session.secrets = {Secret(std::string(32, byte))};
  return settings;
}

TEST_CASE("an outcome opens for its token and its secret only, and comes back as it was") {
  const Keyring ours(with_secret('s'), 1);
  const Keyring theirs(with_secret('x'), 1);
  const std::string key = refresh_key(Secret("a"));
  const std::string nonce(kXaesNonceBytes, 'n');
  auto refreshed = std::make_shared<Refreshed>();
  refreshed->refresh_token = Secret("b");
  refreshed->generation = 9;
  const std::string sealed = seal_refresh(ours.refreshed_sealer, key, RefreshOutcome(refreshed), nonce);
  const auto opened = open_refresh(ours.refreshed_sealer, key, sealed);
  REQUIRE(opened);
  REQUIRE(opened->ok());
  CHECK((**opened)->refresh_token.equals("b"));
  CHECK((**opened)->generation == 9);
  CHECK_FALSE(open_refresh(ours.refreshed_sealer, refresh_key(Secret("c")), sealed));
  CHECK_FALSE(open_refresh(theirs.refreshed_sealer, key, sealed));
  CHECK_FALSE(open_refresh(ours.refreshed_sealer, key, sealed.substr(1)));

  const RefreshFailure ended{RefreshFailure::Kind::ended, "invalid_grant", "grant\nis gone", {}};
  const auto failure = open_refresh(ours.refreshed_sealer, key, seal_refresh(ours.refreshed_sealer, key, ended, nonce));
  REQUIRE(failure);
  REQUIRE_FALSE(failure->ok());
  CHECK(failure->error().kind == RefreshFailure::Kind::ended);
  CHECK(failure->error().rule == "invalid_grant");
  CHECK(failure->error().message == "grant\nis gone");

  const RefreshRecord record{key, kNow, sealed};
  CHECK(decode_refresh_record(encode_refresh_record(record)) == record);
  CHECK_FALSE(decode_refresh_record(key));
}
