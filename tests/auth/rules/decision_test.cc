#include "auth/rules/decision.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/support/requirements.h"

using namespace lp;
using Kind = Decision::Kind;

namespace {

constexpr std::int64_t kNow = 1'700'000'000;
const nlohmann::json kEditor = {{"sub", "alice"}, {"roles", {"editor"}}};

RequestHead head_of(std::string_view method, bool navigates) {
  RequestHead head;
  head.method = method;
  head.fields.add("Sec-Fetch-Mode", navigates ? "navigate" : "cors");
  head.fields.add("Sec-Fetch-Dest", navigates ? "document" : "empty");
  return head;
}

Asker somebody(Asker::Kind kind, std::int64_t authenticated_at_s = kNow) {
  Asker asker;
  asker.kind = kind;
  asker.principal = {"alice", &kEditor, nullptr, authenticated_at_s};
  return asker;
}

Requirement recent() {
  Requirement made;
  made.kind = Requirement::Kind::max_age;
  made.max_age_s = 60;
  return made;
}

struct Case {
  const char* what;
  void (*change)(RouteSettings&);
  Asker asker;
  Kind kind;
  int status;
  std::string_view method = "GET";
  bool navigates = true;
  bool upgrade = false;
};

void nothing(RouteSettings&) {}
void needs_admin(RouteSettings& route) { route.require.children = {roles_requirement({"admin"})}; }
void needs_another(RouteSettings& route) {
  needs_admin(route);
  route.forbidden = Forbidden::sign_in;
}
void needs_recent(RouteSettings& route) { route.require.children = {recent()}; }
void tokens_only(RouteSettings& route) { route.accept = {.session = false, .bearer = true}; }
void closed(RouteSettings& route) { route.access = Access::deny; }
void shadowed(RouteSettings& route) {
  needs_admin(route);
  route.shadow = true;
}
void never_redirects(RouteSettings& route) { route.unauthenticated = Unauthenticated::status_401; }

}  // namespace

TEST_CASE("what becomes of a request is decided by route, request and who asks") {
  const Asker nobody;
  const Asker session = somebody(Asker::Kind::session);
  const Asker token = somebody(Asker::Kind::token);
  const Asker old_session = somebody(Asker::Kind::session, kNow - 3600);
  const Asker old_token = somebody(Asker::Kind::token, kNow - 3600);
  const Case cases[] = {
      {"signed in", nothing, session, Kind::pass, 0},
      {"with a token", nothing, token, Kind::pass, 0},
      {"nobody, by a link", nothing, nobody, Kind::sign_in, 303},
      {"nobody, by a script", nothing, nobody, Kind::unauthenticated, 401, "GET", false},
      {"nobody, by a form", nothing, nobody, Kind::unauthenticated, 401, "POST"},
      {"nobody, by a WebSocket", nothing, nobody, Kind::unauthenticated, 401, "GET", true, true},
      {"nobody where nobody is sent away", never_redirects, nobody, Kind::unauthenticated, 401},
      {"nobody where tokens are wanted", tokens_only, nobody, Kind::token_missing, 401},
      {"without the role", needs_admin, session, Kind::forbidden, 403},
      {"a token without the role", needs_admin, token, Kind::forbidden, 403},
      {"without the role, another account may do", needs_another, session, Kind::choose_account, 303},
      {"a script is sent nowhere for that", needs_another, session, Kind::forbidden, 403, "GET", false},
      {"nor is a form", needs_another, session, Kind::forbidden, 403, "POST"},
      {"nor is a token's program, though it looks like a browser", needs_another, token, Kind::forbidden, 403},
      {"a sign-in of long ago", needs_recent, old_session, Kind::step_up, 303},
      {"the same by a script", needs_recent, old_session, Kind::step_up_needed, 401, "GET", false},
      {"the same with a token", needs_recent, old_token, Kind::step_up_needed, 401},
      {"closed", closed, session, Kind::denied, 403},
      {"closed for nobody too", closed, nobody, Kind::denied, 403},
      {"in shadow everybody passes", shadowed, nobody, Kind::pass, 0},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    RouteSettings route;
    c.change(route);
    const RequestHead head = head_of(c.method, c.navigates);
    const Decision decision = decide(route, {.head = head, .wants_upgrade = c.upgrade}, c.asker, {}, kNow);
    CHECK(decision.kind == c.kind);
    CHECK(decision.status() == c.status);
  }
}

TEST_CASE("a page of another site opens no WebSocket in the name of whoever looks at it") {
  RouteSettings route;
  const RequestHead head = head_of("GET", false);
  const AskedOnRoute asked{.head = head, .wants_upgrade = true, .upgrade_origin = UpgradeOrigin::foreign};
  CHECK(decide(route, asked, somebody(Asker::Kind::session), {}, kNow).kind == Kind::foreign_origin);
  CHECK(decide(route, asked, {}, {}, kNow).kind == Kind::unauthenticated);
  shadowed(route);
  const Decision in_shadow = decide(route, asked, somebody(Asker::Kind::session), {}, kNow);
  CHECK(in_shadow.kind == Kind::foreign_origin);
  CHECK(in_shadow.shadow == "forbidden");  // the access log still says what the rule would have done
}

