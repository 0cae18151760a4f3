#include "auth/identity/app_headers.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "auth/identity/identity_headers.h"
#include "base/encoding.h"
#include "config/identity_presets.h"

using namespace lp;
using nlohmann::json;

namespace {

using Source = IdentityHeaderSettings::Source;

const json kAlice = {{"email", "alice@example.test"},
                     {"name", "花子 山田"},
                     {"username", "alice"},
                     {"picture", "https://cdn.test/a.png"},
                     {"roles", {"editor", "a|b,c"}},
                     {"custom_data", {{"department", {{"id", 7}}}, {"empty", nullptr}}},
                     {"https://example.test/tier", "gold"},
                     {"identities", {"github"}},
                     {"big", std::string(kMaxAppHeaderBytes + 1, 'x')},
                     {"deep", {{"a", {{"b", {1, 2}}}}}}};
const Origin kExternal{"https", "app.test", 8443};

IdentityHeaderSettings claim(const std::string& header, const std::string& path) { return {header, path}; }

IdentityHeaderSettings constant(const std::string& header, const std::string& text) {
  IdentityHeaderSettings made;
  made.header = header;
  made.source = Source::constant;
  made.constant = text;
  return made;
}

struct Told {
  std::string lines;
  bool replaces_authorization = false;
  std::vector<LeftOut> left_out;
};

Told told(const HeaderSet& set, const json* claims, const std::string& assertion = {}) {
  AppHeaderFacts facts;
  facts.external = &kExternal;
  facts.assertion = assertion;
  const json nothing = json::object();
  const AppUser person{claims != nullptr ? *claims : nothing, "u1"};
  if (claims != nullptr) facts.person = &person;
  Told result;
  AppHeaders headers = make_app_headers(set, facts, result.left_out);
  result.lines = std::move(headers.lines);
  result.replaces_authorization = headers.replaces_authorization;
  return result;
}

HeaderSet set_of(std::vector<IdentityHeaderSettings> headers) {
  HeaderSet set;
  set.headers = std::move(headers);
  return set;
}

}  // namespace

