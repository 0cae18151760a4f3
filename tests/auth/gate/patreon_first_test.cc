#include "auth/gate/patreon_first.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "auth/realm/app_tokens.h"
#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;

namespace {

using Kind = PatreonFailure::Kind;
constexpr std::int64_t kNowMs = kNowS * 1000;

Requirement gold_rule() {
  Requirement rule;
  rule.kind = Requirement::Kind::patreon;
  rule.patreon = {"100", {"Gold"}, true, 0};
  return rule;
}

// Route 1 is for patrons with Gold, 2 for them or admins.
std::shared_ptr<Settings> patreon_settings() {
  auto made = settings();
  made->routes[0].require.children = {gold_rule()};
  made->routes[1].access = Access::signed_in;
  made->routes[1].require.children = {
      group_requirement(Requirement::Kind::any, {roles_requirement({"admin"}), gold_rule()})};
  made->patreon.pages["100"] = "https://www.patreon.com/creator";
  return made;
}

std::shared_ptr<const PatreonStanding> standing(const std::string& tier, std::int64_t checked_at_ms = kNowMs) {
  return std::make_shared<const PatreonStanding>(
      PatreonStanding{PatreonStanding::Kind::known, checked_at_ms, {{"100", "active_patron", 500, {{"7", tier}}}}});
}

std::shared_ptr<const PatreonStanding> no_account() {
  return std::make_shared<const PatreonStanding>(PatreonStanding{PatreonStanding::Kind::no_account, kNowMs, {}});
}

struct PatreonWorld : World {
  explicit PatreonWorld(std::shared_ptr<const PatreonStanding> known = nullptr, const std::string& refresh_token = "r1",
                        std::shared_ptr<const Settings> with = patreon_settings())
      : World(std::move(with)) {
    who = session();
    who.refresh_token = Secret(refresh_token);
    who.patreon = std::move(known);
    sign_in_directly(who);
  }
  void hold_token(const std::string& text = "opaque") {
    auto token = std::make_shared<AppToken>();
    token->token = Secret(text);
    token->expires_at_s = kNowS + 600;
    token->renew_at_s = kNowS + 540;
    TokenAudience audience;
    audience.account = true;
    realm.tokens.put(owner_of(realm, who), audience, std::move(token));
  }
  void say(PatreonOutcome outcome) { auth->patreon.push_back(std::move(outcome)); }
  void fail_with(Kind kind) { say(PatreonFailure{kind, "rule", "message", 0, false}); }
  Verdict ask_gold() { return ask({.path = "/x", .route = 1}); }
  Session who;
};

}  // namespace

TEST_CASE("what the session knows needs no question") {
  PatreonWorld world(standing("Gold"));
  CHECK(world.ask_gold().kind == Verdict::Kind::pass);
  PatreonWorld silver(standing("Silver"));
  CHECK(silver.ask_gold().answer.status == 403);
  CHECK(world.auth->patreon_tokens.empty());
  CHECK(silver.auth->patreon_tokens.empty());
}

TEST_CASE("what it does not know is asked with the person's token, and the app hears of it") {
  PatreonWorld world;
  world.hold_token();
  world.say(standing("Gold"));
  const Verdict verdict = world.ask_gold();
  CHECK(verdict.kind == Verdict::Kind::pass);
  CHECK(world.auth->patreon_tokens == std::vector<std::string>{"opaque"});
  REQUIRE(verdict.app_headers);
  CHECK(verdict.app_headers->lines.find("X-Patreon-Tier: Gold\r\n") != std::string::npos);
  CHECK(verdict.app_headers->lines.find("X-Patreon-Cents: 500\r\n") != std::string::npos);
  world.keep(verdict.set_cookies);
  CHECK(world.ask_gold().kind == Verdict::Kind::pass);
  CHECK(world.auth->patreon_tokens.size() == 1);
}

TEST_CASE("a token that is not at hand comes by a refresh, whose news are taken over") {
  PatreonWorld world;
  GrantedTokens granted;
  auto token = std::make_shared<AppToken>();
  token->token = Secret("fresh");
  granted.account_token = std::move(token);
  granted.refreshed = with_new_token(world.who, Secret("r2"));
  world.auth->granted = granted;
  world.say(standing("Gold"));
  const Verdict verdict = world.ask_gold();
  CHECK(verdict.kind == Verdict::Kind::pass);
  REQUIRE(world.auth->asked_audiences.size() == 1);
  CHECK(world.auth->asked_audiences[0].account);
  CHECK(world.auth->patreon_tokens == std::vector<std::string>{"fresh"});
  CHECK(verdict.session->session.refresh_token.equals("r2"));
}