TEST_CASE("a program opens a WebSocket where no cookie decides, or where the route says so") {
  const RequestHead head = head_of("GET", false);
  const AskedOnRoute asked{.head = head, .wants_upgrade = true, .upgrade_origin = UpgradeOrigin::program};
  const Asker session = somebody(Asker::Kind::session);
  RouteSettings route;
  CHECK(decide(route, asked, session, {}, kNow).kind == Kind::foreign_origin);
  CHECK(decide(route, asked, {}, {}, kNow).kind == Kind::unauthenticated);
  route.accept.bearer = true;
  CHECK(decide(route, asked, somebody(Asker::Kind::token), {}, kNow).kind == Kind::pass);
  route.allows_no_origin = true;
  CHECK(decide(route, asked, session, {}, kNow).kind == Kind::pass);
  RouteSettings open;
  open.access = Access::public_;
  CHECK(decide(open, asked, {}, {}, kNow).kind == Kind::pass);
  open.access = Access::optional;
  CHECK(decide(open, asked, {}, {}, kNow).kind == Kind::pass);
  CHECK(decide(open, asked, session, {}, kNow).kind == Kind::foreign_origin);
  const AskedOnRoute page{.head = head, .wants_upgrade = true, .upgrade_origin = UpgradeOrigin::foreign};
  open.allows_no_origin = true;
  CHECK(decide(open, page, {}, {}, kNow).kind == Kind::foreign_origin);
}

TEST_CASE("a route in shadow says what would have been") {
  RouteSettings route;
  shadowed(route);
  const RequestHead head = head_of("GET", true);
  CHECK(decide(route, {head}, {}, {}, kNow).shadow == "sign_in");
  CHECK(decide(route, {head}, somebody(Asker::Kind::session), {}, kNow).shadow == "forbidden");
  route.require.children = {roles_requirement({"editor"})};
  CHECK(decide(route, {head}, somebody(Asker::Kind::session), {}, kNow).shadow.empty());
}

TEST_CASE("a fragment is carried along by a page, where there is a browser that shows one") {
  RouteSettings route;
  const RequestHead link = head_of("GET", true);
  const RequestHead head_request = head_of("HEAD", true);
  SignInSettings defaults;
  CHECK(decide(route, {link}, {}, defaults, kNow).status() == 303);
  defaults.keep_fragment = true;
  CHECK(decide(route, {link}, {}, defaults, kNow).status() == 200);
  CHECK(decide(route, {link}, {}, defaults, kNow).carries_fragment);
  CHECK_FALSE(decide(route, {head_request}, {}, defaults, kNow).carries_fragment);
  CHECK_FALSE(decide(route, {.head = link, .by_other_proxy = true}, {}, defaults, kNow).carries_fragment);
  route.sign_in.keep_fragment = false;
  CHECK_FALSE(decide(route, {link}, {}, defaults, kNow).carries_fragment);
}

TEST_CASE("who counts on a route") {
  RouteSettings route;
  CHECK(counts_on_route(route, Asker::Kind::session));
  CHECK_FALSE(counts_on_route(route, Asker::Kind::token));
  CHECK_FALSE(counts_on_route(route, Asker::Kind::nobody));
  tokens_only(route);
  CHECK(counts_on_route(route, Asker::Kind::token));
  CHECK_FALSE(counts_on_route(route, Asker::Kind::session));
  route.access = Access::public_;
  CHECK_FALSE(counts_on_route(route, Asker::Kind::token));
  needs_admin(route);
  CHECK(counts_on_route(route, Asker::Kind::token));
}

TEST_CASE("where the app gets a token of the organization in the address, there must be one in it") {
  RouteSettings route;
  route.path = {PathPattern::Kind::prefix, "/o"};
  route.token.organization = RouteTokenSettings::Organization::from_path;
  const RequestHead head = head_of("GET", true);
  const auto kind = [&](std::string_view path, const Asker& asker) {
    return decide(route, {.head = head, .host = "app.test", .path = path}, asker, {}, kNow).kind;
  };
  const Asker session = somebody(Asker::Kind::session);
  CHECK(kind("/o/acme/x", session) == Kind::pass);
  CHECK(kind("/o", session) == Kind::no_organization);
  CHECK(kind("/o/a.b", session) == Kind::no_organization);
  CHECK(kind("/o", {}) == Kind::sign_in);
  needs_admin(route);
  CHECK(kind("/o", session) == Kind::forbidden);  // who may not come here learns nothing of the address
  route.shadow = true;
  CHECK(kind("/o", session) == Kind::no_organization);
  route.shadow = false;
  route.require.children = {list_requirement(Requirement::Kind::scopes, {"read"})};
  CHECK(kind("/o", session) == Kind::no_organization);  // there will be no token whose scopes could be judged
}

