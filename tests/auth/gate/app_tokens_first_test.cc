#include "auth/gate/app_tokens_first.h"

#include <doctest/doctest.h>

#include "auth/realm/app_tokens.h"
#include "auth/realm/end_sessions.h"
#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;

namespace {

using Kind = RefreshFailure::Kind;
using Organization = RouteTokenSettings::Organization;
const TokenAudience kThings{"https://things.test", ""};

// Route 1 passes on a token for things, 3 so too for those who are signed in, 5 only to admins, 2 for the organization
// in the path, 7 with a scope required. Route 6 passes on the ID token.
std::shared_ptr<Settings> token_settings() {
  auto made = settings();
  for (const std::size_t i : {0U, 2U, 4U, 6U}) made->routes[i].token.resource = kThings.resource;
  made->routes[1].access = Access::signed_in;
  made->routes[1].token.organization = Organization::from_path;
  made->routes[1].path = {PathPattern::Kind::prefix, "/o"};
  made->routes[5].authorization.kind = UpstreamAuthorizationSettings::Kind::id_token;
  Requirement scopes;
  scopes.kind = Requirement::Kind::scopes;
  scopes.any_of = {"read"};
  made->routes[6].require.children = {scopes};
  return made;
}

std::shared_ptr<const AppToken> token(const std::string& text, std::vector<std::string> scopes = {}) {
  auto made = std::make_shared<AppToken>();
  made->token = Secret(text);
  made->expires_at_s = kNowS + 600;
  made->renew_at_s = kNowS + 540;
  made->scopes = std::move(scopes);
  return made;
}

struct TokenWorld : World {
  explicit TokenWorld(const std::string& refresh_token = "r1", std::int64_t signed_in_ago_ms = 0)
      : World(token_settings()) {
    who = session();
    who.refresh_token = Secret(refresh_token);
    who.signed_in_at_ms -= signed_in_ago_ms;
    sign_in_directly(who);
  }
  void keep(const TokenAudience& audience, std::shared_ptr<const AppToken> one) {
    realm.tokens.put(owner_of(realm, who), audience, std::move(one));
  }
  using World::keep;
  void grant(std::shared_ptr<const AppToken> access, const std::string& successor = {}) {
    GrantedTokens tokens;
    tokens.access_token = std::move(access);
    tokens.id_token = token("ID");
    if (!successor.empty()) tokens.refreshed = with_new_token(who, Secret(successor));
    auth->granted = tokens;
  }
  void refuse(Kind kind) { auth->granted = RefreshFailure{kind, "rule", "message", {}}; }
  Session who;
};

std::string access_token(const Verdict& verdict) {
  return verdict.tokens.access ? std::string(verdict.tokens.access->token.reveal()) : "";
}

const Ask kScriptAsk = {.path = "/x", .route = 1, .headers = kScript};

}  // namespace

TEST_CASE("a token that is kept goes with the request, without a question or a wait") {
  TokenWorld world;
  world.keep(kThings, token("T"));
  const Verdict verdict = world.ask(kScriptAsk);
  CHECK(verdict.kind == Verdict::Kind::pass);
  CHECK(access_token(verdict) == "T");
  CHECK(world.auth->asked_audiences.empty());
  CHECK_FALSE(world.ask({.path = "/x", .route = 8, .headers = kScript}).tokens.access);
}

TEST_CASE("one that is not kept is waited for, and what comes with it goes into the session's cookie") {
  TokenWorld world;
  world.grant(token("T"), "r2");
  const std::string before = world.cookie_line();
  const Verdict verdict = world.ask(kScriptAsk);
  CHECK(verdict.kind == Verdict::Kind::pass);
  CHECK(access_token(verdict) == "T");
  CHECK(verdict.session->session.refresh_token.equals("r2"));
  CHECK(world.cookie_line() != before);
  CHECK(world.auth->asked_audiences == std::vector<TokenAudience>{kThings});
}

