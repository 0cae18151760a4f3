#include "cli/import/traefik.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "cli/import/traefik_rule.h"

namespace lp {
namespace {

std::string text_of(const std::vector<TraefikMatchers>& alternatives) {
  std::string out;
  for (const auto& matchers : alternatives) {
    for (const auto& one : matchers) {
      out += (one.negated ? "!" : "") + one.name + "(";
      for (const auto& argument : one.arguments) out += argument + ",";
      out += ")";
    }
    out += ";";
  }
  return out;
}

TEST_CASE("a rule of Traefik becomes alternatives of matchers") {
  const char* rows[][2] = {
      {"Path(`/a`)", "Path(/a,);"},
      {"Host(`a`, `b`) && PathPrefix(`/x`)", "Host(a,b,)PathPrefix(/x,);"},
      {"Path(`/a`) || Path(\"/b\") && Method(`GET`)", "Path(/a,);Path(/b,)Method(GET,);"},
      {"Host(`a`) && (Path(`/x`) || Path(`/y`))", "Host(a,)Path(/x,);Host(a,)Path(/y,);"},
      {"!Path(`/a`)", "!Path(/a,);"},
      {"HostRegexp(`{s:[a-z]+}.example.com`)", "HostRegexp({s:[a-z]+}.example.com,);"},
  };
  for (const auto& row : rows) {
    CAPTURE(row[0]);
    const auto parsed = parse_traefik_rule(row[0]);
    REQUIRE(parsed.ok());
    CHECK(text_of(*parsed) == row[1]);
  }
}

TEST_CASE("what is no rule is refused with its place, and nothing explodes") {
  CHECK(parse_traefik_rule("Path(/a)").error().message == "expected a text in ` or \" at character 6");
  for (const char* bad : {"", "Path", "Path(", "Path(`/a`", "Path(`/a`) &&", "Path(`/a`) Path(`/b`)", "(Path(`/a`)",
                          "Path(`/a", "()", "!(Path(`/a`))"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_traefik_rule(bad).ok());
  }
  std::string product = "(Path(`/a`)||Path(`/b`))";
  for (int i = 0; i < 12; ++i) product += "&&(Path(`/a`)||Path(`/b`))";
  CHECK_FALSE(parse_traefik_rule(product).ok());
  CHECK_FALSE(parse_traefik_rule(std::string(1000, '(')).ok());
}

Imported import(const std::string& ini) {
  SourceOptions options;
  REQUIRE(read_traefik_forward_auth_ini(ini, options).ok());
  return import_traefik_forward_auth(options);
}

// One line a route.
std::string routes_of(const std::string& ini) {
  std::string out;
  const Imported imported = import(ini);
  for (const Node& route : imported.config.find("routes")->items) {
    for (const auto& entry : route.entries) {
      std::string value = entry.value.text;
      for (const auto& item : entry.value.items) value += item.text + ",";
      for (const auto& inner : entry.value.entries) {
        value += inner.key + "=" + inner.value.text;
        for (const auto& item : inner.value.items) value += item.text + ",";
      }
      out += entry.key + ":" + value + " ";
    }
    out.back() = '\n';
  }
  return out;
}

TEST_CASE("rules become routes, the longest first, then the default action") {
  const char* rows[][2] = {
      {"default-action = auth", "path:/*\n"},
      {"default-action = allow", "path:/* access:public\n"},
      {"rule.a.action = allow\nrule.a.rule = Path(`/health`)", "path:/health access:public\npath:/*\n"},
      {"rule.a.action = allow\nrule.a.rule = PathPrefix(`/pub`)", "path:~ /pub.* access:public\npath:/*\n"},
      {"rule.a.rule = Path(`/a/{id:[0-9]{2}}/{x}`)", "path:~ /a/(?:[0-9]{2})/(?:[^/]+)\npath:/*\n"},
      {"rule.a.action = allow\nrule.a.rule = Host(`A.test`) && Method(`GET`) && Headers(`X-A`, `~b`) && Query(`q=1`)",
       "host:a.test path:/* methods:GET, headers:X-A=~ ~b query:q=1 access:public\npath:/*\n"},
      {"rule.a.action = allow\nrule.a.rule = HeadersRegexp(`X-A`, `b|c`)",
       "path:/* headers:X-A=~ .*(?:b|c).* access:public\npath:/*\n"},
      {"rule.a.rule = Path(`/a`)\nrule.a.whitelist = a@b.example\nrule.b.rule = PathPrefix(`/longer`)\ndomain = "
       "x.example",
       "path:~ /longer.* require:email_domain=x.example,\npath:/a require:email=a@b.example,\npath:/* "
       "require:email_domain=x.example,\n"},
      {"domain = x.example\nwhitelist = a@b.example", "path:/* require:email=a@b.example,\n"},
      {"rule.a.action = allow\nrule.a.rule = Path(`/a`) || Path(`/b`)",
       "path:/a access:public\npath:/b access:public\npath:/*\n"},
      {"rule.a.action = allow\nrule.a.rule = HostRegexp(`{x}.example.com`)",
       "host:*.example.com path:/* access:public\npath:/*\n"},
  };
  for (const auto& row : rows) {
    CAPTURE(row[0]);
    CHECK(routes_of(row[0]) == row[1]);
  }
}

TEST_CASE("a rule that cannot be said: one that opens is left out, one that protects holds for more") {
  CHECK(routes_of("rule.a.action = allow\nrule.a.rule = !Path(`/a`)") == "path:/*\n");
  CHECK(routes_of("rule.a.action = allow\nrule.a.rule = HostRegexp(`{x:[a-f]}.example.com`)") == "path:/*\n");
  CHECK(routes_of("rule.a.action = allow\nrule.a.rule = nonsense") == "path:/*\n");
  CHECK(routes_of("default-action = allow\nrule.a.action = auth\nrule.a.rule = Path(`/a`) && !Method(`GET`)") ==
        "path:/a\npath:/* access:public\n");
  CHECK(routes_of("default-action = allow\nrule.a.action = auth\nrule.a.rule = nonsense") ==
        "path:/*\npath:/* access:public\n");
}

TEST_CASE("every option of traefik-forward-auth is known") {
  const auto imported = import(
      "log-level = info\nlog-format = json\nauth-host = auth.example.com\nconfig = x\ncookie-domain = "
      "example.com\ncookie-domains = a\n"
      "insecure-cookie = false\ncookie-name = c\ncsrf-cookie-name = d\ndefault-action = auth\ndefault-provider = "
      "oidc\ndomain = x.example\n"
      "lifetime = 3600\nlogout-redirect = https://x\nurl-path = _auth\nsecret = s\nwhitelist = a@b.example\nport = "
      "4181\n"
      "match-whitelist-or-domain = true\ncookie-secret = x\ncookie-secure = true\nclient-id = a\nclient-secret = "
      "b\nprompt = login\n"
      "rule.1.action = allow\nrule.1.rule = Path(`/x`)\nrule.1.provider = google\nrule.1.domains = a\nrule.1.whitelist "
      "= b\n"
      "providers.google.client-id = a\nproviders.google.client-secret = b\nproviders.google.prompt = "
      "c\nproviders.oidc.issuer-url = d\n"
      "providers.oidc.client-id = e\nproviders.oidc.client-secret = f\nproviders.oidc.resource = "
      "g\nproviders.generic-oauth.auth-url = h\n"
      "providers.generic-oauth.token-url = i\nproviders.generic-oauth.user-url = j\nproviders.generic-oauth.client-id "
      "= k\n"
      "providers.generic-oauth.client-secret = l\nproviders.generic-oauth.scope = "
      "m\nproviders.generic-oauth.token-style = n\n"
      "providers.generic-oauth.resource = o\n");
  for (const auto& one : imported.findings) CHECK_MESSAGE(one.outcome != Outcome::unknown, one.option);
  const std::string text = write_imported(imported.config);
  CHECK(text.find("sign_in_url: https://auth.example.com\n") != std::string::npos);
  CHECK(text.find("max_lifetime: 1h\n") != std::string::npos);
  CHECK(text.find("auth_prefix: /_auth\n") != std::string::npos);
}

TEST_CASE("the report claims of the result what the result does, and says what to do") {
  const auto said = [](const std::string& ini, const std::string& option) {
    for (const auto& one : import(ini).findings) {
      if (one.option == option) return one.text;
    }
    return std::string();
  };
  CHECK(said("domain = x.test\nwhitelist = a@b.test\n", "domain").find("not written: beside whitelist") == 0);
  CHECK(said("domain = x.test\nwhitelist = a@b.test\nmatch-whitelist-or-domain = true\n", "domain")
            .find("require on every route but those of rules that allow") == 0);
  CHECK(said("domain = x.test\n", "domain").find("require on every route but") == 0);
  const std::string logto = said("auth-host = auth.test\n", "(Logto)");
  for (const char* end : {"callback", "signed-out", "backchannel-logout"})
    CHECK(logto.find(std::string("https://auth.test/_oauth/") + end) != std::string::npos);
  CHECK(said("domain = x.test\n", "(admin.listen)").find("127.0.0.1:9180") != std::string::npos);
}

TEST_CASE("what traefik-forward-auth does not know, and nobody here, lets nobody in") {
  const auto imported = import("colour = blue\nrule.1.action = allow\nrule.1.colour = red\n");
  const auto unknown = std::count_if(imported.findings.begin(), imported.findings.end(),
                                     [](const Finding& one) { return one.outcome == Outcome::unknown; });
  CHECK(unknown == 2);
  const std::string text = write_imported(imported.config);
  CHECK(text.find("access: public") == std::string::npos);
  CHECK(text.find("roles: [\"${ALLOWED_ROLE}\"]") != std::string::npos);
}

}  // namespace
}  // namespace lp
