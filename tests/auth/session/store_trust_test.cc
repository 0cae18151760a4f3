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
    StoreTrust trust;
  };
  constexpr std::int64_t kNow = 1'000'000;
  const Case cases[] = {
      {"sessions in cookies, nothing shared: Redis does not matter", SessionStore::cookie, false, -1, StoreTrust::full},
      {"never in touch since the start", SessionStore::redis, false, -1, StoreTrust::none},
      {"shared revocations, never in touch", SessionStore::cookie, true, -1, StoreTrust::none},
      {"in touch just now", SessionStore::redis, false, kNow, StoreTrust::full},
      {"quiet for as long as a read may take", SessionStore::redis, false, kNow - 5'000, StoreTrust::full},
      {"away", SessionStore::redis, false, kNow - 5'001, StoreTrust::safe_only},
      {"away, the last moment of the grace", SessionStore::cookie, true, kNow - 65'000, StoreTrust::safe_only},
      {"away for longer than the grace", SessionStore::cookie, true, kNow - 65'001, StoreTrust::none},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    Settings settings;
    settings.redis.kind = RedisSettings::Kind::tcp;
    settings.session.store = c.store;
    settings.revocations.share = c.share;
    settings.redis.grace_ms = 60 * kSecond;
    CHECK(store_trust(settings, c.last_ms, kNow) == c.trust);
  }
}

TEST_CASE("while Redis is away only reading goes on") {
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) CHECK(may_go_on(StoreTrust::safe_only, method, false));
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "get", "TRACE"}) {
    CHECK_FALSE(may_go_on(StoreTrust::safe_only, method, false));
  }
  CHECK_FALSE(may_go_on(StoreTrust::safe_only, "GET", true));
  CHECK(may_go_on(StoreTrust::full, "POST", true));
  CHECK_FALSE(may_go_on(StoreTrust::none, "GET", false));
}

TEST_CASE("proven sessions are bounded, and the least recently proven goes first") {
  ProvenSessions proven(3 * 12);
  proven.put("a", std::string(11, '1'));
  proven.put("b", std::string(11, '2'));
  proven.put("c", std::string(11, '3'));
  proven.put("a", std::string(11, '4'));
  proven.put("d", std::string(11, '5'));
  CHECK_FALSE(proven.find("b"));
  CHECK(proven.find("a") == std::string(11, '4'));
  proven.erase("a");
  proven.erase("unknown");
  CHECK_FALSE(proven.find("a"));
  CHECK(proven.find("c"));
}
