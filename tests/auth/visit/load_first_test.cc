#include "auth/visit/load_first.h"

#include <map>
#include <nlohmann/json.hpp>

#include "auth/session/session_handle.h"
#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;

namespace {

// A store of strings, which may be away.
class FakeStore final : public StoredSessions {
 public:
  bool is_away = false;
  int loads = 0;
  std::map<std::string, SessionToStore> records;
  std::map<std::string, bool> ended;

  std::unique_ptr<Question> load(EventLoop& asking, std::string hash, Loaded answer) override {
    ++loads;
    return later(asking, [this, hash, answer = std::move(answer)] { answer(look(hash)); });
  }
  std::unique_ptr<Question> save(EventLoop& asking, SessionToStore session, Saved answer) override {
    return later(asking, [this, session = std::move(session), answer = std::move(answer)] {
      if (is_away) return answer(fail("away"));
      records[session.handle_hash] = session;
      answer(SessionSaved::saved);
    });
  }
  void save_later(SessionToStore session) override {
    if (!is_away) records[session.handle_hash] = std::move(session);
  }
  void remove_later(std::string hash, std::int64_t, LastSeen) override {
    records.erase(hash);
    ended[hash] = true;
  }

 private:
  Result<StoredSession> look(const std::string& hash) {
    if (is_away) return fail("away");
    if (ended.contains(hash)) return StoredSession{StoredSession::Kind::ended, 0, {}};
    const auto found = records.find(hash);
    if (found == records.end()) return StoredSession{};
    return StoredSession{StoredSession::Kind::found, found->second.generation, found->second.sealed};
  }
  template <class Act>
  static std::unique_ptr<Question> later(EventLoop& asking, Act act) {
    auto alive = std::make_shared<bool>(true);
    asking.post([alive, act = std::move(act)] {
      if (*alive) act();
    });
    return std::make_unique<FakeAuth::Asked>(alive);
  }
};

std::shared_ptr<Settings> with_store() {
  auto made = settings();
  made->session.store = SessionStore::redis;
  made->redis.kind = RedisSettings::Kind::tcp;
  made->redis.grace_ms = 60 * kSecond;
  return made;
}

struct StoreWorld : World {
  FakeStore store;
  StoreWorld() : World(with_store()) {
    realm.stored = &store;
    realm.store_health.in_touch(clock.monotonic_ms());
  }
  // As the callback does it.
  void sign_in() {
    SessionCookie cookies(realm, true);
    Session made = session();
    cookies.give_handle(made);
    const SessionToStore record = *cookies.to_store(made, clock.unix_s());
    store.records[record.handle_hash] = record;
    keep(cookies.write(made, 0, clock.unix_s()));
  }
  void forget_warm_sessions() { realm.replace_keyring(realm.settings->session.secrets); }
};

const Ask kPage{.path = "/x", .route = 1};
const Ask kData{.path = "/x", .route = 1, .headers = kScript};
Ask post() { return {.method = "POST", .path = "/x", .route = 1, .headers = kScript}; }

}  // namespace

TEST_CASE("the cookie is a handle, and the store cannot read what it keeps") {
  StoreWorld world;
  world.sign_in();
  CHECK(world.jar.at("__Host-logto_session").size() < 300);
  const SessionToStore& record = world.store.records.begin()->second;
  CHECK(record.sealed.find("Alice") == std::string::npos);
  CHECK(record.sealed.find("u1") == std::string::npos);
  CHECK(record.ttl_ms > 0);
}

TEST_CASE("a session is fetched once, and warm requests ask nobody") {
  StoreWorld world;
  world.sign_in();
  CHECK(world.ask(kPage).kind == Verdict::Kind::pass);
  CHECK(world.ask(kPage).kind == Verdict::Kind::pass);
  CHECK(world.ask(post()).kind == Verdict::Kind::pass);
  CHECK(world.store.loads == 1);
}

TEST_CASE("what the store does not have signs nobody in") {
  StoreWorld world;
  world.sign_in();
  const std::string hash = world.store.records.begin()->first;
  SUBCASE("missing") { world.store.records.clear(); }
  SUBCASE("ended") { world.store.remove_later(hash, 1, {}); }
  SUBCASE("another session's record") {
    const std::string cookie = world.jar.at("__Host-logto_session");
    world.sign_in();
    for (auto& [key, record] : world.store.records) {
      if (key != hash) world.store.records[hash].sealed = record.sealed;
    }
    world.jar["__Host-logto_session"] = cookie;
  }
  SUBCASE("garbage") { world.store.records[hash].sealed = "garbage"; }
  CHECK(world.ask(post()).answer.status == 401);
  CHECK(goes_to_logto(world.ask(kPage)));
}