TEST_CASE("a token that is due for renewal is passed on, and renewed on the side, once") {
  TokenWorld world;
  world.keep(kThings, token("T"));
  world.clock.advance_ms(541'000);
  world.grant(token("T2"));
  for (int i = 0; i < 3; ++i) CHECK(access_token(world.ask(kScriptAsk)) == "T");
  CHECK(world.auth->asked_audiences.size() == 1);
}

TEST_CASE("what becomes of a failure to get one") {
  struct Case {
    const char* what;
    Kind kind;
    Ask ask;
    int status;  // 0: passes
    bool stays_signed_in;
  };
  const Case cases[] = {
      {"refused, a script", Kind::refused, kScriptAsk, 403, true},
      {"refused, a navigation", Kind::refused, {.path = "/x", .route = 1}, 403, true},
      {"refused, an optional route", Kind::refused, {.path = "/x", .route = 3}, 0, true},
      {"Logto is away", Kind::unavailable, kScriptAsk, 503, true},
      {"Logto is away, an optional route", Kind::unavailable, {.path = "/x", .route = 3}, 503, true},
      {"our credentials are wrong", Kind::client_credentials, kScriptAsk, 503, true},
      {"the grant is gone, a script", Kind::ended, kScriptAsk, 401, false},
      {"the grant is gone, a navigation", Kind::ended, {.path = "/x", .route = 1}, 303, false},
      {"the grant is gone, an optional route", Kind::ended, {.path = "/x", .route = 3}, 0, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    TokenWorld world;
    world.refuse(c.kind);
    const Verdict verdict = world.ask(c.ask);
    CHECK((verdict.kind == Verdict::Kind::pass ? 0 : verdict.answer.status) == c.status);
    CHECK_FALSE(verdict.tokens.access);
    if (c.status == 503) CHECK_FALSE(header(verdict.answer, "Retry-After").empty());
    const Verdict after = world.ask({.path = "/x", .route = 8, .headers = kScript});
    CHECK((after.kind == Verdict::Kind::pass) == c.stays_signed_in);
  }
}

TEST_CASE("what was refused a moment ago is answered without a question") {
  TokenWorld world;
  world.realm.tokens.refuse(owner_of(world.realm, world.who), kThings, kNowS);
  CHECK(world.ask(kScriptAsk).answer.status == 403);
  CHECK(world.ask({.path = "/x", .route = 3}).kind == Verdict::Kind::pass);
  CHECK(world.auth->asked_audiences.empty());
}

TEST_CASE("without a refresh token a navigation signs in again, but nobody who has just done so") {
  TokenWorld older("", 10 * kMinute);
  CHECK(goes_to_logto(older.ask({.path = "/x", .route = 1})));
  CHECK(older.ask(kScriptAsk).answer.status == 401);
  CHECK(older.ask({.path = "/x", .route = 3}).kind == Verdict::Kind::pass);
  TokenWorld fresh("");
  CHECK(fresh.ask({.path = "/x", .route = 1}).answer.status == 401);
  CHECK(fresh.ask(kScriptAsk).answer.status == 401);
  CHECK(fresh.auth->asked_audiences.empty());
}

TEST_CASE("the sign-in that is started asks for the resources of all routes") {
  TokenWorld world("", 10 * kMinute);
  const Verdict verdict = world.ask({.path = "/x", .route = 1});
  CHECK(sent(verdict, "resource") == kThings.resource);
  CHECK(sent(verdict, "scope").find("urn:logto:scope:organizations") != std::string::npos);
}

TEST_CASE("whom the rules refuse costs no question; rules on scopes are judged by the token") {
  TokenWorld world;
  CHECK(world.ask({.path = "/x", .route = 5, .headers = kScript}).answer.status == 403);
  CHECK(world.auth->asked_audiences.empty());
  world.grant(token("T", {"write"}));
  CHECK(world.ask({.path = "/x", .route = 7, .headers = kScript}).answer.status == 403);
  CHECK(world.auth->asked_audiences.size() == 1);
  world.grant(token("T", {"write", "read"}));
  CHECK(world.ask({.path = "/x", .route = 7, .headers = kScript}).kind == Verdict::Kind::pass);
}

TEST_CASE("the organization in the path, or 404 where there is none") {
  TokenWorld world;
  world.grant(token("T"));
  CHECK(access_token(world.ask({.path = "/o/acme/x", .route = 2, .headers = kScript})) == "T");
  CHECK(world.auth->asked_audiences == std::vector<TokenAudience>{{"", "acme"}});
  CHECK(world.ask({.path = "/o", .route = 2, .headers = kScript}).answer.status == 404);
}

TEST_CASE("the ID token comes from what was kept at the sign-in, or by a refresh") {
  TokenWorld world;
  world.grant(nullptr);
  const Verdict fetched = world.ask({.path = "/x", .route = 6, .headers = kScript});
  REQUIRE(fetched.tokens.id);
  CHECK(fetched.tokens.id->token.equals("ID"));
  CHECK(world.auth->asked_audiences == std::vector<TokenAudience>{{}});
  keep_id_token_of(world.realm, world.who, Secret("KEPT"), kNowS + 600);
  CHECK(world.ask({.path = "/x", .route = 6, .headers = kScript}).tokens.id->token.equals("KEPT"));
  CHECK(world.auth->asked_audiences.size() == 1);
}

TEST_CASE("who is signed out gets no token, and costs no question") {
  TokenWorld world;
  world.jar.clear();
  CHECK(world.ask(kScriptAsk).answer.status == 401);
  const Verdict anybody = world.ask({.path = "/x", .route = 3});
  CHECK(anybody.kind == Verdict::Kind::pass);
  CHECK_FALSE(anybody.tokens.access);
  CHECK(world.auth->asked_audiences.empty());
}

TEST_CASE("a session that ends takes its tokens along, and what lands after its end is not kept") {
  TokenWorld world;
  const AppTokenCache::Owner owner = owner_of(world.realm, world.who);
  GrantedTokens granted;
  granted.access_token = token("T");
  keep_token(world.realm, owner, kThings, granted);
  CHECK(world.realm.tokens.size() == 1);
  end_session(world.realm, world.who);
  CHECK(world.realm.tokens.size() == 0);
  keep_token(world.realm, owner, kThings, granted);
  CHECK(world.realm.tokens.size() == 0);
}

TEST_CASE("a record that ends all sessions of a person drops their tokens with the next upkeep") {
  TokenWorld world;
  world.keep(kThings, token("T"));
  (void)end_sessions(world.realm, RevocationKind::sub, world.who.sub);
  drop_ended_tokens(world.realm, kNowS);
  CHECK(world.realm.tokens.size() == 0);
}
