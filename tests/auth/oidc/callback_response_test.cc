#include "auth/oidc/callback_response.h"

#include <doctest/doctest.h>

using namespace lp;

TEST_CASE("a response with code, state and iss is read") {
  auto response = parse_callback("code=a%2Fb-1&state=s1&iss=http%3A%2F%2Flocalhost%3A3401%2Foidc");
  REQUIRE(response);
  CHECK(response->code == "a/b-1");
  CHECK(response->state == "s1");
  CHECK(response->iss == "http://localhost:3401/oidc");
  CHECK(response->error.empty());
}

TEST_CASE("an error response is read, unknown parameters are ignored") {
  auto response = parse_callback("error=access_denied&error_description=no+way%0d%0a&state=s&session_state=1&x=");
  REQUIRE(response);
  CHECK(response->error == "access_denied");
  CHECK(response->error_description == "no way\r\n");
  CHECK(response->code.empty());
}

TEST_CASE("long error texts are cut") {
  auto response =
      parse_callback("state=s&error=" + std::string(500, 'e') + "&error_description=" + std::string(5000, 'd'));
  REQUIRE(response);
  CHECK(response->error.size() == 64);
  CHECK(response->error_description.size() == 1024);
}

TEST_CASE("ambiguous, incomplete and oversized responses are refused") {
  const std::string bad[] = {"",
                             "&",
                             "code=c",
                             "state=s",
                             "state=&code=c",
                             "state=s&code=",
                             "state=s&error=",
                             "state=s&code=c&error=e",
                             "state=s&code=c&error=",
                             "error=access_denied",
                             "state=s&state=s&code=c",
                             "state=s&code=c&code=d",
                             "state=s&code=c&iss=a&iss=a",
                             "state=s&error=a&error=b",
                             "state=s&code=c&%73tate=t",
                             "state=s&code=c&x=1&x=1",
                             "state=s&code=c&iss=",
                             "state=s&code=%",
                             "state=s&code=%zz",
                             "state=s%00&code=c",
                             "state=s&code=c%0d%0a",
                             "state=s&code=%c3%a9",
                             "state=s&error=a%20b",
                             "state=s&error=%3Cscript%3E%22",
                             "state=" + std::string(513, 's') + "&code=c",
                             "state=s&code=" + std::string(4097, 'c'),
                             "state=s&code=c&iss=" + std::string(2049, 'i'),
                             "state=s&code=c&pad=" + std::string(70'000, 'p')};
  for (const std::string& query : bad) {
    CAPTURE(query.substr(0, 60));
    CHECK_FALSE(parse_callback(query));
  }
  std::string many = "state=s&code=c";
  for (int i = 0; i < 40; ++i) many += "&p" + std::to_string(i) + "=1";
  CHECK_FALSE(parse_callback(many));
}

TEST_CASE("RFC 9207: iss must be ours when sent, and sent when the provider says so") {
  const std::string ours = "https://auth.example.com/oidc";
  const struct {
    std::string iss;
    bool supported;
    bool accepted;
  } cases[] = {{ours, true, true}, {ours, false, true},       {"", true, false},
               {"", false, true},  {ours + "/", true, false}, {"https://evil.test/oidc", false, false}};
  for (const auto& c : cases) {
    CAPTURE(c.iss);
    CallbackResponse response;
    response.iss = c.iss;
    CHECK(judge_callback_issuer(response, ours, c.supported).ok() == c.accepted);
  }
}