TEST_CASE("while the store is away, proven sessions read for the grace, and nobody loses a cookie") {
  StoreWorld world;
  world.sign_in();
  REQUIRE(world.ask(kPage).kind == Verdict::Kind::pass);
  world.store.is_away = true;
  world.clock.advance_ms(10'000);
  world.forget_warm_sessions();  // as another worker would see it
  CHECK(world.ask(kPage).kind == Verdict::Kind::pass);
  const Verdict refused = world.ask(post());
  CHECK(refused.answer.status == 503);
  CHECK(header(refused.answer, "Retry-After") == "5");
  CHECK(std::count_if(refused.answer.headers.begin(), refused.answer.headers.end(),
                      [](const auto& field) { return field.first == "Retry-After"; }) == 1);
  world.clock.advance_ms(60'000);
  CHECK(world.ask(kPage).answer.status == 503);
  CHECK(world.has_session());
  world.store.is_away = false;
  world.realm.store_health.in_touch(world.clock.monotonic_ms());
  CHECK(world.ask(post()).kind == Verdict::Kind::pass);
}

TEST_CASE("a session that this process has never seen does not pass while the store is away") {
  StoreWorld world;
  world.sign_in();
  world.store.is_away = true;
  const Verdict verdict = world.ask(kPage);
  CHECK(verdict.answer.status == 503);
  CHECK(world.has_session());
  CHECK(world.ask({.path = "/x", .route = 2}).kind == Verdict::Kind::pass);  // public
}

TEST_CASE("a revocation counts while the store is away, too") {
  StoreWorld world;
  world.sign_in();
  const Verdict passed = world.ask(kPage);
  REQUIRE(passed.kind == Verdict::Kind::pass);
  world.store.is_away = true;
  Revocation record;
  record.key = passed.session->revocation_keys.sub;
  record.before_ms = world.clock.unix_ms() + 1;
  record.forget_at_s = world.clock.unix_s() + 100'000;
  world.realm.revocations.add(record, world.clock.unix_s());
  CHECK(world.ask(post()).answer.status != 200);
  CHECK(world.ask(post()).kind == Verdict::Kind::answer);
}

TEST_CASE("nobody signs in while the store takes no session") {
  StoreWorld world;
  const Verdict start = world.ask(kPage);
  REQUIRE(goes_to_logto(start));
  world.auth->exchange = Result<Session, SignInFailure>(world.session());
  SUBCASE("it is there") {
    const Verdict landed = world.ask(callback(sent(start, "state")));
    CHECK(landed.answer.status == 303);
    CHECK(world.has_session());
    CHECK(world.store.records.size() == 1);
    CHECK(world.ask(kPage).kind == Verdict::Kind::pass);
  }
  SUBCASE("it is away") {
    world.store.is_away = true;
    CHECK(world.ask(callback(sent(start, "state"))).answer.status == 503);
    CHECK_FALSE(world.has_session());
  }
}

TEST_CASE("signing out leaves nothing in the store, and the handle opens nothing any more") {
  StoreWorld world;
  world.sign_in();
  const std::string cookie = world.jar.at("__Host-logto_session");
  REQUIRE(world.ask({.method = "POST", .path = "/_auth/sign-out", .headers = kScript}).answer.status == 303);
  CHECK(world.store.records.empty());
  world.jar["__Host-logto_session"] = cookie;
  CHECK(world.ask(post()).answer.status == 401);
}

TEST_CASE("use renews the record and leaves the cookie alone, but for a secret that is no longer the first") {
  auto made = with_store();
  StoreWorld world;
  world.sign_in();
  const std::uint64_t generation = world.store.records.begin()->second.generation;
  world.clock.advance_ms(600'000);
  world.realm.store_health.in_touch(world.clock.monotonic_ms());
  const Verdict passed = world.ask(kPage);
  CHECK(passed.kind == Verdict::Kind::pass);
  CHECK(passed.set_cookies.empty());
  CHECK(world.store.records.begin()->second.generation > generation);
  world.realm.replace_keyring({Secret(std::string(32, 'n')), Secret(std::string(32, 's'))});
  const std::string before = world.jar.at("__Host-logto_session");
  CHECK(world.ask(kPage).kind == Verdict::Kind::pass);
  CHECK(world.jar.at("__Host-logto_session") != before);
}

TEST_CASE("a copy that nobody used here for too long is no proof: the store is asked before anybody is told") {
  StoreWorld world;
  world.sign_in();
  REQUIRE(world.ask(kPage).kind == Verdict::Kind::pass);
  const Session known = world.ask(kPage).session->session;
  world.clock.advance_ms(25 * 3600 * 1000);
  world.realm.store_health.in_touch(world.clock.monotonic_ms());
  SUBCASE("used at another replica") {
    Session used = known;
    used.generation = 9;
    const SessionToStore record = *SessionCookie(world.realm, true).to_store(used, world.clock.unix_s() - 60);
    world.store.records[record.handle_hash] = record;
    CHECK(world.ask(post()).kind == Verdict::Kind::pass);
  }
  SUBCASE("used nowhere") { CHECK(world.ask(post()).answer.status == 401); }
  SUBCASE("nobody can say") {
    world.store.is_away = true;
    CHECK(world.ask(kPage).answer.status == 503);
    CHECK(world.has_session());
  }
}

TEST_CASE("what the store has newer than a copy is taken, and a copy in memory for its absence is the newest") {
  StoreWorld world;
  world.sign_in();
  REQUIRE(world.ask(kData).kind == Verdict::Kind::pass);
  world.clock.advance_ms(3600 * 1000);
  world.realm.store_health.in_touch(world.clock.monotonic_ms());
  REQUIRE(world.ask(kData).kind == Verdict::Kind::pass);  // use goes on: it is saved
  const SessionToStore saved = world.store.records.begin()->second;
  CHECK(world.realm.proven.find(saved.handle_hash) == saved.sealed);
  REQUIRE(saved.outdated);
  saved.outdated->store(true);
  const int loads = world.store.loads;
  CHECK(world.ask(kData).kind == Verdict::Kind::pass);
  CHECK(world.store.loads == loads + 1);
}

TEST_CASE("use that another record stands in the way of is added to that one") {
  StoreWorld world;
  world.sign_in();
  REQUIRE(world.ask(kData).kind == Verdict::Kind::pass);
  Session newer = world.ask(kData).session->session;
  newer.generation = 7;
  newer.claims = {{"name", "Newer"}};
  const SessionToStore other = *SessionCookie(world.realm, true).to_store(newer, world.clock.unix_s());
  world.clock.advance_ms(3600 * 1000);
  world.realm.store_health.in_touch(world.clock.monotonic_ms());
  REQUIRE(world.ask(kData).kind == Verdict::Kind::pass);
  const SessionToStore mine = world.store.records.begin()->second;
  REQUIRE(mine.with_this_use);
  const auto joined = mine.with_this_use({StoredSession::Kind::found, other.generation, other.sealed});
  REQUIRE(joined);
  CHECK(joined->generation == 8);
  world.store.records[joined->handle_hash] = *joined;
  world.forget_warm_sessions();
  const Verdict verdict = world.ask(kData);
  CHECK(verdict.session->session.claims->at("name") == "Newer");
  CHECK(verdict.session->session.sealed_at_s == world.clock.unix_s());
  CHECK_FALSE(mine.with_this_use({StoredSession::Kind::found, joined->generation, joined->sealed}));
}

TEST_CASE(
    "who signs out while the store is away is out when it is back, though nobody here knows whose session it was") {
  StoreWorld world;
  world.sign_in();
  const auto copy = world.jar;
  world.store.is_away = true;
  Ask sign_out{.method = "POST", .path = "/_auth/sign-out", .headers = {{"Sec-Fetch-Site", "same-origin"}}};
  CHECK(world.ask(sign_out).answer.status == 303);
  world.jar = copy;
  world.store.is_away = false;
  world.store.ended.clear();  // what Redis has not heard of
  CHECK(world.ask(post()).answer.status == 401);
}

TEST_CASE("while the store is away nobody is told that all their sessions are over") {
  StoreWorld world;
  world.sign_in();
  world.auth->told = false;
  world.store.is_away = true;
  Ask sign_out{.method = "POST", .path = "/_auth/sign-out", .headers = {{"Sec-Fetch-Site", "same-origin"}}};
  sign_out.query = "everywhere=1";
  CHECK(world.ask(sign_out).answer.status == 503);
  CHECK(world.has_session());
}
