#include "auth/session/refreshed.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <vector>

using namespace lp;
using nlohmann::json;

namespace {

constexpr std::int64_t kNow = 1'795'317'047;

Refreshed example() {
  Refreshed refreshed;
  refreshed.claims = {{"name", "Alice"}, {"roles", {"editor"}}};
  refreshed.refresh_token = Secret("RT2");
  refreshed.sid = "sid";
  refreshed.tokens_expire_at_s = kNow + 3600;
  refreshed.validated_at_s = kNow;
  refreshed.generation = 7;
  return refreshed;
}

std::string cbor(const json& value) {
  std::string bytes;
  json::to_cbor(value, bytes);
  return bytes;
}

json members() { return json::array({1, json::object(), "RT", "sid", 5, 4, 3}); }

json changed(std::size_t index, json value) {
  json made = members();
  made[index] = std::move(value);
  return made;
}

TokenSet tokens(std::int64_t expires_in_s) { return {Secret("ID"), Secret("AT"), Secret("RT"), expires_in_s}; }

}  // namespace

TEST_CASE("the outcome of a refresh survives encoding and decoding") {
  const Refreshed before = example();
  const auto after = decode_refreshed(encode_refreshed(before));
  REQUIRE(after);
  CHECK(after->claims == before.claims);
  CHECK(after->refresh_token.equals("RT2"));
  CHECK(after->sid == "sid");
  CHECK(after->tokens_expire_at_s == before.tokens_expire_at_s);
  CHECK(after->validated_at_s == before.validated_at_s);
  CHECK(after->generation == 7);
}

TEST_CASE("what is not exactly the outcome of a refresh is refused") {
  REQUIRE(decode_refreshed(cbor(members())));
  struct Row {
    const char* what;
    std::string bytes;
  };
  json more = members();
  more.push_back(1);
  json fewer = members();
  fewer.erase(6);
  const std::vector<Row> rows = {
      {"nothing", ""},
      {"no CBOR", "x"},
      {"bytes behind it", cbor(members()) + "x"},
      {"cut", cbor(members()).substr(0, 8)},
      {"an object", cbor(json::object())},
      {"another version", cbor(changed(0, 2))},
      {"one member more", cbor(more)},
      {"one member less", cbor(fewer)},
      {"claims that are no object", cbor(changed(1, json::array()))},
      {"a token that is a number", cbor(changed(2, 1))},
      {"a sid that is null", cbor(changed(3, nullptr))},
      {"a time that is text", cbor(changed(4, "5"))},
      {"a time beyond all times", cbor(changed(5, std::numeric_limits<std::int64_t>::max()))},
      {"a generation below zero", cbor(changed(6, -1))},
      {"too long", cbor(changed(2, std::string(kMaxSessionBytes, 'x')))},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK_FALSE(decode_refreshed(row.bytes));
  }
}

TEST_CASE("a refreshed session is the same session with new tokens") {
  Session session;
  session.id = "id";
  session.sub = "alice";
  session.sid = "old-sid";
  session.nonce_hash = "hash";
  session.signed_in_at_ms = kNow * 1000;
  session.generation = 3;
  Refreshed refreshed = example();
  const Session after = with_refreshed(session, refreshed);
  CHECK(after.id == "id");
  CHECK(after.sub == "alice");
  CHECK(after.nonce_hash == "hash");
  CHECK(after.signed_in_at_ms == kNow * 1000);
  CHECK(after.refresh_token.equals("RT2"));
  CHECK(after.sid == "sid");
  CHECK(after.generation == 7);

  refreshed.sid = "";
  refreshed.generation = 1;
  CHECK(with_refreshed(session, refreshed).sid == "old-sid");
  CHECK(with_refreshed(session, refreshed).generation == 3);  // only grows
  CHECK(with_successor(session, Secret("S")).refresh_token.equals("S"));
  CHECK(with_successor(session, Secret("S")).generation == 3);
}

TEST_CASE("tokens run out with the first of them, never in the past") {
  struct Row {
    std::int64_t exp, expires_in_s, expected;
  };
  for (const Row& row : {Row{kNow + 3600, 0, kNow + 3600}, Row{kNow + 3600, 60, kNow + 60},
                         Row{kNow + 60, 3600, kNow + 60}, Row{kNow - 100, 3600, kNow + 1}, Row{kNow, 0, kNow + 1}}) {
    CAPTURE(row.exp);
    CHECK(tokens_expire_at_s(json{{"exp", row.exp}}, tokens(row.expires_in_s), kNow) == row.expected);
  }
  CHECK(tokens_expire_at_s(json{{"exp", double(kNow) + 9.9}}, tokens(0), kNow) == kNow + 9);
}

TEST_CASE("what an error of the token endpoint is for a session") {
  using From = TokenError::Kind;
  using Kind = RefreshFailure::Kind;
  struct Row {
    From from;
    Kind kind;
    const char* rule;
  };
  for (const Row& row :
       {Row{From::invalid_grant, Kind::ended, "invalid_grant"}, Row{From::access_denied, Kind::ended, "access_denied"},
        Row{From::client_credentials, Kind::client_credentials, "client_credentials"},
        Row{From::provider_unavailable, Kind::unavailable, "provider_unavailable"},
        Row{From::protocol, Kind::unavailable, "token_reply"}}) {
    CAPTURE(row.rule);
    const RefreshFailure failure = refresh_failure({row.from, "why"});
    CHECK(failure.kind == row.kind);
    CHECK(failure.rule == row.rule);
    CHECK(failure.message == "why");
    CHECK(failure.successor.empty());
  }
}