namespace {

const nlohmann::json kMember = {
    {"sub", "alice"}, {"organizations", {"acme", "globex"}}, {"organization_roles", {"acme:owner", "globex:guest"}}};

RouteSettings for_members() {
  RouteSettings route;
  route.path = {PathPattern::Kind::prefix, "/o"};
  route.organization.place = RouteOrganizationSettings::Place::from_path;
  route.organization.rule.kind = Requirement::Kind::member;
  return route;
}

Asker member(const nlohmann::json& claims = kMember, Asker::Kind kind = Asker::Kind::session) {
  Asker asker;
  asker.kind = kind;
  asker.principal = {"alice", &claims, nullptr, kNow};
  return asker;
}

}  // namespace

TEST_CASE("a route for an organization is for its members, and for nobody where the address names none") {
  const RequestHead head = head_of("GET", true);
  const nlohmann::json null_claim = {{"organizations", nullptr}};
  const nlohmann::json text_claim = {{"organizations", "acme"}};
  const nlohmann::json no_claim = {{"roles", {"acme"}}};
  struct Row {
    const char* says;
    std::string_view path;
    Asker asker;
    Kind kind;
  };
  const Row rows[] = {
      {"a member passes", "/o/acme/x", member(), Kind::pass},
      {"of the other one too", "/o/globex", member(), Kind::pass},
      {"a token for it passes", "/o/acme/x", member(kMember, Asker::Kind::token), Kind::pass},
      {"a stranger does not", "/o/initech/x", member(), Kind::forbidden},
      {"ids are compared byte by byte", "/o/ACME/x", member(), Kind::forbidden},
      {"a part of an id is none", "/o/acm", member(), Kind::forbidden},
      {"null is no membership", "/o/acme/x", member(null_claim), Kind::forbidden},
      {"a text is no membership", "/o/acme/x", member(text_claim), Kind::forbidden},
      {"no claim is no membership", "/o/acme/x", member(no_claim), Kind::forbidden},
      {"nobody signs in", "/o/acme/x", {}, Kind::sign_in},
      {"nobody signs in before the address is looked at", "/o", {}, Kind::sign_in},
      {"no segment is no organization", "/o", member(), Kind::no_organization},
      {"an empty one is none", "/o/", member(), Kind::no_organization},
      {"what no id can be is none", "/o/a.b/x", member(), Kind::no_organization},
      {"another spelling of the route names none", "/O/acme", member(), Kind::no_organization},
  };
  for (const Row& row : rows) {
    CAPTURE(row.says);
    const RouteSettings route = for_members();
    CHECK(decide(route, {.head = head, .host = "app.test", .path = row.path}, row.asker, {}, kNow).kind == row.kind);
  }
}

TEST_CASE("a role without its organization is one in that of the address") {
  const RequestHead head = head_of("GET", true);
  RouteSettings route = for_members();
  const auto kind = [&](std::string_view path) {
    return decide(route, {.head = head, .host = "app.test", .path = path}, member(), {}, kNow).kind;
  };
  route.require.children = {list_requirement(Requirement::Kind::organization_roles, {"owner"})};
  CHECK(kind("/o/acme") == Kind::pass);
  CHECK(kind("/o/globex") == Kind::forbidden);
  route.require.children = {list_requirement(Requirement::Kind::organization_roles, {"acme:owner"})};
  CHECK(kind("/o/globex") == Kind::pass);
  route.require.children.clear();
  route.deny.kind = Requirement::Kind::any;
  route.deny.children = {list_requirement(Requirement::Kind::organization_roles, {"guest"})};
  CHECK(kind("/o/acme") == Kind::pass);
  CHECK(kind("/o/globex") == Kind::forbidden);
}

TEST_CASE("in shadow a stranger passes, it is told, and the app is told of no organization") {
  const RequestHead head = head_of("GET", true);
  RouteSettings route = for_members();
  route.shadow = true;
  const Decision decision = decide(route, {.head = head, .host = "h", .path = "/o/initech"}, member(), {}, kNow);
  CHECK(decision.kind == Kind::pass);
  CHECK(decision.shadow == "forbidden");
  const Asker who = member();
  CHECK(organization_told(route, "h", "/o/initech", who.who()).empty());
  CHECK(organization_told(route, "h", "/o/acme", who.who()) == "acme");
  CHECK(organization_told(route, "h", "/o/acme", nullptr).empty());
}

TEST_CASE("whoever must sign in anew and is no member is refused, not sent to sign in") {
  const RequestHead head = head_of("GET", true);
  RouteSettings route = for_members();
  route.require.children = {recent()};
  Asker asker = member();
  asker.principal.authenticated_at_s = kNow - 1000;
  CHECK(decide(route, {.head = head, .host = "h", .path = "/o/acme"}, asker, {}, kNow).kind == Kind::step_up);
  CHECK(decide(route, {.head = head, .host = "h", .path = "/o/initech"}, asker, {}, kNow).kind == Kind::forbidden);
}