TEST_CASE("a session that ends at the refresh signs in") {
  PatreonWorld world;
  world.auth->granted = RefreshFailure{RefreshFailure::Kind::ended, "invalid_grant", "", {}};
  CHECK(goes_to_logto(world.ask_gold()));
}

TEST_CASE("who has no refresh token is sent for one") {
  PatreonWorld world(nullptr, "");
  world.who.signed_in_at_ms -= kHour;
  world.sign_in_directly(world.who);
  CHECK(goes_to_logto(world.ask_gold()));
}

TEST_CASE("who passes without a membership does not wait for Patreon") {
  PatreonWorld world;
  (*world.who.claims)["roles"] = {"admin"};
  world.sign_in_directly(world.who);
  CHECK(world.ask({.path = "/x", .route = 2}).kind == Verdict::Kind::pass);
  CHECK(world.auth->patreon_tokens.empty());
}

TEST_CASE("on a route of an organization its members wait as little as elsewhere") {
  auto with = patreon_settings();
  for (RouteSettings& route : with->routes) {
    route.organization.place = RouteOrganizationSettings::Place::fixed;
    route.organization.id = "acme";
    route.organization.rule.kind = Requirement::Kind::member;
  }
  PatreonWorld world(standing("Gold", kNowMs - 5 * kMinute), "r1", with);
  world.who.signed_in_at_ms -= kHour;
  (*world.who.claims)["organizations"] = {"acme"};
  world.sign_in_directly(world.who);
  CHECK(world.ask_gold().kind == Verdict::Kind::pass);
  (*world.who.claims)["roles"] = {"admin"};
  world.who.patreon = nullptr;
  world.sign_in_directly(world.who);
  CHECK(world.ask({.path = "/x", .route = 2}).kind == Verdict::Kind::pass);
  CHECK(world.auth->patreon_tokens.empty());
}

TEST_CASE("who lacks something else than a membership is no reason to ask Patreon every minute") {
  auto with = patreon_settings();
  with->routes[0].require.children = {gold_rule(), roles_requirement({"admin"})};
  PatreonWorld world(standing("Gold", kNowMs - 5 * kMinute), "r1", with);
  world.who.signed_in_at_ms -= kHour;
  world.sign_in_directly(world.who);
  world.hold_token();
  CHECK(world.ask_gold().answer.status == 403);
  CHECK(world.auth->patreon_tokens.empty());
}

TEST_CASE("a token that Logto refuses is fetched anew, once") {
  PatreonWorld world;
  world.hold_token("stale");
  GrantedTokens granted;
  auto token = std::make_shared<AppToken>();
  token->token = Secret("fresh");
  granted.account_token = std::move(token);
  world.auth->granted = granted;
  world.fail_with(Kind::account_token_refused);
  CHECK(world.ask_gold().answer.status == 503);
  CHECK(world.auth->patreon_tokens == std::vector<std::string>{"stale", "fresh"});
}

TEST_CASE("while Patreon is away the last word holds, for a while") {
  struct Case {
    const char* what;
    std::int64_t age_ms;
    int status;  // 0: passes
  };
  const Case cases[] = {{"due", 2 * kHour, 0}, {"held long", 12 * kHour, 0}, {"held too long", 13 * kHour, 503}};
  for (const Case& c : cases) {
    CAPTURE(c.what);
    PatreonWorld world;
    world.who.signed_in_at_ms -= 20 * kHour;
    world.who.sealed_at_s = kNowS;
    world.who.tokens_expire_at_s = kNowS + 3600;
    world.who.validated_at_s = kNowS;
    world.who.patreon = standing("Gold", kNowMs - c.age_ms);
    world.sign_in_directly(world.who);
    world.hold_token();
    world.fail_with(Kind::unavailable);
    const Verdict verdict = world.ask_gold();
    CHECK((verdict.kind == Verdict::Kind::pass ? 0 : verdict.answer.status) == c.status);
    CHECK(world.auth->patreon_tokens.size() == 1);
  }
}

