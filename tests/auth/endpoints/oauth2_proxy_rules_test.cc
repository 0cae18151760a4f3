#include "auth/endpoints/oauth2_proxy_rules.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace lp;

TEST_CASE("who passes /oauth2/auth with which query") {
  const Oauth2ProxyPerson alice{"u1", "alice@mail.example.com", {"staff", "a b"}, "alice"};
  const struct {
    const char* query;
    bool passes;
    bool trust_email = true;
  } cases[] = {
      {"", true},
      {"unknown=1", true},
      {"allowed_groups=", true},
      {"allowed_groups=,,", true},
      {"allowed_groups=admin", false},
      {"allowed_groups=admin,staff", true},
      {"allowed_groups=admin&allowed_groups=staff", true},
      {"allowed_groups=a%20b", true},
      {"allowed_groups=Staff", false},
      {"allowed_groups=%zz", false},
      {"allowed_emails=alice@mail.example.com", true},
      {"allowed_emails=bob@example.com,alice@mail.example.com", true},
      {"allowed_emails=Alice@mail.example.com", false},
      {"allowed_email_domains=mail.example.com", true},
      {"allowed_email_domains=MAIL.example.com", true},
      {"allowed_email_domains=example.com", false},
      {"allowed_email_domains=.example.com", true},
      {"allowed_email_domains=*.example.com", true},
      {"allowed_email_domains=.mail.example.com", true},
      {"allowed_email_domains=*.ample.com", false},
      {"allowed_email_domains=.", false},
      {"allowed_email_domains=*.", false},
      {"allowed_groups=staff&allowed_email_domains=other.org", false},
      {"allowed_emails=alice@mail.example.com", false, false},
      {"allowed_email_domains=mail.example.com", false, false},
      {"allowed_groups=staff", true, false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.query);
    CHECK(oauth2_proxy_allows(alice, c.query, c.trust_email) == c.passes);
  }
}

TEST_CASE("an address with two @, or none, has no domain") {
  for (const char* email : {"a@evil.org@example.com", "example.com", "@", "", "a@"}) {
    CAPTURE(email);
    CHECK_FALSE(oauth2_proxy_allows({"u", email, {}, ""}, "allowed_email_domains=example.com,.", true));
    CHECK_FALSE(oauth2_proxy_allows({"u", email, {}, ""}, "allowed_emails=b@example.com", true));
  }
}

TEST_CASE("a person's words come from the claims that the identity headers name") {
  Session session;
  session.sub = "u1";
  session.claims = {{"email", "a@b.c"}, {"roles", {"x", 1, "y,z"}}, {"username", "al"}, {"deep", {{"id", "d1"}}}};
  Settings settings;
  Oauth2ProxyPerson person = oauth2_proxy_person(session, settings);
  CHECK(person.user == "u1");
  CHECK(person.groups == std::vector<std::string>{"x", "y,z"});
  CHECK(oauth2_proxy_userinfo(person).dump() ==
        R"({"user":"u1","email":"a@b.c","groups":["x","y,z"],"preferredUsername":"al"})");
  Answer answer;
  add_auth_request_headers(answer, person);
  std::string text;
  for (const auto& [name, value] : answer.headers) text += name + "=" + value + " ";
  CHECK(text ==
        "X-Auth-Request-User=u1 X-Auth-Request-Email=a@b.c X-Auth-Request-Groups=x "
        "X-Auth-Request-Preferred-Username=al GAP-Auth=a@b.c ");

  settings.identity_headers = {{"X-Auth-Request-User", "deep.id"}, {"X-Forwarded-Groups", "missing"}};
  person = oauth2_proxy_person(session, settings);
  CHECK(person.user == "d1");
  CHECK(person.groups.empty());

  session.claims = {{"email", {"a", "b"}}, {"roles", "one"}};
  person = oauth2_proxy_person(session, Settings{});
  CHECK(person.email.empty());
  CHECK(person.groups == std::vector<std::string>{"one"});
}
