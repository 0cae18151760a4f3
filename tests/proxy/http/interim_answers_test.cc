#include "proxy/http/interim_answers.h"

#include <doctest/doctest.h>

using namespace lp;

TEST_CASE("a thousand interim answers in a row, and any number of slow ones") {
  InterimAnswers answers;
  for (int i = 0; i < 1000; ++i) CHECK(answers.take(0));
  CHECK_FALSE(answers.take(499));
  CHECK(answers.take(500));
  for (int i = 0; i < 999; ++i) CHECK(answers.take(1));
  CHECK_FALSE(answers.take(1));
  answers.begin();
  CHECK(answers.take(0));
}
