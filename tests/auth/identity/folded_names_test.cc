#include "auth/identity/folded_names.h"

#include <doctest/doctest.h>

#include <string>

using lp::FoldedNames;

TEST_CASE("folded names are found in every spelling, others that begin alike are not") {
  FoldedNames names;
  names.add("x-user");
  names.add("proxy");
  for (const char* name : {"X-User", "x_user", "X.USER", "Proxy"}) CHECK(names.contains(name));
  for (const char* name : {"", "x", "x-", "x-u", "x-users", "x-uses", "prox", "proxys", "prory"}) {
    CHECK_FALSE(names.contains(name));
  }
}

TEST_CASE("a beginning stands for all that begin so, however short it is") {
  for (const std::string beginning : {"x-", "ab-", "x-forwarded-"}) {
    FoldedNames names;
    names.add(beginning);
    CAPTURE(beginning);
    for (char third = 'a'; third <= 'z'; ++third) CHECK(names.contains(beginning + third + "y"));
    CHECK(names.contains(beginning + "_"));
    CHECK(names.contains(beginning));
    CHECK_FALSE(names.contains(beginning.substr(0, beginning.size() - 1)));
    CHECK_FALSE(names.contains("y" + beginning + "z"));
  }
}

TEST_CASE("a name that was taken out again is not found, the others are") {
  FoldedNames names;
  names.add("x-user");
  names.add("x-usher");
  names.remove("X-User");
  CHECK_FALSE(names.contains("x-user"));
  CHECK(names.contains("x-usher"));
}
