#include "auth/provider/client_secrets.h"

#include <doctest/doctest.h>

#include "auth/oidc/client_auth.h"

using namespace lp;
using Verdict = ClientSecretVerdict;

namespace {

const Secret kA("secret-a");
const Secret kB("secret-b");
const Secret kC("secret-c");

std::string next(const ClientSecrets& secrets, const std::vector<Secret>& tried = {}) {
  const Secret* secret = secrets.untried(tried);
  return secret == nullptr ? "none" : std::string(secret->reveal());
}

}  // namespace

TEST_CASE("each secret is tried once, the first one first") {
  const ClientSecrets secrets({kA, kB});
  CHECK(next(secrets) == "secret-a");
  CHECK(next(secrets, {kA}) == "secret-b");
  CHECK(next(secrets, {kA, kB}) == "none");
  CHECK(next(ClientSecrets({kA}), {kA}) == "none");
}

TEST_CASE("the one that worked after a refusal is tried first from then on") {
  ClientSecrets secrets({kA, kB});
  const auto fall_over = secrets.accept(kB, {kA});
  REQUIRE(fall_over);
  CHECK(fall_over->from == 1);
  CHECK(fall_over->to == 2);
  CHECK(next(secrets) == "secret-b");
  CHECK(next(secrets, {kB}) == "secret-a");
}

TEST_CASE("only the first of many calls that fall over together tells of it") {
  ClientSecrets secrets({kA, kB});
  CHECK(secrets.accept(kB, {kA}));
  CHECK_FALSE(secrets.accept(kB, {kA}));
  CHECK(next(secrets) == "secret-b");
}

TEST_CASE("an acceptance without a refusal moves nothing, also when it comes late") {
  ClientSecrets secrets({kA, kB});
  CHECK_FALSE(secrets.accept(kA, {}));
  CHECK(secrets.accept(kB, {kA}));
  CHECK_FALSE(secrets.accept(kA, {}));
  CHECK(next(secrets) == "secret-b");
}

TEST_CASE("another list begins with its first, the same list changes nothing") {
  ClientSecrets secrets({kA, kB});
  REQUIRE(secrets.accept(kB, {kA}));
  secrets.replace({kA, kB});
  CHECK(next(secrets) == "secret-b");
  secrets.replace({kC, kB});
  CHECK(next(secrets) == "secret-c");
  secrets.replace({kB, kC});
  CHECK(next(secrets) == "secret-b");
}

TEST_CASE("a call that was refused under an old list may try the new one, and its success there counts") {
  ClientSecrets secrets({kA, kB});
  secrets.replace({kC});
  CHECK(next(secrets, {kA}) == "secret-c");
  CHECK_FALSE(secrets.accept(kB, {kA}));  // has left the list
  CHECK(next(secrets) == "secret-c");
}

TEST_CASE("a reply is a refusal of this secret only when it says so") {
  const struct {
    std::string name;
    int status;
    std::string body;
    Verdict verdict;
  } cases[] = {
      {"success", 200, "{}", Verdict::accepted},
      {"a revocation's success", 200, "", Verdict::accepted},
      {"the grant is refused, so the client was not", 400, R"({"error":"invalid_grant"})", Verdict::accepted},
      {"wrong secret", 401, R"({"code":"oidc.invalid_client","error":"invalid_client"})", Verdict::refused},
      {"401 without a body", 401, "", Verdict::refused},
      {"401 of a page", 401, "<html>", Verdict::refused},
      {"401 for another reason", 401, R"({"error":"invalid_token"})", Verdict::unknown},
      {"expired secret", 400, R"({"error":"invalid_request","error_description":"client secret has expired"})",
       Verdict::refused},
      {"expired secret, spelt otherwise", 400,
       R"({"error":"invalid_request","error_description":"The Client Secret is expired."})", Verdict::refused},
      {"an expired something", 400, R"({"error":"invalid_request","error_description":"request has expired"})",
       Verdict::unknown},
      {"no credentials at all", 400,
       R"({"error":"invalid_request","error_description":"no client authentication mechanism provided"})",
       Verdict::unknown},
      {"the description alone", 400, R"({"error_description":"client secret has expired"})", Verdict::unknown},
      {"unknown client", 400, R"({"error":"invalid_client","error_description":"client is invalid"})",
       Verdict::unknown},
      {"grant not allowed", 400, R"({"error":"unauthorized_client"})", Verdict::unknown},
      {"forbidden", 403, R"({"error":"invalid_client"})", Verdict::unknown},
      {"too many", 429, R"({"error":"invalid_client"})", Verdict::unknown},
      {"gateway", 502, "", Verdict::unknown},
      {"redirect", 307, "", Verdict::unknown},
      {"two errors in one", 400, R"({"error":"invalid_grant","error":"invalid_client"})", Verdict::unknown},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    CHECK(judge_client_secret({c.status, "application/json", c.body}) == c.verdict);
  }
}
