#include "config/forward_auth.h"

#include <doctest/doctest.h>

#include "config/route_access.h"

using namespace lp;

namespace {

Requirement role(const char* name) {
  Requirement one;
  one.kind = Requirement::Kind::roles;
  one.any_of = {name};
  return one;
}

RouteSettings route_with(Access access, std::vector<Requirement> require = {}, std::vector<Requirement> deny = {}) {
  RouteSettings route;
  route.access = access;
  route.require.children = std::move(require);
  route.deny.kind = Requirement::Kind::any;
  route.deny.children = std::move(deny);
  return route;
}

}  // namespace

TEST_CASE("which route may refuse somebody whom another lets pass") {
  const RouteSettings anybody = route_with(Access::public_);
  const RouteSettings somebody = route_with(Access::signed_in);
  const RouteSettings admin = route_with(Access::signed_in, {role("admin")});
  const RouteSettings admin_and_staff = route_with(Access::signed_in, {role("staff"), role("admin")});
  const RouteSettings not_banned = route_with(Access::signed_in, {}, {role("banned")});
  const RouteSettings nobody = route_with(Access::deny);
  RouteSettings shadow = admin;
  shadow.shadow = true;
  const struct {
    const char* what;
    const RouteSettings &route, &than;
    bool is_stricter;
  } cases[] = {
      {"somebody, than anybody", somebody, anybody, true},
      {"anybody, than somebody", anybody, somebody, false},
      {"the same", admin, admin, false},
      {"a role, than none", admin, somebody, true},
      {"no role, than one", somebody, admin, false},
      {"two roles, than one of them", admin_and_staff, admin, true},
      {"one of two roles, than both", admin, admin_and_staff, false},
      {"a deny rule, than none", not_banned, somebody, true},
      {"no deny rule, than one", somebody, not_banned, false},
      {"nobody, than an admin", nobody, admin, true},
      {"an admin, than nobody", admin, nobody, false},
      {"a role in shadow, than anybody", shadow, anybody, false},
      {"a role, than one in shadow", admin, shadow, true},
      {"somebody, than optional", somebody, route_with(Access::optional), true},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    CHECK(may_be_stricter(c.route, c.than) == c.is_stricter);
  }
}

TEST_CASE("what an answer would hold beside the client's own") {
  using Source = IdentityHeaderSettings::Source;
  Settings settings;
  RouteSettings route;
  CHECK(secrets_in_answers(settings, route).empty());
  for (const Source source :
       {Source::constant, Source::secret, Source::id_token, Source::access_token, Source::assertion}) {
    route.identity_headers = {{"X-Own", "sub"}, {"X-Secret", ""}};
    route.identity_headers[1].source = source;
    CHECK(secrets_in_answers(settings, route) == std::vector<std::string>{"identity_headers.X-Secret"});
  }
  route.identity_headers = {{"X-Host", ""}};
  route.identity_headers[0].source = Source::host;
  CHECK(secrets_in_answers(settings, route).empty());
  route.identity_headers.clear();
  route.identity_preset = IdentityPreset::pomerium;
  CHECK(secrets_in_answers(settings, route) == std::vector<std::string>{"identity_headers.X-Pomerium-Jwt-Assertion"});
  route.identity_preset.reset();
  route.assertion = true;
  CHECK(secrets_in_answers(settings, route).size() == 1);
  route.assertion = false;
  route.token.resource = "https://api.test";
  route.authorization.kind = UpstreamAuthorizationSettings::Kind::basic;
  CHECK(secrets_in_answers(settings, route) == std::vector<std::string>{"authorization", "token"});
}

TEST_CASE("which rules nobody asks at /oauth2/auth, whoever has the app") {
  Settings settings;
  settings.forward_auth.oauth2_proxy = "/oauth2";
  const RouteSettings admin = route_with(Access::signed_in, {role("admin")});
  const RouteSettings strict = route_with(Access::signed_in, {role("admin"), role("staff")});
  const RouteSettings plain = route_with(Access::signed_in);
  const RouteSettings nobody = route_with(Access::deny);
  RouteSettings tokens = plain;
  tokens.accept = {false, true};
  RouteSettings both = plain;
  both.accept = {true, true};
  RouteSettings shown = tokens;
  shown.headers = {{"authorization", {}}};
  RouteSettings shadow = admin;
  shadow.shadow = true;
  const struct {
    const char* what;
    const RouteSettings& route;
    const RouteSettings* named;
    bool is_unasked;
  } cases[] = {
      {"a role", admin, nullptr, true},
      {"a role, where nobody need have it", admin, &plain, true},
      {"a role, where more is asked for", admin, &strict, false},
      {"a role, where nobody passes", admin, &nobody, false},
      {"no rule", plain, nullptr, false},
      {"no rule, where tokens pass too", plain, &both, false},
      {"a rule for the log alone", shadow, nullptr, false},
      {"anybody", route_with(Access::public_), nullptr, false},
      {"nobody", nobody, nullptr, true},
      {"nobody, where a role is asked for", nobody, &admin, true},
      {"nobody, on both", nobody, &nobody, false},
      {"tokens alone", tokens, nullptr, true},
      {"tokens alone, where sessions pass", tokens, &plain, true},
      {"tokens alone, on both", tokens, &tokens, false},
      {"tokens alone, for requests that show one", shown, nullptr, false},
      {"tokens alone, for requests that show one, where both pass", shown, &both, false},
  };
  for (const auto& c : cases) {
    for (const char* upstream : {"", "app"}) {
      CAPTURE(c.what);
      CAPTURE(upstream);
      settings.routes = {c.route};
      settings.routes[0].path = {PathPattern::Kind::prefix, "/x"};
      settings.routes[0].upstream = upstream;
      CHECK(rules_not_asked_by(c.named, settings).size() == (c.is_unasked ? 1 : 0));
    }
  }
}

TEST_CASE("who brings a token is asked by the route that takes requests with one, before that for sessions alone") {
  Settings settings;
  settings.forward_auth.oauth2_proxy = "/oauth2";
  RouteSettings named, tokens, sessions;
  named.path = {PathPattern::Kind::exact, "/oauth2/auth"};
  named.accept = {true, true};
  tokens.path = sessions.path = {PathPattern::Kind::prefix, ""};
  tokens.accept = {false, true};
  tokens.headers = {{"Authorization", {*TextPattern::parse("~ (?i:Bearer) ey.*")}}};
  for (RouteSettings* one : {&named, &tokens, &sessions}) one->require.children = {role("staff")};
  const auto unasked = [&] {
    settings.routes = {named, tokens, sessions};
    for (std::size_t i = 0; i < settings.routes.size(); ++i) settings.routes[i].index = static_cast<int>(i) + 1;
    return rules_not_asked_by(&settings.routes.front(), settings).size();
  };
  CHECK(unasked() == 0);
  sessions.require.children.push_back(role("admin"));
  CHECK_MESSAGE(unasked() == 1, "a rule for sessions beside it");
  sessions.require.children.pop_back();
  tokens.require.children.push_back(role("admin"));
  CHECK_MESSAGE(unasked() == 2, "whoever has a token and is no admin has no way in");
  tokens.require.children.pop_back();
  tokens.path = {PathPattern::Kind::prefix, "/api"};
  CHECK_MESSAGE(unasked() == 1, "elsewhere tokens open nothing");
  tokens.path = sessions.path;
  settings.bearer.introspection = true;
  CHECK_MESSAGE(unasked() == 1, "an opaque token is not shown to be such a request");
}
