#include "auth/session/app_token_cache.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace lp;

namespace {

constexpr std::int64_t kNow = 1'800'000'000;
const TokenAudience kThings{"https://things.test", ""};
const TokenAudience kAcme{"", "acme"};

AppTokenCache::Owner owner(const std::string& id) {
  return {id, revocation_keys("default", id, "", "alice"), (kNow - 100) * 1000};
}

std::shared_ptr<const AppToken> token(const std::string& text, std::int64_t lives_s = 600) {
  auto made = std::make_shared<AppToken>();
  made->token = Secret(text);
  made->expires_at_s = kNow + lives_s;
  made->renew_at_s = kNow + lives_s - 60;
  return made;
}

std::string found(AppTokenCache& cache, const std::string& id, const TokenAudience& audience,
                  std::int64_t now_s = kNow) {
  const AppTokenCache::Found one = cache.find(id, audience, now_s);
  return one.is_refused ? "refused" : one.token ? std::string(one.token->token.reveal()) : "none";
}

}  // namespace

TEST_CASE("a token is found by its session and its audience, and by nothing less") {
  AppTokenCache cache;
  cache.put(owner("one"), kThings, token("T1"));
  cache.put(owner("one"), kAcme, token("A1"));
  cache.put(owner("two"), kThings, token("T2"));
  CHECK(found(cache, "one", kThings) == "T1");
  CHECK(found(cache, "one", kAcme) == "A1");
  CHECK(found(cache, "two", kThings) == "T2");
  CHECK(found(cache, "two", kAcme) == "none");
  CHECK(found(cache, "one", {"https://things.test", "acme"}) == "none");
  CHECK(found(cache, "one", {}) == "none");
  CHECK(cache.size() == 3);
}

TEST_CASE("a token ends at its second, and before that one asker in thirty seconds is told to renew it") {
  AppTokenCache cache;
  cache.put(owner("one"), kThings, token("T1", 600));
  CHECK_FALSE(cache.find("one", kThings, kNow + 539).should_renew);
  CHECK(cache.find("one", kThings, kNow + 540).should_renew);
  CHECK_FALSE(cache.find("one", kThings, kNow + 541).should_renew);
  CHECK(cache.find("one", kThings, kNow + 570).should_renew);
  CHECK(found(cache, "one", kThings, kNow + 599) == "T1");
  CHECK(found(cache, "one", kThings, kNow + 600) == "none");
}

TEST_CASE("who is about to ask Logto takes what is not due for renewal") {
  AppTokenCache cache;
  cache.put(owner("one"), kThings, token("T1", 600));
  CHECK(cache.peek("one", kThings, kNow + 539).token);
  CHECK_FALSE(cache.peek("one", kThings, kNow + 540).token);
  CHECK(cache.find("one", kThings, kNow + 540).should_renew);
}

TEST_CASE("a refusal is remembered for thirty seconds, and does not take the place of a token that is good") {
  AppTokenCache cache;
  cache.refuse(owner("one"), kAcme, kNow);
  CHECK(found(cache, "one", kAcme, kNow + 29) == "refused");
  CHECK(found(cache, "one", kAcme, kNow + 30) == "none");
  cache.put(owner("one"), kThings, token("T1"));
  cache.refuse(owner("one"), kThings, kNow);
  CHECK(found(cache, "one", kThings) == "T1");
  cache.put(owner("one"), kAcme, token("A1"));
  CHECK(found(cache, "one", kAcme) == "A1");
}

TEST_CASE("a token that somebody refuses is taken back, and no other") {
  AppTokenCache cache;
  TokenAudience account;
  account.account = true;
  cache.put(owner("one"), account, token("opaque"));
  cache.put(owner("one"), {}, token("ID"));
  CHECK(found(cache, "one", account) == "opaque");
  cache.take_back("one", account);
  cache.take_back("two", account);
  CHECK(found(cache, "one", account) == "none");
  CHECK(found(cache, "one", {}) == "ID");
  cache.take_back("one", {});
  CHECK(cache.size() == 0);
  CHECK(cache.bytes() == 0);
}

TEST_CASE("tokens go with their session, by its id or by what ended more than one") {
  AppTokenCache cache;
  for (const char* id : {"one", "two", "three"}) {
    cache.put(owner(id), kThings, token("T"));
    cache.put(owner(id), kAcme, token("A"));
  }
  cache.drop("one");
  CHECK(found(cache, "one", kThings) == "none");
  cache.drop_ended(kNow, [](const AppTokenCache::Owner& who) { return who.session_id == "two"; });
  CHECK(found(cache, "two", kAcme) == "none");
  CHECK(found(cache, "three", kAcme) == "A");
  cache.drop_ended(kNow + 600, [](const AppTokenCache::Owner&) { return false; });
  CHECK(cache.size() == 0);
  CHECK(cache.bytes() == 0);
}

TEST_CASE("a session that goes on under another id takes its tokens along") {
  AppTokenCache cache;
  cache.put(owner("fresh"), {}, token("ID"));
  cache.rename("fresh", "old");
  CHECK(found(cache, "fresh", {}) == "none");
  CHECK(found(cache, "old", {}) == "ID");
  cache.rename("unknown", "old");
  CHECK(found(cache, "old", {}) == "ID");
}

TEST_CASE("no more than the bounds, whoever fills it, and the least recently used session goes first") {
  SUBCASE("tokens") {
    AppTokenCache cache({.tokens = 16 * 4, .bytes = std::size_t{1} << 30, .tokens_of_a_session = 64});
    for (int i = 0; i < 1000; ++i) {
      cache.put(owner("session " + std::to_string(i)), kThings, token("T"));
      if (i > 0) CHECK(found(cache, "session 0", kThings) == "T");
    }
    CHECK(cache.size() <= 16 * 4);
  }
  SUBCASE("bytes") {
    AppTokenCache cache({.tokens = 100'000, .bytes = 16 * 4000, .tokens_of_a_session = 64});
    for (int i = 0; i < 500; ++i) {
      cache.put(owner("session " + std::to_string(i)), kThings, token(std::string(1000, 'x')));
    }
    CHECK(cache.bytes() <= 16 * 4000);
    CHECK(cache.size() > 10);
  }
  SUBCASE("one session that asks for every organization there is") {
    AppTokenCache cache({.tokens = 100'000, .bytes = std::size_t{1} << 30, .tokens_of_a_session = 8});
    for (int i = 0; i < 100; ++i) cache.refuse(owner("one"), {"", "org" + std::to_string(i)}, kNow);
    CHECK(cache.size() == 8);
    CHECK(found(cache, "one", {"", "org99"}) == "refused");
  }
}
