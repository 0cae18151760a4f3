#include "auth/oidc/discovery.h"

#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "tests/support/recordings.h"

using namespace lp;
using nlohmann::json;

namespace {

LogtoSettings logto_at(const std::string& endpoint) {
  LogtoSettings logto;
  logto.endpoint = *parse_origin(endpoint);
  return logto;
}

json good_document() {
  const std::string oidc = "https://auth.example.com/oidc";
  return {{"issuer", oidc},
          {"authorization_endpoint", oidc + "/auth"},
          {"token_endpoint", oidc + "/token"},
          {"jwks_uri", oidc + "/jwks"},
          {"userinfo_endpoint", oidc + "/me"},
          {"end_session_endpoint", oidc + "/session/end"},
          {"revocation_endpoint", oidc + "/token/revocation"},
          {"response_types_supported", {"code id_token", "code"}},
          {"code_challenge_methods_supported", {"S256"}},
          {"id_token_signing_alg_values_supported", {"ES384"}},
          {"authorization_response_iss_parameter_supported", true}};
}

struct Change {
  std::string name;
  std::function<void(json&)> apply;
};

}  // namespace

TEST_CASE("the discovery address is fixed by the endpoint") {
  CHECK(discovery_url(logto_at("https://auth.example.com")) ==
        "https://auth.example.com/oidc/.well-known/openid-configuration");
  CHECK(discovery_url(logto_at("http://localhost:3001/")) ==
        "http://localhost:3001/oidc/.well-known/openid-configuration");
}

TEST_CASE("recorded discovery documents of both Logto versions are accepted") {
  const char* recorded[][2] = {{"v1.37.1", "http://localhost:3401"}, {"v1.42.0", "http://localhost:3411"}};
  for (const auto& row : recorded) {
    const char* const version = row[0];
    const char* const endpoint = row[1];
    CAPTURE(version);
    auto metadata = judge_discovery(test::recording(version, "discovery"), logto_at(endpoint));
    REQUIRE_MESSAGE(metadata, metadata.error().message);
    const std::string oidc = std::string(endpoint) + "/oidc";
    CHECK(metadata->issuer == oidc);
    CHECK(metadata->authorization_endpoint == oidc + "/auth");
    CHECK(metadata->token_endpoint == oidc + "/token");
    CHECK(metadata->jwks_uri == oidc + "/jwks");
    CHECK(*metadata->userinfo_endpoint == oidc + "/me");
    CHECK(*metadata->end_session_endpoint == oidc + "/session/end");
    CHECK(*metadata->revocation_endpoint == oidc + "/token/revocation");
    CHECK(metadata->iss_parameter_supported);
  }
}

TEST_CASE("metadata that could send people, codes or secrets elsewhere is refused") {
  const Change bad[] = {
      {"another issuer", [](json& d) { d["issuer"] = "https://evil.example.com/oidc"; }},
      {"issuer with a slash", [](json& d) { d["issuer"] = "https://auth.example.com/oidc/"; }},
      {"issuer missing", [](json& d) { d.erase("issuer"); }},
      {"issuer a list", [](json& d) { d["issuer"] = json::array({d["issuer"]}); }},
      {"authorization endpoint missing", [](json& d) { d.erase("authorization_endpoint"); }},
      {"authorization endpoint elsewhere", [](json& d) { d["authorization_endpoint"] = "https://evil.test/auth"; }},
      {"token endpoint missing", [](json& d) { d.erase("token_endpoint"); }},
      {"token endpoint on loopback", [](json& d) { d["token_endpoint"] = "http://127.0.0.1:1/oidc/token"; }},
      {"token endpoint on link-local", [](json& d) { d["token_endpoint"] = "http://169.254.169.254/token"; }},
      {"token endpoint a file", [](json& d) { d["token_endpoint"] = "file:///etc/passwd"; }},
      {"token endpoint gopher", [](json& d) { d["token_endpoint"] = "gopher://auth.example.com/"; }},
      {"token endpoint on http", [](json& d) { d["token_endpoint"] = "http://auth.example.com/oidc/token"; }},
      {"token endpoint on another port", [](json& d) { d["token_endpoint"] = "https://auth.example.com:8443/t"; }},
      {"token endpoint with user", [](json& d) { d["token_endpoint"] = "https://auth.example.com@evil.test/t"; }},
      {"token endpoint relative", [](json& d) { d["token_endpoint"] = "/oidc/token"; }},
      {"jwks missing", [](json& d) { d.erase("jwks_uri"); }},
      {"jwks elsewhere", [](json& d) { d["jwks_uri"] = "https://auth.example.com.evil.test/jwks"; }},
      {"userinfo elsewhere", [](json& d) { d["userinfo_endpoint"] = "https://evil.test/me"; }},
      {"userinfo null", [](json& d) { d["userinfo_endpoint"] = nullptr; }},
      {"end session elsewhere", [](json& d) { d["end_session_endpoint"] = "https://evil.test/"; }},
      {"revocation elsewhere", [](json& d) { d["revocation_endpoint"] = "https://evil.test/"; }},
      {"no code flow", [](json& d) { d["response_types_supported"] = {"id_token"}; }},
      {"response types missing", [](json& d) { d.erase("response_types_supported"); }},
      {"only plain PKCE", [](json& d) { d["code_challenge_methods_supported"] = {"plain"}; }},
      {"PKCE list empty", [](json& d) { d["code_challenge_methods_supported"] = json::array(); }},
      {"PKCE list a text", [](json& d) { d["code_challenge_methods_supported"] = "S256"; }},
      {"only HS256",
       [](json& d) {
         d["id_token_signing_alg_values_supported"] = {"HS256", "none"};
       }},
  };
  for (const Change& change : bad) {
    CAPTURE(change.name);
    json document = good_document();
    change.apply(document);
    CHECK_FALSE(judge_discovery(document.dump(), logto_at("https://auth.example.com")));
  }
  for (const char* text : {"", "[]", "null", "<html>", "{", R"({"issuer":"a","issuer":"b"})"}) {
    CHECK_FALSE(judge_discovery(text, logto_at("https://auth.example.com")));
  }
}

TEST_CASE("optional parts may be missing") {
  json document = good_document();
  for (const char* name :
       {"userinfo_endpoint", "end_session_endpoint", "revocation_endpoint", "code_challenge_methods_supported",
        "id_token_signing_alg_values_supported", "authorization_response_iss_parameter_supported"}) {
    document.erase(name);
  }
  auto metadata = judge_discovery(document.dump(), logto_at("https://auth.example.com"));
  REQUIRE(metadata);
  CHECK_FALSE(metadata->userinfo_endpoint);
  CHECK_FALSE(metadata->end_session_endpoint);
  CHECK_FALSE(metadata->iss_parameter_supported);
}

TEST_CASE("a Logto that does not know that it is behind TLS is told apart") {
  json document = good_document();
  document["authorization_endpoint"] = "http://auth.example.com/oidc/auth";
  auto metadata = judge_discovery(document.dump(), logto_at("https://auth.example.com"));
  REQUIRE_FALSE(metadata);
  CHECK(metadata.error().message.find("TRUST_PROXY_HEADER") != std::string::npos);
}
