#include "auth/session/cookie_generations.h"

#include <doctest/doctest.h>

#include <string>

using namespace lp;

TEST_CASE("an older cookie is stale once a newer one was written") {
  CookieGenerations generations;
  CHECK_FALSE(generations.is_stale("a", 0, 100));
  generations.wrote("a", 5, 100);
  CHECK(generations.is_stale("a", 4, 100));
  CHECK_FALSE(generations.is_stale("a", 5, 100));
  CHECK_FALSE(generations.is_stale("a", 6, 100));
  CHECK_FALSE(generations.is_stale("b", 0, 100));
}

TEST_CASE("what was written only grows") {
  CookieGenerations generations;
  generations.wrote("a", 5, 100);
  generations.wrote("a", 3, 90);
  CHECK(generations.is_stale("a", 4, 100));
  CHECK(generations.last_written_at_s("a") == 100);
  CHECK(generations.last_written_at_s("b") == 0);
}

TEST_CASE("no cookie of a session that another has replaced is written any more") {
  CookieGenerations generations;
  generations.superseded("a", 100);
  CHECK(generations.is_stale("a", 1'000'000, 100));
}

TEST_CASE("a browser that never got the new cookie has its old one written again, once no answer is under way") {
  CookieGenerations generations;
  generations.wrote("a", 5, 90);
  generations.superseded("a", 100);
  CHECK(generations.is_stale("a", 6, 100 + CookieGenerations::kSlowestAnswerS - 1));
  CHECK_FALSE(generations.is_stale("a", 6, 100 + CookieGenerations::kSlowestAnswerS));
  CHECK(generations.is_stale("a", 4, 100 + CookieGenerations::kSlowestAnswerS));
}

TEST_CASE("bounded: the session that came first is forgotten first") {
  CookieGenerations generations(2);
  for (const char* id : {"a", "b", "c"}) generations.wrote(id, 9, 1);
  CHECK_FALSE(generations.is_stale("a", 1, 100));
  CHECK(generations.is_stale("b", 1, 100));
  CHECK(generations.is_stale("c", 1, 100));
}
