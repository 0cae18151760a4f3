#include "config/guessable.h"

#include <doctest/doctest.h>

#include "base/crypto.h"
#include "base/encoding.h"
#include "config/value.h"
#include "tests/support/config.h"

using namespace lp;
using namespace lp::test;

namespace {

std::string repeated(std::string_view text, std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += text;
  return out.substr(0, bytes);
}

std::string counting(int first, int step) {
  std::string out;
  for (int i = 0; i < 32; ++i) out += static_cast<char>(first + i * step);
  return out;
}

}  // namespace

TEST_CASE("a secret that anybody would try is none") {
  const std::vector<std::pair<const char*, std::string>> rows = {
      {"zero bytes", std::string(32, '\0')},
      {"equal bytes", std::string(48, '\7')},
      {"ascending bytes", counting(1, 1)},
      {"descending bytes", counting(255, -1)},
      {"every second byte", counting(0, 2)},
      {"two bytes in turn", repeated("ab", 40)},
      {"few bytes", "aabacabbaccabacabbaccaabbccabacabb"},
      {"eight random bytes behind zeros", std::string(24, '\0') + "\xd1\x03\x99\x5f\xe0\x71\x2b\x8c"},
      {"a random text repeated", repeated("kU7x/q+Z9pLw", 48)},
      {"a word repeated", repeated("secret", 32)},
      {"a word and what fills it up", "changeme" + std::string(24, 'x')},
      {"words", "please-change-this-session-secret-1234"},
      {"words in capitals", "REPLACE_THIS_WITH_A_RANDOM_STRING_2024"},
      {"digits and letters in order", "0123456789abcdef0123456789abcdef"},
      {"the alphabet", "abcdefghijklmnopqrstuvwxyzABCDEF"},
      {"the example of deploy/forward-auth", "a-secret-of-16-characters-or-more"},
  };
  for (const auto& [name, secret] : rows) {
    CAPTURE(name);
    CHECK(is_guessable(secret));
    CHECK_FALSE(parse_session_secret(base64_encode(secret)).ok());
  }
  for (const auto& text : {repeated("changeme", 44), repeated("secret", 64), std::string(43, 'A'),
                           std::string("OQINaROshtE9TcZkNAm-5Zs2Pv3xaWytBmc5W7sPX7w="),
                           std::string("OQINaROshtE9TcZkNAm+5Zs2Pv3xaWytBmc5W7sPX7w="),
                           std::string("OQINaROshtE9TcZkNAm-5Zs2Pv3xaWytBmc5W7sPX7w"),
                           std::string("OQINaROshtE9TcZkNAm5Zs2Pv3xaWytBmc5W7sPX7ws="),
                           base64_encode("OQINaROshtE9TcZkNAm-5Zs2Pv3xaWytBmc5W7sPX7w=")}) {
    CAPTURE(text);
    const auto parsed = parse_session_secret(text);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().message == kGuessable);
  }
}

TEST_CASE("random bytes, and their hex and base64, are a secret") {
  for (int i = 0; i < 2000; ++i) {
    const std::string bytes = random_bytes(32);
    CHECK_FALSE(is_guessable(bytes));
    CHECK(parse_session_secret(base64_encode(bytes)).ok());
    CHECK(parse_session_secret(base64_encode(hex_encode(bytes))).ok());
    CHECK(parse_session_secret(hex_encode(bytes)).ok());
    CHECK_FALSE(is_guessable(base64_encode(random_bytes(12))));
  }
}

TEST_CASE("each key that we ask a secret for refuses one that can be guessed, and none shows it") {
  const std::string zeros = base64_encode(std::string(32, '\0'));
  CHECK(first_line(problems_of(good_config({{"session", "session: { secret: " + zeros + " }\n"}}))) ==
        "f:3:20: session.secret: " + std::string(kGuessable));
  CHECK(
      first_line(problems_of(good_config({{"session", "session: { secret: [" + kSecretA + ", " + zeros + "] }\n"}}))) ==
      "f:3:67: session.secret: " + std::string(kGuessable));
  CHECK(first_line(problems_of(
            good_config({{"z",
                          "trusted_proxies: [127.0.0.1]\n"
                          "forward_auth: { enabled: true, secret: a-secret-of-16-characters-or-more }\n"}}))) ==
        "f:7:40: forward_auth.secret: " + std::string(kGuessable));
  const auto loaded = parse_config(
      good_config(
          {{"logto",
            "logto: { endpoint: https://t.logto.app, app_id: app, app_secret: s3cret, webhook_secret: changeme }\n"}}),
      "f", usual_environment());
  REQUIRE(loaded.ok());
  REQUIRE(loaded->warnings.size() == 1);
  CHECK(loaded->warnings[0].find("logto.webhook_secret: can be guessed") != std::string::npos);
}
