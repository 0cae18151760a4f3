#include "auth/oidc/bearer_answers.h"

#include <doctest/doctest.h>

#include <string>

using namespace lp;
using Kind = BearerField::Kind;

namespace {

BearerField found(std::initializer_list<const char*> values) {
  Fields fields;
  fields.add("Accept", "*/*");
  for (const char* value : values) fields.add("authorization", value);
  return find_bearer(fields);
}

}  // namespace

TEST_CASE("a bearer token is found whatever the case of its scheme") {
  for (const char* value : {"Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "Bearer   a.b.c"}) {
    CAPTURE(std::string(value));
    CHECK(found({value}).kind == Kind::token);
    CHECK(found({value}).token == "a.b.c");
  }
  CHECK(found({"Bearer AZaz09-._~+/=="}).token == "AZaz09-._~+/==");
}

TEST_CASE("other schemes are not ours") {
  CHECK(found({}).kind == Kind::none);
  for (const char* value : {"", "Basic YTpi", "Token abc", "Bearertoken", "BearerX a", "Digest a=\"Bearer b\"",
                            "Basic YTpi, Bearer a.b.c", "DPoP a.b.c"}) {
    CAPTURE(std::string(value));
    CHECK(found({value}).kind == Kind::none);
  }
  CHECK(found({"Basic a", "Token b"}).kind == Kind::none);
}

TEST_CASE("what is not exactly one token in exactly one field is malformed") {
  for (const char* value : {"Bearer", "Bearer\ta.b.c", "Bearer,a", "Bearer=a", "Bearer a b", "Bearer a.b.c,",
                            "Bearer =", "Bearer a=b", "Bearer \"a\"", "Bearer a, Bearer b", "Bearer a\xc3\xa4"}) {
    CAPTURE(std::string(value));
    CHECK(found({value}).kind == Kind::malformed);
  }
  CHECK(found({"Bearer a", "Bearer a"}).kind == Kind::malformed);
  CHECK(found({"Bearer a", "Basic b"}).kind == Kind::malformed);
  CHECK(found({"Basic b", "Bearer a"}).kind == Kind::malformed);
  CHECK(found({"Basic b", "Bearer"}).kind == Kind::malformed);
}

TEST_CASE("a challenge says what RFC 6750 lets it say") {
  CHECK(bearer_challenge() == "Bearer realm=\"logto-proxy\"");
  CHECK(bearer_challenge({"invalid_token", "the token has expired"}) ==
        "Bearer realm=\"logto-proxy\", error=\"invalid_token\", error_description=\"the token has expired\"");
  CHECK(bearer_challenge({"insufficient_scope", "", {"a", "b"}}) ==
        "Bearer realm=\"logto-proxy\", error=\"insufficient_scope\", scope=\"a b\"");
  CHECK(bearer_challenge({"e", "quote \" back \\ line\r\nend"}) ==
        "Bearer realm=\"logto-proxy\", error=\"e\", error_description=\"quote ? back ? line??end\"");
}
