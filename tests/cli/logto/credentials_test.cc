#include "cli/logto/credentials.h"

#include <doctest/doctest.h>

#include <string>

#include "cli/logto/bootstrap.h"
#include "cli/logto/examine_tenant.h"

namespace lp {
TEST_CASE("a database's address is parted from its password") {
  struct Case {
    const char* url;
    const char* rest;
    const char* password;
  };
  for (const Case& c :
       {Case{"postgres://logto:p%40ss+w@db:5432/logto", "postgres://logto@db:5432/logto", "p@ss+w"},
        Case{"postgresql://u:a:b@h/d?sslmode=require", "postgresql://u@h/d?sslmode=require", "a:b"},
        Case{"postgres://u@h:5432/d", "postgres://u@h:5432/d", ""}, Case{"postgres://h:5432", "postgres://h:5432", ""},
        Case{"postgres://h/d?options=a:b@c", "postgres://h/d?options=a:b@c", ""}}) {
    CAPTURE(c.url);
    const auto parsed = parse_database_url(c.url);
    REQUIRE(parsed.ok());
    CHECK(parsed->url == c.rest);
    CHECK(parsed->password.equals(c.password));
  }
  CHECK_FALSE(parse_database_url("mysql://u:p@h/d").ok());
  CHECK_FALSE(parse_database_url("postgres://u:%zz@h/d").ok());
}

TEST_CASE("what Logto says of its own call to our webhook") {
  using Level = DoctorFinding::Level;
  const auto of = [](const ApiProblem& problem) { return judge_hook_test(problem, "https://app.test/_auth/webhook"); };
  CHECK(judge_hook_test(nlohmann::json(), "u").level == Level::ok);
  CHECK(of({422, "hook.endpoint_responded_with_error", "400"}).level == Level::failure);
  CHECK(of({422, "hook.send_test_payload_failed", "fetch failed"}).level == Level::warning);
  CHECK(of({500, "", ""}).level == Level::warning);
}

TEST_CASE("whether memberships at Patreon can be looked up") {
  using Level = DoctorFinding::Level;
  TenantState state;
  const auto told = [&] { return judge_patreon(state, "patreon"); };
  CHECK(told().what.find("no connector patreon") != std::string::npos);
  state.connectors = {{{"target", "patreon"}, {"connectorId", "patreon-universal"}, {"enableTokenStorage", false}}};
  CHECK(told().what.find("Logto's own (patreon-universal)") != std::string::npos);
  state.connectors[0]["connectorId"] = "oauth2";
  CHECK(told().what.find("token storage switched off") != std::string::npos);
  state.connectors[0]["enableTokenStorage"] = true;
  CHECK(told().what.find("account centre is off") != std::string::npos);
  CHECK(told().level == Level::failure);
  state.account_center = {{"enabled", true}};
  CHECK(told().level == Level::ok);
}

TEST_CASE("an answer of somebody else in Logto's place sends nobody to Logto's log") {
  CHECK(ApiProblem{502, "", "none of Logto's", true}.text() ==
        "Logto answered 502: none of Logto's: see logto.endpoint (provision.management has its own), and what stands "
        "before Logto");
  CHECK(ApiProblem{502, "request.general", "x"}.text().ends_with("see Logto's log; a second run goes on from here"));
}

TEST_CASE("what is set in Logto that stops people there") {
  const auto of = [](const char* application, const std::vector<std::string>& roles = {}) {
    std::string all;
    for (const DoctorFinding& finding : judge_who_may_come(nlohmann::json::parse(application), roles))
      all += finding.what + "\n";
    return all;
  };
  CHECK(of(R"({"name": "a", "isThirdParty": false, "appLevelAccessControlEnabled": false})") == "");
  CHECK(of(R"({"name": "a", "isThirdParty": true})") == "the application a is one of a third party\n");
  const char* closed = R"({"name": "a", "appLevelAccessControlEnabled": true})";
  CHECK(of(closed) == "Logto itself lets only some people use the application a\n");
  CHECK(of(closed, {"staff"}) == "");
}

TEST_CASE("the audience of the Management API: Cloud's own address, a name that leads nowhere, or what is given") {
  ManagementSettings management;
  LogtoSettings logto;
  logto.endpoint = {"https", "tenant.logto.app", 443};
  CHECK(management_audience(management, logto) == "https://tenant.logto.app/api");
  logto.endpoint = {"http", "localhost", 3001};
  CHECK(management_audience(management, logto) == "https://default.logto.app/api");
  logto.endpoint = {"https", "auth.example.com", 443};
  management.endpoint = Origin{"https", "tenant.logto.app", 443};
  CHECK(management_audience(management, logto) == "https://tenant.logto.app/api");
  management.audience = "https://other.test/api";
  CHECK(management_audience(management, logto) == "https://other.test/api");
}

}  // namespace lp
