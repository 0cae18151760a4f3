#include "cli/doctor/logto_answers.h"

#include <doctest/doctest.h>

#include <string>

namespace lp {
namespace {

using Level = DoctorFinding::Level;

const char* const kJson = "application/json; charset=utf-8";
const std::string kUri = "https://app.test/_auth/callback";

ProviderReply body(int status, const std::string& text) { return {status, kJson, text}; }
ProviderReply redirect(const std::string& to) { return {303, "text/html", "", to}; }

// As Logto 1.37.1 and 1.42.0 were recorded.
const ProviderReply kInvalidGrant =
    body(400, R"({"code":"oidc.invalid_grant","message":"Grant request is invalid.","error":"invalid_grant",)"
              R"("error_description":"grant request is invalid"})");
const ProviderReply kWrongSecret =
    body(401, R"({"code":"oidc.invalid_client","message":"Invalid client.","error":"invalid_client",)"
              R"("error_description":"client authentication failed"})");
const ProviderReply kUnknownApp =
    body(400, R"({"code":"oidc.invalid_client","error":"invalid_client","error_description":"invalid client app"})");
const ProviderReply kExpired = body(
    400,
    R"({"code":"oidc.invalid_request","error":"invalid_request","error_description":"client secret has expired"})");
const ProviderReply kMachine =
    body(400, R"({"code":"oidc.invalid_request","error":"invalid_request",)"
              R"("error_description":"requested grant type is not allowed for this client"})");

struct Case {
  const char* name;
  DoctorFinding finding;
  Level level;
  const char* check;
  const char* says;
};

void judge(const Case& c) {
  CAPTURE(c.name);
  CHECK(c.finding.level == c.level);
  CHECK(c.finding.check == c.check);
  INFO(text_of(c.finding));
  CHECK(text_of(c.finding).find(c.says) != std::string::npos);
  CHECK((c.finding.level == Level::ok) == c.finding.mend.empty());
}

}  // namespace

TEST_CASE("what a refresh with a token that nobody has says of the application's secret") {
  const std::string key = "logto.app_secret";
  for (const Case& c : {
           Case{"it was taken", judge_secret_answer(kInvalidGrant, key), Level::ok, "app_secret", "Logto takes"},
           Case{"a wrong one", judge_secret_answer(kWrongSecret, key), Level::failure, "app_secret",
                "Logto refuses logto.app_secret: compare it"},
           Case{"no such application", judge_secret_answer(kUnknownApp, key), Level::failure, "app_id",
                "does not know the application: compare logto.app_id"},
           Case{"one that has expired", judge_secret_answer(kExpired, key), Level::failure, "app_secret",
                "logto.app_secret has expired: make a new secret"},
           Case{"of a machine", judge_secret_answer(kMachine, key), Level::failure, "app_id",
                "must be of a traditional web application"},
           Case{"a page of somebody between", judge_secret_answer({502, "text/html", "<h1>Bad Gateway"}, key),
                Level::warning, "app_secret", "cannot be said"},
       })
    judge(c);
}

TEST_CASE("what prompt=none says of a redirect URI") {
  const auto of = [](const ProviderReply& reply) { return judge_redirect_answer(reply, kUri, "app"); };
  for (const Case& c : {
           Case{"nobody is signed in", of(redirect(kUri + "?error=login_required&state=x&iss=y")), Level::ok,
                "redirect_uri", "Logto takes the redirect URI https://app.test/_auth/callback"},
           Case{"consent is missing", of(redirect(kUri + "?error=consent_required")), Level::ok, "redirect_uri", ""},
           Case{"not registered",
                of(body(400, R"({"code":"oidc.invalid_redirect_uri","error":"invalid_redirect_uri"})")), Level::failure,
                "redirect_uri", "add it to the application's redirect URIs"},
           Case{"no such application", of(kUnknownApp), Level::failure, "app_id", "the application app: compare"},
           Case{"a parameter that Logto refuses", of(redirect(kUri + "?error=invalid_request&error_description=bad")),
                Level::warning, "redirect_uri", "does not begin"},
           Case{"another page", of({200, "text/html", "redirect_uri"}), Level::warning, "redirect_uri",
                "does not begin"},
       })
    judge(c);
}

TEST_CASE("what prompt=none says of an API resource") {
  const auto of = [](const ProviderReply& reply) { return judge_resource_answer(reply, "https://api.test", "#1 /*"); };
  judge({"known", of(redirect(kUri + "?error=login_required")), Level::ok, "resource", "https://api.test"});
  judge({"unknown", of(redirect(kUri + "?error=invalid_target&error_description=resource+indicator+is+missing")),
         Level::failure, "resource", "does not know the API resource https://api.test, which #1 /* need"});
  judge({"something else", of(kUnknownApp), Level::warning, "resource", "cannot be said"});
}

TEST_CASE("what the end-session page says of the place to go to") {
  const std::string uri = "https://app.test/_auth/signed-out";
  judge({"registered", judge_sign_out_answer({200, "text/html", "<form"}, uri), Level::ok, "post_logout_uri", "takes"});
  judge({"not registered",
         judge_sign_out_answer(body(400, R"({"code":"oidc.invalid_request","error":"invalid_request",)"
                                         R"("error_description":"post_logout_redirect_uri not registered"})"),
                               uri),
         Level::failure, "post_logout_uri", "add it to the application's post sign-out redirect URIs"});
  judge({"no such application", judge_sign_out_answer(kUnknownApp, uri), Level::warning, "post_logout_uri", "begin"});
}

TEST_CASE("discovery: another issuer is named, and another server") {
  LogtoSettings logto;
  logto.endpoint = {"https", "auth.test", 443};
  const auto of = [&](int status, const std::string& text) {
    return judge_discovery_answer(body(status, text), "U", logto);
  };
  judge({"another host's", of(200, R"({"issuer":"https://logto.internal/oidc"})"), Level::failure, "discovery",
         "issuer is https://logto.internal/oidc but logto.endpoint makes it https://auth.test/oidc: make "
         "logto.endpoint"});
  judge({"a slash too many", of(200, R"({"issuer":"https://auth.test/oidc/"})"), Level::failure, "discovery",
         "issuer is https://auth.test/oidc/"});
  judge({"a page", of(200, "<html>"), Level::failure, "discovery", "is this Logto? U"});
  judge({"nothing there", of(404, "{}"), Level::failure, "discovery", "it answered 404"});
}

TEST_CASE("clocks: apart by more than tokens allow is a failure") {
  const auto of = [](std::int64_t date_s) { return judge_clock(date_s, 1'000'000, 1'000'002).front(); };
  judge({"the same", of(1'000'001), Level::ok, "clock", "agree"});
  judge({"a slow answer is no skew", of(999'999), Level::ok, "clock", "agree"});
  judge({"half a minute behind", of(999'970), Level::warning, "clock", "30 s behind this machine's"});
  judge({"an hour ahead", of(1'003'602), Level::failure, "clock", "3600 s ahead of this machine's"});
  CHECK(judge_clock(0, 1, 1).empty());
}

TEST_CASE("social accounts that headers and rules name are asked for, and what the page with ways will show is told") {
  Settings settings;
  settings.identity_headers = {{"X-Id", "identities.linkedin.userId"}};
  const auto wanted = wanted_connectors(settings);
  REQUIRE(wanted.size() == 1);
  CHECK(wanted[0].with == "social:linkedin");
  CHECK(wanted[0].where == "the claim identities.linkedin.userId");
  CHECK_FALSE(shows_ways(settings));
  settings.routes.emplace_back().sign_in.choose = true;
  CHECK(shows_ways(settings));
  const auto level = [](const std::string& text) { return judge_ways_shown(body(200, text)).level; };
  CHECK(level(R"({"socialConnectors":[{"target":"linkedin"}]})") == Level::ok);
  CHECK(level(R"({"socialConnectors":[]})") == Level::warning);
  CHECK(level("{") == Level::warning);
}

TEST_CASE("whether Logto lets people sign in at all") {
  const auto levels = [](int status, const std::string& text) {
    std::string all;
    for (const DoctorFinding& finding : judge_sign_in_mode(body(status, text))) all += word_of(finding.level);
    return all;
  };
  CHECK(levels(200, R"({"signInMode":"SignInAndRegister"})") == "");
  CHECK(levels(200, R"({"signInMode":"SignIn"})") == "note");
  CHECK(levels(200, R"({"signInMode":"Register"})") == "failure");
  CHECK(levels(200, "{}") == "");
  CHECK(levels(404, R"({"signInMode":"Register"})") == "");
  CHECK(levels(200, "{") == "");
}

TEST_CASE("connectors: of routes, rules and the default, each is asked for once") {
  Settings settings;
  settings.logto.sign_in.with = "social:linkedin";
  RouteSettings route;
  route.index = 2;
  route.sign_in.with = "social:patreon";
  route.require.children.push_back({Requirement::Kind::social, {}, {"patreon", "github"}, {}, 0});
  settings.routes.push_back(route);
  route.sign_in.with = "sso:okta1";
  route.index = 3;
  settings.routes.push_back(route);
  const auto wanted = wanted_connectors(settings);
  REQUIRE(wanted.size() == 4);
  CHECK(wanted[1].where == "routes[2].sign_in.with");
  CHECK(wanted[2].with == "social:github");

  const auto findings = judge_sign_in_experience(
      body(200, R"({"socialConnectors":[{"id":"x","target":"linkedin"},{"id":"y","target":"github"}],)"
                R"("ssoConnectors":[{"id":"okta2"}]})"),
      wanted);
  REQUIRE(findings.size() == 4);
  judge({"enabled", findings[0], Level::ok, "connector", "the social connector linkedin is enabled"});
  judge({"not enabled", findings[1], Level::failure, "connector",
         "the social connector patreon, which routes[2].sign_in.with names, is not enabled"});
  judge({"another one of the enterprise", findings[3], Level::failure, "connector", "(enabled: okta2)"});
  CHECK(judge_sign_in_experience(body(404, "{}"), wanted).front().level == Level::warning);
  CHECK(judge_sign_in_experience(body(404, "{}"), {}).empty());
}

}  // namespace lp
