#include "auth/visit/forward_auth.h"

#include <doctest/doctest.h>

#include <set>

#include "config/identity_presets.h"

using namespace lp;

namespace {

std::string text_of(const Answer& answer) {
  std::string text = std::to_string(answer.status);
  for (const auto& [name, value] : answer.headers) text += "\n" + name + ": " + value;
  return text;
}

Answer of_status(int status) {
  Answer answer;
  answer.status = status;
  return answer;
}

}  // namespace

TEST_CASE("a grant carries the identity, and what Envoy must take out") {
  CHECK(text_of(grant_answer(200, "X-Forwarded-User: alice\r\nX-Forwarded-Groups: a,b\r\n")) ==
        "200\nX-Forwarded-User: alice\nX-Forwarded-Groups: a,b\nCache-Control: no-store");
  CHECK(text_of(grant_answer(200, "x-forwarded-user: alice\r\n", {"X-Forwarded-User", "X-A", "X-B"})) ==
        "200\nx-forwarded-user: alice\nX-Envoy-Auth-Headers-To-Remove: X-A, X-B\nCache-Control: no-store");
}

TEST_CASE("nothing but a grant is 2xx, and each proxy is told in its own words") {
  const struct {
    int made, nginx, others;
  } cases[] = {{200, 403, 403}, {204, 403, 403}, {101, 403, 403}, {303, 401, 302}, {400, 403, 400},
               {401, 401, 401}, {403, 403, 403}, {404, 403, 404}, {421, 403, 421}, {503, 503, 503}};
  for (const auto& c : cases) {
    CAPTURE(c.made);
    CHECK(refusal_answer(ForwardedForm::original_url, of_status(c.made)).status == c.nginx);
    CHECK(refusal_answer(ForwardedForm::forwarded, of_status(c.made)).status == c.others);
    CHECK(refusal_answer(ForwardedForm::path, of_status(c.made)).status == c.others);
  }
  Fields nginx;
  nginx.add("X-Original-URL", "nonsense");
  CHECK(refusal_status(nginx, 400) == 403);
  CHECK(refusal_status(Fields{}, 400) == 400);
}

TEST_CASE("nginx gets one cookie or none") {
  const std::string session = "__Host-logto_session=1; Path=/";
  const std::string piece = "__Host-logto_session_1=2; Path=/";
  const std::string marker = "__Host-logto_loop=; Max-Age=0";
  const struct {
    std::vector<std::string> lines, kept;
    bool whole = true;
  } cases[] = {{{}, {}},
               {{session}, {session}},
               {{session, marker}, {session}},
               {{marker, session}, {session}},
               {{marker}, {marker}},
               {{session, piece}, {}, false},
               {{session, piece, marker}, {}, false}};
  for (const auto& c : cases) {
    std::vector<std::string> lines = c.lines;
    CHECK(keep_one_cookie(lines, "__Host-logto_session") == c.whole);
    CHECK(lines == c.kept);
  }
}

TEST_CASE("identity names are those of the configuration and of the route, each once") {
  Settings settings;
  RouteSettings route;
  route.identity_headers = {{"x-forwarded-user", "email"}, {"X-Tier", "tier"}};
  CHECK(identity_names(settings, route) == std::vector<std::string>{"X-Forwarded-User", "X-Forwarded-Email",
                                                                    "X-Forwarded-Preferred-Username",
                                                                    "X-Forwarded-Groups", "X-Tier"});
}

TEST_CASE("identity names are those of all other routes too, whatever they follow from") {
  Settings settings;
  settings.routes.resize(4);
  settings.routes[0].organization.place = RouteOrganizationSettings::Place::from_path;
  Requirement rule;
  rule.kind = Requirement::Kind::patreon;
  rule.patreon.campaign = "100";
  settings.routes[1].require.children = {rule};
  settings.routes[2].assertion = true;
  std::set<std::string> names;
  for (const std::string& name : identity_names(settings, settings.routes[3])) names.insert(name);
  for (const RouteSettings& route : settings.routes) {
    for (const IdentityHeaderSettings& header : identity_headers_of(settings, route))
      CHECK_MESSAGE(names.contains(header.header), header.header);
  }
  CHECK(names.size() == 4 + 1 + 5 + 1);
}
