#include "auth/endpoints/backchannel_logout.h"

#include <nlohmann/json.hpp>
#include "auth/oidc/webhook.h"
#include "auth/realm/end_sessions.h"
#include "base/crypto.h"
#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;
using nlohmann::json;

namespace {

constexpr const char* kForm = "application/x-www-form-urlencoded";
constexpr const char* kKey = "webhook-key";

Ask logout(const std::string& body = "logout_token=a.b.c", const char* type = kForm) {
  return {.method = "POST", .path = "/_auth/backchannel-logout", .headers = {{"Content-Type", type}}, .body = body};
}

LogoutToken token(const std::string& sid, std::int64_t iat_s = kNowS) {
  LogoutToken made;
  made.sub = "u1";
  made.sid = sid;
  made.jti = "j";
  made.iat_s = iat_s;
  return made;
}

std::shared_ptr<Settings> with_webhook() {
  auto made = settings();
  made->logto.webhook_secret = Secret(kKey);
  return made;
}

// At kNowS.
json deleted(const std::string& user) {
  return {{"event", "User.Deleted"}, {"createdAt", "2026-11-22T03:10:47.000Z"}, {"data", {{"id", user}}}};
}

Ask hook(const std::string& body, const char* key = kKey) {
  return {.method = "POST",
          .path = "/_auth/webhook",
          .headers = {{"Logto-Signature-Sha-256", hex_encode(hmac_sha256(Secret(key), body))}},
          .body = body};
}

bool is_signed_in(World& world) { return world.ask({.path = "/_auth/me", .headers = kScript}).answer.status == 200; }

}  // namespace

TEST_CASE("an accepted logout token is answered 200 without a body, not to be stored") {
  World world;
  world.auth->logout = token("s1");
  const Verdict verdict = world.ask(logout());
  CHECK(verdict.answer.status == 200);
  CHECK(verdict.answer.body.empty());
  CHECK(header(verdict.answer, "Cache-Control") == "no-store");
  CHECK(world.auth->logout_tokens == std::vector<std::string>{"a.b.c"});
}

TEST_CASE("a refused one is answered 400 with the rule's words, one that nobody can judge 503") {
  World world;
  world.auth->logout = LogoutTokenFailure{LogoutTokenFailure::Kind::rejected, "aud", "audience is another client"};
  const Verdict refused = world.ask(logout());
  CHECK(refused.answer.status == 400);
  CHECK(json::parse(refused.answer.body) ==
        json{{"error", "invalid_request"}, {"error_description", "audience is another client"}});
  CHECK(header(refused.answer, "Cache-Control").find("no-store") != std::string::npos);
  world.auth->logout = LogoutTokenFailure{LogoutTokenFailure::Kind::unavailable, "provider_unavailable", "away"};
  CHECK(world.ask(logout()).answer.status == 503);
  world.realm.auth.reset();
  CHECK(world.ask(logout()).answer.status == 503);
}

TEST_CASE("a request that is none of Logto's asks nobody") {
  World world;
  const Ask cases[] = {logout("logout_token=a", "application/json"), logout(""),
                       logout("logout_token=a&logout_token=b"), logout(std::string(100'000, 'x'))};
  for (const Ask& ask : cases) CHECK(world.ask(ask).answer.status == 400);
  for (const char* method : {"GET", "HEAD", "PUT"}) {
    Ask ask = logout();
    ask.method = method;
    const Verdict verdict = world.ask(ask);
    CHECK(verdict.answer.status == 405);
    CHECK(header(verdict.answer, "Allow") == "POST");
  }
  CHECK(world.auth->logout_tokens.empty());
}

TEST_CASE("a logout token ends the session of its sid, else all of its sub, and none signed in after it was made") {
  struct Case {
    const char* what;
    LogoutToken token;
    std::int64_t signed_in_ago_ms;
    bool ends;
  };
  LogoutToken other = token("");
  other.sub = "u2";
  const Case cases[] = {{"its sid", token("s1"), 1'000, true},
                        {"another sid of the same person", token("s2"), 1'000, false},
                        {"no sid", token(""), 1'000, true},
                        {"another person", other, 1'000, false},
                        {"made before the sign-in, by a clock that differs a little", token("s1", kNowS - 1), 0, true},
                        {"made before the sign-in", token("s1", kNowS - 3), 0, false},
                        {"made by a clock that is ahead", token("s1", kNowS + 50), 1'000, true}};
  for (const Case& c : cases) {
    CAPTURE(std::string(c.what));
    World world;
    Session session = world.session();
    session.sid = "s1";
    session.signed_in_at_ms -= c.signed_in_ago_ms;
    world.sign_in_directly(session);
    REQUIRE(is_signed_in(world));
    (void)end_sessions(world.realm, c.token);
    CHECK(is_signed_in(world) != c.ends);
  }
}

TEST_CASE("who signs in after a logout stays, whatever the clock of Logto says") {
  World world;
  (void)end_sessions(world.realm, token("", kNowS + 50));
  world.clock.advance_ms(1);
  world.sign_in_directly(world.session());
  CHECK(is_signed_in(world));
}

TEST_CASE("a webhook of a deleted user ends their sessions, once") {
  World world(with_webhook());
  world.sign_in_directly(world.session());
  const std::string body = deleted("u1").dump();
  CHECK(world.ask(hook(body)).answer.status == 200);
  CHECK_FALSE(is_signed_in(world));
  world.clock.advance_ms(61'000);
  world.sign_in_directly(world.session());
  CHECK(world.ask(hook(body)).answer.status == 400);
  CHECK(is_signed_in(world));
}

TEST_CASE("a webhook that is not signed with the key of now ends nothing") {
  World world(with_webhook());
  world.sign_in_directly(world.session());
  const std::string body = deleted("u1").dump();
  Ask unsigned_one = hook(body);
  unsigned_one.headers.clear();
  Ask twice = hook(body);
  twice.headers.push_back(twice.headers.front());
  for (const Ask& ask : {hook(body, "another"), unsigned_one, twice, hook(std::string(2 << 20, 'x'))}) {
    CHECK(world.ask(ask).answer.status == 400);
  }
  CHECK(is_signed_in(world));
  world.realm.replace_webhook_secret(Secret("another"));
  CHECK(world.ask(hook(body)).answer.status == 400);
  CHECK(world.ask(hook(body, "another")).answer.status == 200);
  CHECK_FALSE(is_signed_in(world));
}

TEST_CASE("without a key there is no webhook") {
  World world;
  CHECK(world.ask(hook(deleted("u1").dump())).answer.status == 404);
}
