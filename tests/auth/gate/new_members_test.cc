#include "auth/gate/new_members.h"

#include <nlohmann/json.hpp>

#include "auth/session/refreshed.h"
#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;
using nlohmann::json;

namespace {

std::shared_ptr<Settings> for_members() {
  auto made = settings();
  RouteSettings& route = made->routes[0];
  route.path = {PathPattern::Kind::prefix, "/o"};
  route.organization.place = RouteOrganizationSettings::Place::from_path;
  route.organization.rule.kind = Requirement::Kind::member;
  return made;
}

void sign_in(World& world) {
  Session session = world.session();
  session.claims =
      json{{"name", "Alice"}, {"organizations", {"acme"}}, {"organization_data", {{"acme", "Acme <Ltd>"}}}};
  session.refresh_token = Secret("r1");
  world.sign_in_directly(session);
}

// What Logto says of a person who belongs to both.
RefreshOutcome joined(const World& world) {
  Refreshed refreshed;
  refreshed.claims = json{{"name", "Alice"}, {"organizations", {"acme", "globex"}}};
  refreshed.refresh_token = Secret("r1");
  refreshed.validated_at_s = world.clock.unix_s();
  refreshed.tokens_expire_at_s = world.clock.unix_s() + 3600;
  refreshed.generation = 2;
  return std::make_shared<const Refreshed>(std::move(refreshed));
}

bool shows(const Verdict& verdict, std::string_view part) {
  return verdict.answer.body.find(part) != std::string::npos;
}

const Ask kGlobex = {.path = "/o/globex/x", .route = 1};

}  // namespace

TEST_CASE("a stranger is asked about once a minute, and passes when Logto knows them") {
  World world(for_members());
  sign_in(world);
  world.auth->refreshed = joined(world);
  CHECK(world.ask({.path = "/o/acme/x", .route = 1}).kind == Verdict::Kind::pass);
  const Verdict refused = world.ask(kGlobex);
  CHECK(refused.answer.status == 403);
  CHECK(shows(refused, "membership of the organization <strong>globex</strong>"));
  CHECK(shows(refused, "href=\"/_auth/organizations?route=1\""));
  CHECK(world.auth->refreshes == 0);  // the sign-in was a moment ago
  world.clock.advance_ms(kMembershipIsOldS * 1000);
  CHECK(world.ask({.path = "/o/acme/x", .route = 1}).kind == Verdict::Kind::pass);
  CHECK(world.auth->refreshes == 0);  // who is let in asks nothing
  world.auth->refreshed = joined(world);
  CHECK(world.ask(kGlobex).kind == Verdict::Kind::pass);
  CHECK(world.auth->refreshes == 1);
}

TEST_CASE("while Logto cannot be asked a stranger stays one") {
  World world(for_members());
  sign_in(world);
  world.clock.advance_ms(kMembershipIsOldS * 1000);
  world.auth->refreshed = RefreshFailure{RefreshFailure::Kind::unavailable, "rule", "message", {}};
  CHECK(world.ask(kGlobex).answer.status == 403);
}

TEST_CASE("without a refresh token nothing is asked, and an address that names none is 404") {
  World world(for_members());
  Session session = world.session();
  session.claims = json{{"organizations", {"acme"}}};
  world.sign_in_directly(session);
  world.clock.advance_ms(kMembershipIsOldS * 1000);
  CHECK(world.ask(kGlobex).answer.status == 403);
  CHECK(world.ask({.path = "/o", .route = 1}).answer.status == 404);
  CHECK(world.auth->refreshes == 0);
}

TEST_CASE("the switcher names what the session knows, and asks once a minute") {
  World world(for_members());
  sign_in(world);
  const Verdict page = world.ask({.path = "/_auth/organizations"});
  CHECK(page.answer.status == 200);
  CHECK(shows(page, "<a href=\"https://app.test/o/acme/\">"));
  CHECK(shows(page, "<strong>Acme &lt;Ltd&gt;</strong><small>acme</small>"));
  world.clock.advance_ms(kMembershipIsOldS * 1000);
  world.auth->refreshed = joined(world);
  CHECK(shows(world.ask({.path = "/_auth/organizations"}), "https://app.test/o/globex/"));
  CHECK(world.auth->refreshes == 1);
}

TEST_CASE("there is no switcher where no route is for an organization") {
  World world;
  world.sign_in_directly(world.session());
  CHECK(world.ask({.path = "/_auth/organizations"}).answer.status == 404);
}

TEST_CASE("one person's lines are made once for each organization, and none is told of another") {
  auto made = for_members();
  made->routes[0].assertion = true;
  World world(made);
  Session session = world.session();
  session.claims = json{{"organizations", {"acme", "globex"}}};
  world.sign_in_directly(session);
  const auto lines = [&](const std::string& path) {
    const Verdict verdict = world.ask({.path = path, .route = 1});
    REQUIRE(verdict.app_headers);
    return verdict.app_headers;
  };
  const auto acme = lines("/o/acme/x");
  const auto globex = lines("/o/globex/x");
  CHECK(acme->lines.find("X-Forwarded-Organization: acme\r\n") != std::string::npos);
  CHECK(globex->lines.find("X-Forwarded-Organization: globex\r\n") != std::string::npos);
  CHECK(lines("/o/acme/y") == acme);
  CHECK(lines("/o/globex/y") == globex);
}