TEST_CASE("any claim by its path goes into any header, and what a person lacks sends none") {
  struct Case {
    const char* what;
    const char* path;
    const char* lines;
  };
  const Case cases[] = {
      {"the subject is the session's", "sub", "X: u1\r\n"},
      {"a text", "email", "X: alice@example.test\r\n"},
      {"inside of objects", "custom_data.department.id", "X: 7\r\n"},
      {"a name that is a URL", "https://example.test/tier", "X: gold\r\n"},
      {"a list inside of objects", "deep.a.b", "X: 1,2\r\n"},
      {"missing", "nowhere", ""},
      {"missing below a text", "email.domain", ""},
      {"null", "custom_data.empty", ""},
      {"an object", "custom_data", ""},
      {"larger than any header should be", "big", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK(told(set_of({claim("X", c.path)}), &kAlice).lines == c.lines);
  }
}

TEST_CASE("what cannot be sent is named, what a person lacks is not") {
  CHECK(told(set_of({claim("X-Big", "big")}), &kAlice).left_out.at(0).header == "X-Big");
  CHECK(told(set_of({claim("X-Object", "custom_data")}), &kAlice).left_out.at(0).header == "X-Object");
  CHECK(told(set_of({claim("X", "nowhere"), claim("Y", "custom_data.empty")}), &kAlice).left_out.empty());
  const json odd = {{"e", ""}, {"l", json::array()}};
  CHECK(told(set_of({claim("X", "e"), claim("Y", "l")}), &odd).left_out.empty());
}

TEST_CASE("claims of the wrong type harm nothing") {
  for (const json& odd : {json{{"roles", json::array({json::array({"x"})})}}, json{{"roles", {{"a", 1}}}},
                          json{{"roles", {"a", nullptr}}}, json{{"roles", {"a", {{"b", 1}}}}}}) {
    CAPTURE(odd.dump());
    CHECK(told(set_of({claim("X-Roles", "roles")}), &odd).lines.empty());
  }
  const json hostile = {{"roles", "a\r\nX-Admin: 1"}};
  CHECK(told(set_of({claim("X-Roles", "roles")}), &hostile).lines == "X-Roles: a%0D%0AX-Admin:%201\r\n");
}

TEST_CASE("what the operator wrote out is sent for nobody in particular, identity is not") {
  IdentityHeaderSettings secret = constant("X-Key", "");
  secret.source = Source::secret;
  secret.secret = Secret("k3y");
  const HeaderSet set = set_of({constant("X-Env", "prod"), secret, claim("X-User", "sub")});
  CHECK(told(set, nullptr).lines == "X-Env: prod\r\nX-Key: k3y\r\n");
  CHECK(told(set, &kAlice).lines == "X-Env: prod\r\nX-Key: k3y\r\nX-User: u1\r\n");
}

TEST_CASE("presets send exactly what the original sends") {
  struct Case {
    IdentityPreset preset;
    const char* lines;
  };
  const Case cases[] = {
      {IdentityPreset::none, ""},
      {IdentityPreset::oauth2_proxy,
       "X-Forwarded-User: u1\r\nX-Forwarded-Email: alice@example.test\r\n"
       "X-Forwarded-Preferred-Username: alice\r\nX-Forwarded-Groups: editor,a|b%2Cc\r\n"},
      {IdentityPreset::authelia,
       "Remote-User: alice\r\nRemote-Name: 花子 山田\r\nRemote-Email: alice@example.test\r\n"
       "Remote-Groups: editor,a|b%2Cc\r\n"},
      {IdentityPreset::authentik,
       "X-authentik-username: alice\r\nX-authentik-email: alice@example.test\r\nX-authentik-name: 花子 山田\r\n"
       "X-authentik-uid: u1\r\nX-authentik-groups: editor|a%7Cb,c\r\n"},
      {IdentityPreset::pomerium,
       "X-Pomerium-Claim-Sub: u1\r\nX-Pomerium-Claim-User: u1\r\nX-Pomerium-Claim-Email: alice@example.test\r\n"
       "X-Pomerium-Claim-Name: 花子 山田\r\nX-Pomerium-Claim-Groups: editor,a|b%2Cc\r\n"
       "X-Pomerium-Jwt-Assertion: a.b.c\r\n"},
      {IdentityPreset::mod_auth_openidc,
       "OIDC_CLAIM_sub: u1\r\nOIDC_CLAIM_username: alice\r\nOIDC_CLAIM_name: 花子 山田\r\n"
       "OIDC_CLAIM_email: alice@example.test\r\nOIDC_CLAIM_picture: https://cdn.test/a.png\r\n"
       "OIDC_CLAIM_roles: editor,a|b%2Cc\r\nX-Remote-User: u1\r\n"},
      {IdentityPreset::logto_protected_app, "Logto-Host: app.test:8443\r\n"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.lines);
    CHECK(told(set_of(preset_headers(c.preset)), &kAlice, "a.b.c").lines == c.lines);
  }
  CHECK(told(set_of(preset_headers(IdentityPreset::authelia)), nullptr).lines.empty());
}

TEST_CASE("Basic has a name without ':' or none at all, and the client's own never passes beside it") {
  const auto basic = [](const char* username, const char* username_claim) {
    HeaderSet set;
    set.authorization.kind = UpstreamAuthorizationSettings::Kind::basic;
    set.authorization.username = username;
    set.authorization.username_claim = username_claim;
    set.authorization.password = Secret("p:w");
    return set;
  };
  const auto line = [](const std::string& pair) { return "Authorization: Basic " + base64_encode(pair) + "\r\n"; };
  CHECK(told(basic("svc", ""), &kAlice).lines == line("svc:p:w"));
  CHECK(told(basic("svc", ""), nullptr).lines == line("svc:p:w"));
  CHECK(told(basic("", "email"), &kAlice).lines == line("alice@example.test:p:w"));
  CHECK(told(basic("", "name"), &kAlice).lines == line("花子 山田:p:w"));
  CHECK(told(basic("", "sub"), &kAlice).lines == line("u1:p:w"));
  for (const json& name : {json("a:b"), json("a\nb"), json("a\x7f"), json(std::string("a\0", 2)), json(""),
                           json("\xff"), json(7), json::array({"a"}), json(nullptr)}) {
    const json claims = {{"who", name}};
    const Told result = told(basic("", "who"), &claims);
    CHECK(result.lines.empty());
    CHECK(result.replaces_authorization);
    CHECK(result.left_out.size() == (name.is_null() ? 0 : 1));
  }
  CHECK(told(basic("", "who"), nullptr).replaces_authorization);
  CHECK_FALSE(told(set_of({claim("X", "sub")}), &kAlice).replaces_authorization);
}

TEST_CASE("an assertion tells what the headers tell, and nothing that a JWT means something by") {
  const json claims = {{"email", "a@b.test"}, {"roles", {"x"}},
                       {"sid", "s"},          {"exp", 1},
                       {"name", nullptr},     {"big", std::string(kMaxAppHeaderBytes, 'x')}};
  const AppUser person{claims, "u1"};
  const HeaderSet set = set_of({claim("A", "sub"), claim("B", "email"), claim("C", "roles"), claim("D", "sid"),
                                claim("E", "exp"), claim("F", "name"), claim("G", "big"), constant("H", "h")});
  CHECK(assertion_claims(set, person) == json{{"email", "a@b.test"}, {"roles", {"x"}}});
  CHECK(assertion_claims(set_of(preset_headers(IdentityPreset::pomerium)), person) ==
        json{{"email", "a@b.test"}, {"roles", {"x"}}, {"groups", {"x"}}, {"user", "u1"}});
}

namespace {

RouteSettings route(int index) {
  RouteSettings made;
  made.index = index;
  made.upstream = "wiki";
  return made;
}

std::vector<std::string> names(const std::vector<IdentityHeaderSettings>& headers) {
  std::vector<std::string> found;
  for (const auto& header : headers) found.push_back(header.header);
  return found;
}

}  // namespace

TEST_CASE("a route takes what stands at the top, or all of its own") {
  Settings settings;
  settings.identity_preset = IdentityPreset::authelia;
  settings.identity_headers = {claim("remote_user", "sub"), claim("X-More", "email")};
  const std::vector<std::string> top = {"remote_user", "Remote-Name", "Remote-Email", "Remote-Groups", "X-More"};
  CHECK(names(identity_headers_of(settings, route(1))) == top);
  RouteSettings own = route(1);
  own.identity_headers = {claim("X-Own", "sub")};
  CHECK(names(identity_headers_of(settings, own)) == std::vector<std::string>{"X-Own"});
  own.assertion = true;
  CHECK(names(identity_headers_of(settings, own)) == std::vector<std::string>{"X-Own", "X-Logto-Proxy-Assertion"});
  RouteSettings silent = route(1);
  silent.identity_preset = IdentityPreset::none;
  CHECK(identity_headers_of(settings, silent).empty());
  RouteSettings apache = route(1);
  apache.identity_preset = IdentityPreset::mod_auth_openidc;
  CHECK(names(identity_headers_of(settings, apache)).back() == "X-Remote-User");
  apache.token.resource = "https://api.test";
  CHECK(names(identity_headers_of(settings, apache)).back() == "OIDC_access_token");
}

TEST_CASE("routes that tell the same share one set") {
  Settings settings;
  settings.upstreams["wiki"].host = "wiki";
  settings.upstreams["wiki"].port = 8080;
  settings.upstreams["other"].host = "other";
  for (int i = 1; i <= 1000; ++i) settings.routes.push_back(route(i));
  settings.routes[1].identity_headers = {claim("X", "sub")};
  settings.routes[2].identity_headers = {claim("X", "sub")};
  settings.routes[3].assertion = settings.routes[4].assertion = settings.routes[5].assertion = true;
  settings.routes[5].upstream = "other";
  const HeaderSets sets(settings);
  CHECK(sets.size() == 4);
  CHECK(sets.index_of(settings.routes[0]) == sets.index_of(settings.routes[999]));
  CHECK(sets.index_of(settings.routes[1]) == sets.index_of(settings.routes[2]));
  CHECK(sets.index_of(settings.routes[3]) == sets.index_of(settings.routes[4]));
  CHECK(sets.index_of(settings.routes[3]) != sets.index_of(settings.routes[5]));
  CHECK(sets.at(sets.index_of(settings.routes[3])).audience == "http://wiki:8080");
  CHECK(sets.at(0).audience.empty());
}
