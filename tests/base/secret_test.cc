#include "base/secret.h"

#include <doctest/doctest.h>

#include <ostream>
#include <type_traits>

namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

}  // namespace

static_assert(!Printable<lp::Secret>, "a secret does not print");
static_assert(!std::is_convertible_v<lp::Secret, std::string>);
static_assert(std::is_nothrow_move_constructible_v<lp::Secret>);

TEST_CASE("a secret moves, leaves nothing behind and stays itself when copied") {
  for (const std::string bytes : {"short", "one that is longer than any small string buffer is"}) {
    lp::Secret first(bytes);
    lp::Secret second(std::move(first));
    CHECK(first.empty());  // NOLINT(bugprone-use-after-move)
    CHECK(second.reveal() == bytes);
    lp::Secret third(std::string("previous"));
    third = std::move(second);
    CHECK(second.empty());  // NOLINT(bugprone-use-after-move)
    lp::Secret fourth;
    fourth = third;
    CHECK(fourth.reveal() == bytes);
    const lp::Secret& same = fourth;
    fourth = same;
    CHECK(fourth.reveal() == bytes);
    CHECK(third.reveal() == bytes);
  }
}

TEST_CASE("the bytes of a moved short secret are gone from where it was") {
  lp::Secret first(std::string("short one"));
  const char* const was_at = first.reveal().data();
  const lp::Secret second(std::move(first));
  CHECK(was_at[0] == '\0');
  CHECK(was_at[4] == '\0');
}

TEST_CASE("secrets compare by bytes and length") {
  const lp::Secret secret(std::string("abc"));
  CHECK(secret.equals("abc"));
  CHECK_FALSE(secret.equals("abd"));
  CHECK_FALSE(secret.equals("ab"));
  CHECK_FALSE(secret.equals("abcd"));
  CHECK_FALSE(secret.equals(""));
  CHECK(lp::equal_constant_time("", ""));
}
