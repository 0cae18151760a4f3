#include "proxy/acme/token.h"

#include <doctest/doctest.h>

#include <string>

#include "proxy/acme/challenges.h"
#include "proxy/acme/hook_message.h"

using namespace lp;

namespace {

const std::string kToken = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
const std::string kThumbprint = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
const std::string kAnswer = kToken + "." + kThumbprint;

}  // namespace

TEST_CASE("the token that is asked for, and nothing that only looks like one") {
  struct Row {
    std::string path, token;
  };
  const std::string at = "/.well-known/acme-challenge/";
  const Row rows[] = {
      {at + kToken, kToken},
      {at + "a", "a"},
      {at, ""},
      {at + kToken + "/", ""},
      {at + kToken + "?", ""},
      {at + kToken + "?x=y", ""},
      {at + "../" + kToken, ""},
      {at + "..", ""},
      {at + "%2e%2e", ""},
      {at + ".key", ""},
      {at + kToken + ".txt", ""},
      {at + std::string("a\0b", 3), ""},
      {at + std::string(128, 'a'), std::string(128, 'a')},
      {at + std::string(129, 'a'), ""},
      {"/.well-known/acme-challenge", ""},
      {"/.WELL-KNOWN/acme-challenge/" + kToken, ""},
      {"//.well-known/acme-challenge/" + kToken, ""},
      {"/x/.well-known/acme-challenge/" + kToken, ""},
      {"http://app.test" + at + kToken, ""},
      {"*", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    CHECK(acme_token_in(row.path) == row.token);
  }
}

TEST_CASE("a key authorization is of its token") {
  CHECK(is_key_authorization(kAnswer, kToken));
  CHECK_FALSE(is_key_authorization(kAnswer, "other"));
  CHECK_FALSE(is_key_authorization(kAnswer + "x", kToken));
  CHECK_FALSE(is_key_authorization(kToken + "." + kThumbprint.substr(1), kToken));
  CHECK_FALSE(is_key_authorization(kToken + "-" + kThumbprint, kToken));
  CHECK_FALSE(is_key_authorization(kToken + "." + std::string(42, 'a') + "\n", kToken));
  CHECK_FALSE(is_key_authorization("." + kThumbprint, ""));
}

TEST_CASE("only tokens that are there now are answered") {
  AcmeChallenges challenges;
  CHECK(challenges.is_empty());
  CHECK(challenges.find(kToken).empty());
  CHECK_FALSE(challenges.put(kToken, "<script>"));
  CHECK_FALSE(challenges.put("../x", "../x." + kThumbprint));
  REQUIRE(challenges.put(kToken, kAnswer));
  CHECK(challenges.find(kToken) == kAnswer);
  CHECK(challenges.find("").empty());
  challenges.take_out("other");
  CHECK_FALSE(challenges.is_empty());
  challenges.take_out(kToken);
  CHECK(challenges.find(kToken).empty());
  CHECK(challenges.is_empty());
  int taken = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string token = "t" + std::to_string(i);
    taken += challenges.put(token, token + "." + kThumbprint) ? 1 : 0;
  }
  CHECK(taken == 64);
  challenges.clear();
  CHECK(challenges.is_empty());
}

TEST_CASE("what a hook says is taken where it is just that") {
  const auto said = [](const std::string& text) { return parse_hook_message(text); };
  const std::string rest = "\napp.test\n" + kToken + "\n" + kAnswer + "\n";
  const auto begun = said("begin\nhttp-01" + rest);
  REQUIRE(begun);
  CHECK(begun->kind == HookMessage::Kind::begin);
  CHECK(begun->host == "app.test");
  CHECK(begun->token == kToken);
  CHECK(begun->key_authorization == kAnswer);
  REQUIRE(said("done\nhttp-01" + rest));
  CHECK(said("done\nhttp-01" + rest)->kind == HookMessage::Kind::end);
  CHECK(said("failed\nhttp-01" + rest)->kind == HookMessage::Kind::end);
  CHECK_FALSE(said("begin\ndns-01" + rest));
  CHECK_FALSE(said("begin\ntls-alpn-01" + rest));
  CHECK_FALSE(said("stop\nhttp-01" + rest));
  CHECK_FALSE(said("begin\nhttp-01" + rest + "more\n"));
  CHECK_FALSE(said("begin\nhttp-01\napp.test\n" + kToken + "\n"));
  CHECK_FALSE(said("begin\nhttp-01\napp.test\nother\n" + kAnswer + "\n"));
  CHECK_FALSE(said(""));
  CHECK_FALSE(said(std::string(2000, '\n')));
}
