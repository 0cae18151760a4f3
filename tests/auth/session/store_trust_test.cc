#include "auth/session/store_trust.h"

#include <doctest/doctest.h>

#include "auth/session/proven_sessions.h"

using namespace lp;

TEST_CASE("what sessions may do depends on how long Redis has been away") {
  struct Case {
    const char* what;
    SessionStore store;
    bool share;
    std::int64_t last_ms;
    bool in_trouble;
    StoreTrust trust;
  };
  constexpr std::int64_t kNow = 1'000'000;
  const Case cases[] = {
      {"sessions in cookies, nothing shared: Redis does not matter", SessionStore::cookie, false, -1, true,
       StoreTrust::full},
      {"never in touch since the start", SessionStore::redis, false, -1, false, StoreTrust::none},
      {"shared revocations, never in touch", SessionStore::cookie, true, -1, false, StoreTrust::none},
      {"in touch just now", SessionStore::redis, false, kNow, false, StoreTrust::full},
      {"in touch just now, but the next answer failed or is late", SessionStore::redis, false, kNow, true,
       StoreTrust::safe_only},
      {"nothing known to be wrong, as long as a busy process may take", SessionStore::redis, false, kNow - 2'000, false,
       StoreTrust::full},
      {"nobody said anything for too long", SessionStore::redis, false, kNow - 2'001, false, StoreTrust::safe_only},
      {"away, the last moment of the grace", SessionStore::cookie, true, kNow - 60'000, true, StoreTrust::safe_only},
      {"away for longer than the grace", SessionStore::cookie, true, kNow - 60'001, true, StoreTrust::none},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    Settings settings;
    settings.redis.kind = RedisSettings::Kind::tcp;
    settings.session.store = c.store;
    settings.revocations.share = c.share;
    settings.redis.grace_ms = 60 * kSecond;
    StoreHealth health;
    if (c.last_ms >= 0) health.in_touch(c.last_ms);
    if (c.in_trouble) health.in_trouble();
    CHECK(store_trust(settings, health, kNow) == c.trust);
  }
}

TEST_CASE("a record may lack uses in a trouble and for a moment after it, and only then") {
  StoreHealth health;
  CHECK_FALSE(may_lack_uses(health, 1'000));
  health.in_touch(1'000);
  CHECK_FALSE(may_lack_uses(health, 1'000));  // there was no trouble
  health.in_trouble();
  CHECK(may_lack_uses(health, 5'000));  // it may answer already, and nobody knows yet
  health.in_touch(9'000);
  CHECK(may_lack_uses(health, 9'000));
  health.in_touch(10'000);
  CHECK(may_lack_uses(health, 11'000));
  CHECK_FALSE(may_lack_uses(health, 11'001));
}

TEST_CASE("while Redis is away only reading goes on") {
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) CHECK(may_go_on(StoreTrust::safe_only, method, false));
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "get", "TRACE", ""}) {
    CHECK_FALSE(may_go_on(StoreTrust::safe_only, method, false));
  }
  CHECK_FALSE(may_go_on(StoreTrust::safe_only, "GET", true));
  CHECK(may_go_on(StoreTrust::full, "POST", true));
  CHECK_FALSE(may_go_on(StoreTrust::none, "GET", false));
}

TEST_CASE("proven sessions are bounded, and the least recently proven goes first") {
  ProvenSessions proven(3 * 12);
  proven.put("a", std::string(11, '1'), 1);
  proven.put("b", std::string(11, '2'), 1);
  proven.put("c", std::string(11, '3'), 1);
  proven.put("a", std::string(11, '4'), 1);
  proven.put("d", std::string(11, '5'), 1);
  CHECK_FALSE(proven.find("b"));
  CHECK(proven.find("a") == std::string(11, '4'));
  proven.erase("a");
  proven.erase("unknown");
  CHECK_FALSE(proven.find("a"));
  CHECK(proven.find("c"));
}