TEST_CASE("nobody is asked for while there is a pause, and who is not known gets a page that says why") {
  PatreonWorld world;
  world.hold_token();
  world.realm.patreon.pause().extend(world.clock.monotonic_ms() + 1000);
  const Verdict page = world.ask_gold();
  CHECK(page.answer.status == 503);
  CHECK(page.decision == "patreon_away");
  CHECK(page.answer.body.find("Patreon") != std::string::npos);
  CHECK(header(page.answer, "Retry-After") == "5");
  const Verdict json = world.ask({.path = "/x", .route = 1, .headers = kScript});
  CHECK(json.answer.status == 503);
  CHECK(json.answer.body.find("patreon_away") != std::string::npos);
  CHECK(world.auth->patreon_tokens.empty());
}

TEST_CASE("who sent a form gets the page too, without a link that would only open its target") {
  PatreonWorld world;
  world.realm.patreon.pause().extend(world.clock.monotonic_ms() + 1000);
  const std::string link = "href=\"/x\"";
  CHECK(world.ask_gold().answer.body.find(link) != std::string::npos);
  const Ask form{.method = "POST",
                 .path = "/x",
                 .route = 1,
                 .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                             {"Content-Length", "3"},
                             {"Accept", "text/html"},
                             {"Sec-Fetch-Mode", "navigate"},
                             {"Sec-Fetch-Dest", "document"}}};
  const Verdict verdict = world.ask(form);
  CHECK(verdict.answer.status == 503);
  CHECK(verdict.answer.body.find("<!doctype html>") == 0);
  CHECK(verdict.answer.body.find(link) == std::string::npos);
}

TEST_CASE("what another session of the person has heard counts, unless it is from before this sign-in") {
  PatreonWorld world;
  world.realm.patreon.put("u1", standing("Gold"));
  CHECK(world.ask_gold().kind == Verdict::Kind::pass);
  CHECK(world.auth->patreon_tokens.empty());
  PatreonWorld old;
  old.realm.patreon.put("u1", standing("Gold", old.who.signed_in_at_ms - 1));
  old.hold_token();
  old.say(standing("Silver"));
  CHECK(old.ask_gold().answer.status == 403);
  CHECK(old.auth->patreon_tokens.size() == 1);
}

TEST_CASE("who is refused is asked about again after a minute") {
  PatreonWorld world(standing("Silver"));
  world.hold_token();
  world.say(standing("Gold", kNowMs + 59'000));
  world.clock.advance_ms(59'000);
  CHECK(world.ask_gold().answer.status == 403);
  CHECK(world.auth->patreon_tokens.empty());
  world.clock.advance_ms(1'000);
  CHECK(world.ask_gold().kind == Verdict::Kind::pass);
}

TEST_CASE("the page of who has no account there offers to sign in with it; who lacks the tier, to become a member") {
  PatreonWorld world(no_account());
  const std::string page = world.ask_gold().answer.body;
  CHECK(page.find("with=social%3Apatreon") != std::string::npos);
  CHECK(page.find("Sign in with Patreon") != std::string::npos);
  PatreonWorld silver(standing("Silver"));
  const std::string other = silver.ask_gold().answer.body;
  CHECK(other.find("social%3Apatreon") == std::string::npos);
  CHECK(other.find("<strong>Gold</strong>") != std::string::npos);
  CHECK(other.find("https://www.patreon.com/creator") != std::string::npos);
}

TEST_CASE("an answer that nobody could read keeps one person waiting, and no other") {
  PatreonWorld world;
  world.hold_token();
  world.realm.patreon.note_trouble("u1", world.clock.monotonic_ms());
  CHECK(world.ask_gold().answer.status == 503);
  CHECK(world.auth->patreon_tokens.empty());
  world.clock.advance_ms(PatreonAnswers::kTroubleMs);
  world.say(standing("Gold", kNowMs + PatreonAnswers::kTroubleMs));
  CHECK(world.ask_gold().kind == Verdict::Kind::pass);
}

TEST_CASE("a rule in shadow keeps nobody out while Patreon is away") {
  auto made = patreon_settings();
  made->routes[0].shadow = true;
  World world(made);
  Session who = world.session();
  who.refresh_token = Secret("r1");
  world.sign_in_directly(who);
  world.realm.patreon.pause().extend(world.clock.monotonic_ms() + 1000);
  CHECK(world.ask({.path = "/x", .route = 1}).kind == Verdict::Kind::pass);
}
