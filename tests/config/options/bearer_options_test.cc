#include <doctest/doctest.h>

#include "tests/support/config.h"

using namespace lp;
using namespace lp::test;

namespace {

std::string with(const std::string& bearer, const std::string& route) {
  return good_config({{"routes", "routes: [{ path: /*, upstream: wiki, " + route + " }]\n"},
                      {"z", bearer.empty() ? "" : "bearer: " + bearer + "\n"}});
}
std::string warnings_of(const std::string& text) {
  const auto loaded = parse_config(text, "f", usual_environment());
  INFO(problems_of(text));
  REQUIRE(loaded.ok());
  std::string out;
  for (const auto& warning : loaded->warnings) out += warning + "\n";
  return out;
}
const std::string kTakes = "accept: [session, bearer]";

}  // namespace

TEST_CASE("a route that takes tokens must say for which audience") {
  CHECK(problems_of(with("", kTakes)).find("routes[1].accept: bearer needs audiences") != std::string::npos);
  CHECK(problems_of(with("{ audiences: [a] }", kTakes)).empty());
  CHECK(problems_of(with("", kTakes + ", audiences: [a]")).empty());
  CHECK(problems_of(with("{ introspection: true }", kTakes)).empty());
  CHECK(problems_of(with("{ audiences: [] }", kTakes)).find("expected at least one element") != std::string::npos);
  CHECK(problems_of(with("", "accept: []")).find("expected at least one element") != std::string::npos);
  CHECK(problems_of(with("", "accept: [token]")).find("expected session or bearer, found 'token'") !=
        std::string::npos);
}

TEST_CASE("keys of issuers come over TLS, or from this machine, or from where the operator says") {
  const auto problems = [](const std::string& issuer) {
    return problems_of(with("{ audiences: [a], issuers: [" + issuer + "] }", kTakes));
  };
  CHECK(problems("https://a.test").empty());
  CHECK(problems("\"http://127.0.0.1:1234/oidc\"").empty());
  CHECK(problems("{ issuer: http://a.test, connect_to: http://idp }").empty());
  CHECK(problems("http://a.test").find("bearer.issuers[1].issuer: must be https") != std::string::npos);
  CHECK(problems("{ issuer: https://a.test, jwks_url: http://a.test/k }").find("[1].jwks_url: must be https") !=
        std::string::npos);
  CHECK(problems("{ issuer: https://a.test, jwks_url: /k }").find("expected an absolute https URL") !=
        std::string::npos);
  CHECK(problems("https://a.test, https://a.test").find("[2].issuer: the same issuer") != std::string::npos);
  CHECK(problems("https://t.logto.app/oidc").find("is Logto itself") != std::string::npos);
  CHECK(problems("{ audiences: [a] }").find("bearer.issuers[1].issuer: required") != std::string::npos);
}

TEST_CASE("what has no effect is said") {
  CHECK(warnings_of(with("{ audiences: [a] }", "access: signed_in")).find("bearer: has no effect") !=
        std::string::npos);
  CHECK(warnings_of(with("", "audiences: [a]")).find("audiences: has no effect") != std::string::npos);
  CHECK(warnings_of(with("{ audiences: [a] }", kTakes + ", access: public")).find("accept: has no effect") !=
        std::string::npos);
  CHECK(warnings_of(with("{ audiences: [a] }", kTakes + ", require: { scopes: [x] }")).empty());
}
