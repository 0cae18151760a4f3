#include "auth/cookies/sign_in_state.h"

#include <doctest/doctest.h>

using namespace lp;

namespace {

CookieSealer sealer(char key = 's') {
  return CookieSealer({Secret(std::string(32, key))}, CookiePurpose::state, "default");
}
const std::string kNonce(kXaesNonceBytes, 'n');

}  // namespace

TEST_CASE("a state of ours can be read back") {
  const std::string text = make_state({1'795'317'047, true, 12, "/wiki?a=1.2#x"}, sealer(), kNonce);
  CHECK(text.size() <= 512);
  const auto state = read_state(text, sealer());
  REQUIRE(state);
  CHECK(state->made_at_s == 1'795'317'047);
  CHECK(state->fresh_start);
  CHECK(state->route == 12);
  CHECK(state->return_to == "/wiki?a=1.2#x");
}

TEST_CASE("a target that is too long is left out") {
  const std::string longest = "/" + std::string(kMaxReturnToInStateBytes - 1, 'a');
  const std::string text = make_state({9'999'999'999, false, 999'999, longest}, sealer(), kNonce);
  CHECK(text.size() <= 512);
  CHECK(read_state(text, sealer())->return_to == longest);
  CHECK(read_state(make_state({1, false, 0, longest + "a"}, sealer(), kNonce), sealer())->return_to == "/");
}

TEST_CASE("a state of nobody's making is none") {
  const std::string text = make_state({1, false, 0, "/"}, sealer(), kNonce);
  CHECK_FALSE(read_state("", sealer()));
  CHECK_FALSE(read_state("abc", sealer()));
  CHECK_FALSE(read_state(text.substr(1), sealer()));
  CHECK_FALSE(read_state(text, sealer('x')));
  CHECK_FALSE(read_state(std::string(513, 'A'), sealer()));
  const CookieSealer other_purpose({Secret(std::string(32, 's'))}, CookiePurpose::session, "default");
  CHECK_FALSE(read_state(make_state({1, false, 0, "/"}, other_purpose, kNonce), sealer()));
}
