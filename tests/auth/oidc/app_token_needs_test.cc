#include "auth/oidc/app_token_needs.h"

#include <doctest/doctest.h>

#include "tests/support/requirements.h"

using namespace lp;

namespace {

using Organization = RouteTokenSettings::Organization;

RouteSettings route_with(RouteTokenSettings token, PathPattern path = {PathPattern::Kind::prefix, "/o"}) {
  RouteSettings route;
  route.token = std::move(token);
  route.path = std::move(path);
  return route;
}

RouteTokenSettings token(std::string resource, std::vector<std::string> scopes = {},
                         Organization organization = Organization::none, std::string id = {}) {
  return {std::move(resource), std::move(scopes), organization, std::move(id)};
}

}  // namespace

TEST_CASE("a sign-in asks for every resource and scope of the routes, each once") {
  struct Case {
    const char* what;
    std::vector<RouteTokenSettings> tokens;
    std::vector<std::string> resources, scopes;
  };
  const std::string organizations = "urn:logto:scope:organizations";
  const Case cases[] = {
      {"no tokens", {{}, {}}, {}, {}},
      {"two routes for one resource",
       {token("https://a.test", {"r"}), token("https://a.test", {"w", "r"})},
       {"https://a.test"},
       {"r", "w"}},
      {"an organization", {token("", {}, Organization::from_host)}, {}, {organizations}},
      {"an organization with scopes of its own",
       {token("", {"invite"}, Organization::fixed, "acme")},
       {"urn:logto:resource:organizations"},
       {organizations, "invite"}},
      {"a resource as a member",
       {token("https://a.test", {"r"}, Organization::from_path)},
       {"https://a.test"},
       {organizations, "r"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    Settings settings;
    for (const RouteTokenSettings& one : c.tokens) settings.routes.push_back(route_with(one));
    const AppTokenNeeds needs = app_token_needs(settings);
    CHECK(needs.resources == c.resources);
    CHECK(needs.scopes == c.scopes);
  }
}

TEST_CASE("the organization is the one that the route, the host or the path names, or none") {
  struct Case {
    const char* what;
    Organization from;
    const char* host;
    const char* path;
    const char* expected;  // null: no audience
  };
  const Case cases[] = {
      {"fixed", Organization::fixed, "app.test", "/x", "acme"},
      {"the first label", Organization::from_host, "globex.app.test", "/o/acme", "globex"},
      {"a host of one label", Organization::from_host, "localhost", "/", "localhost"},
      {"the segment after the prefix", Organization::from_path, "app.test", "/o/globex/a/b", "globex"},
      {"the segment alone", Organization::from_path, "app.test", "/o/globex", "globex"},
      {"with capitals, which ids may have", Organization::from_path, "app.test", "/o/GloBex", "GloBex"},
      {"no segment", Organization::from_path, "app.test", "/o", nullptr},
      {"an empty segment", Organization::from_path, "app.test", "/o/", nullptr},
      {"an empty segment before another", Organization::from_path, "app.test", "/o//x", nullptr},
      {"another path", Organization::from_path, "app.test", "/other/globex", nullptr},
      {"a path that only begins alike", Organization::from_path, "app.test", "/oglobex/x", nullptr},
      {"what is no id", Organization::from_path, "app.test", "/o/a%20b/x", nullptr},
      {"what would be another parameter", Organization::from_path, "app.test", "/o/a&resource=b", nullptr},
      {"dots", Organization::from_path, "app.test", "/o/a.b", nullptr},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const auto audience = audience_of(route_with(token("", {}, c.from, "acme")), c.host, c.path);
    CHECK(audience.has_value() == (c.expected != nullptr));
    if (audience && c.expected != nullptr) CHECK(audience->organization == c.expected);
  }
  const std::string long_path = "/o/" + std::string(129, 'x');
  CHECK_FALSE(audience_of(route_with(token("", {}, Organization::from_path)), "app.test", long_path));
  const RouteSettings root = route_with(token("", {}, Organization::from_path), {PathPattern::Kind::prefix, ""});
  CHECK(audience_of(root, "app.test", "/acme/x") == TokenAudience{"", "acme"});
  CHECK(audience_of(route_with(token("https://a.test")), "h", "/x") == TokenAudience{"https://a.test", ""});
}

TEST_CASE("the ID token is wanted where a route or a header says so, and nowhere that nobody is signed in") {
  Settings settings;
  RouteSettings route;
  CHECK_FALSE(wants_id_token(route, settings));
  RouteSettings authorization = route;
  authorization.authorization.kind = UpstreamAuthorizationSettings::Kind::id_token;
  CHECK(wants_id_token(authorization, settings));
  authorization.access = Access::public_;
  CHECK_FALSE(wants_id_token(authorization, settings));
  IdentityHeaderSettings header;
  header.header = "X-Id-Token";
  header.source = IdentityHeaderSettings::Source::id_token;
  Settings everywhere = settings;
  everywhere.identity_headers.push_back(header);
  CHECK(wants_id_token(route, everywhere));
  RouteSettings own = route;
  own.identity_headers.push_back({"X-User", "sub", HeaderEncoding::percent});
  CHECK_FALSE(wants_id_token(own, everywhere));
  own.identity_headers.push_back(header);
  CHECK(wants_id_token(own, settings));
  CHECK_FALSE(wants_id_tokens(settings));
  settings.routes.push_back(own);
  CHECK(wants_id_tokens(settings));
}

TEST_CASE("scopes are judged where any rule of the route speaks of them") {
  RouteSettings route;
  CHECK_FALSE(judges_scopes(route));
  Requirement scopes;
  scopes.kind = Requirement::Kind::scopes;
  scopes.any_of = {"read"};
  Requirement nested;
  nested.kind = Requirement::Kind::any;
  nested.children = {roles_requirement({"admin"}), scopes};
  route.require.children = {nested};
  CHECK(judges_scopes(route));
  route.require = {};
  route.deny.children = {scopes};
  CHECK(judges_scopes(route));
}

TEST_CASE("an audience is asked for with the scopes of its route and of that route's rules, never of another route's") {
  const auto rule = [](const char* scope) { return list_requirement(Requirement::Kind::scopes, {scope}); };
  Settings settings;
  settings.routes.push_back(route_with(token("https://a.test", {"r"})));
  settings.routes.push_back(route_with(token("https://a.test", {"w"})));
  settings.routes.back().deny = rule("banned");
  settings.routes.push_back(route_with(token("https://a.test")));
  settings.routes.back().require = rule("read");
  settings.routes.push_back(route_with(token("https://a.test")));
  settings.routes.back().require = rule("delete");
  settings.routes.push_back(route_with(token("https://b.test")));
  settings.routes.push_back(route_with(token("https://a.test", {}, Organization::fixed, "acme")));
  using Scopes = std::vector<std::string>;
  const auto asked = [&](std::size_t index) {
    return scopes_to_ask(settings, *audience_of(settings.routes[index], "app.test", "/o/x"));
  };
  CHECK(asked(0) == Scopes{"r"});
  CHECK(asked(1) == Scopes{"w", "banned"});
  CHECK(asked(2) == Scopes{"read", "delete"});
  CHECK(asked(3) == Scopes{"read", "delete"});
  CHECK(asked(4).empty());
  CHECK(asked(5).empty());
  CHECK_FALSE(*audience_of(settings.routes[0], "h", "/o") == *audience_of(settings.routes[1], "h", "/o"));
  CHECK(*audience_of(settings.routes[2], "h", "/o") == *audience_of(settings.routes[3], "h", "/o"));
}
