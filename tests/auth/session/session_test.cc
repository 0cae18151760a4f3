#include "auth/session/session.h"
#include "auth/session/session_times.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <limits>

using namespace lp;

namespace {

constexpr std::int64_t kNow = 1'795'317'047;

Session example() {
  Session session;
  session.sub = "lwtmkqwne84w";
  session.sid = "8voj";
  session.claims = {{"name", "Alice"}, {"roles", {"editor"}}};
  session.refresh_token = Secret("refresh-token");
  session.id = "0123456789abcdef";
  session.signed_in_at_ms = kNow * 1000 + 7;
  session.tokens_expire_at_s = kNow + 3600;
  session.nonce_hash = "hash";
  session.validated_at_s = kNow;
  session.sealed_at_s = kNow;
  session.generation = 7;
  return session;
}

std::string cbor(const nlohmann::json& value) {
  std::string bytes;
  nlohmann::json::to_cbor(value, bytes);
  return bytes;
}

nlohmann::json members() {
  return nlohmann::json::array({3, "sub", "sid", nlohmann::json::object(), "", 1, 2, 3, 4, "id", "hash", 5, 6});
}

nlohmann::json with_patreon(const nlohmann::json& member) {
  nlohmann::json all = members();
  all.push_back(member);
  return all;
}

}  // namespace

TEST_CASE("a session survives encoding and decoding") {
  const Session before = example();
  const Result<Session> after = decode_session(encode_session(before));
  REQUIRE(after);
  CHECK(after->sub == before.sub);
  CHECK(after->sid == before.sid);
  CHECK(after->claims == before.claims);
  CHECK(after->refresh_token.equals("refresh-token"));
  CHECK(after->signed_in_at_ms == before.signed_in_at_ms);
  CHECK(after->id == before.id);
  CHECK(after->tokens_expire_at_s == before.tokens_expire_at_s);
  CHECK(after->nonce_hash == "hash");
  CHECK(after->generation == 7);
}

TEST_CASE("claims beyond ASCII and even broken UTF-8 survive") {
  Session session = example();
  (*session.claims)["name"] = "花子";
  session.sub = "a\xff";
  const Result<Session> after = decode_session(encode_session(session));
  REQUIRE(after);
  CHECK((*after->claims)["name"] == "花子");
  CHECK(after->sub == session.sub);
}

TEST_CASE("what Patreon has said stands in a session of its own form, and only where it was asked") {
  Session session = example();
  const std::string without = encode_session(session);
  CHECK(nlohmann::json::from_cbor(without).size() == 13);
  CHECK(decode_session(without)->patreon == nullptr);
  const PatreonStanding standing{
      PatreonStanding::Kind::known, kNow * 1000, {{"100", "active_patron", 500, {{"7", "金"}, {"8", ""}}}}};
  for (const auto kind : {PatreonStanding::Kind::known, PatreonStanding::Kind::no_account}) {
    PatreonStanding written = standing;
    written.kind = kind;
    session.patreon = std::make_shared<const PatreonStanding>(written);
    const Result<Session> after = decode_session(encode_session(session));
    REQUIRE(after);
    REQUIRE(after->patreon);
    CHECK(*after->patreon == written);
  }
}

TEST_CASE("what is not exactly a session is refused") {
  struct Case {
    const char* what;
    nlohmann::json value;
  };
  nlohmann::json wrong_version = members();
  wrong_version[0] = 1;
  nlohmann::json no_subject = members();
  no_subject[1] = "";
  nlohmann::json no_id = members();
  no_id[9] = "";
  nlohmann::json claims_list = members();
  claims_list[3] = nlohmann::json::array();
  nlohmann::json negative_time = members();
  negative_time[5] = -1;
  nlohmann::json fraction = members();
  fraction[6] = 1.5;
  nlohmann::json far_future = members();
  far_future[7] = std::numeric_limits<std::uint64_t>::max();
  nlohmann::json too_many = members();
  too_many.push_back(1);
  const Case cases[] = {{"another version", wrong_version},
                        {"no subject", no_subject},
                        {"no id", no_id},
                        {"claims as a list", claims_list},
                        {"a negative time", negative_time},
                        {"a time with a fraction", fraction},
                        {"a time past all clocks", far_future},
                        {"a member too many", too_many},
                        {"Patreon's word without memberships", with_patreon({1, true})},
                        {"a membership without a campaign", with_patreon({1, true, {{"active_patron", 1}}})},
                        {"a tier without a title",
                         with_patreon({1, true, {{"100", "active_patron", 1, nlohmann::json::array({{"7"}})}}})},
                        {"cents that are a text", with_patreon({1, true, {{"100", "", "1", nlohmann::json::array()}}})},
                        {"an object", nlohmann::json::object()},
                        {"a number", 1}};
  REQUIRE(decode_session(cbor(members())));
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK_FALSE(decode_session(cbor(c.value)));
  }
  CHECK_FALSE(decode_session(""));
  CHECK_FALSE(decode_session(cbor(members()) + "x"));
  CHECK_FALSE(decode_session(cbor(members()).substr(0, 10)));
}

TEST_CASE("deep nesting is refused before it costs stack") {
  CHECK_FALSE(decode_session(std::string(kMaxSessionBytes, '\x81')));
  CHECK_FALSE(decode_session(std::string(kMaxSessionBytes + 1, '\x01')));
}

TEST_CASE("a session ages in steps") {
  Settings settings;
  settings.session.idle_timeout_ms = 1000 * kSecond;
  settings.session.max_lifetime_ms = 5000 * kSecond;
  settings.session.revalidate_ms = 300 * kSecond;
  Session session = example();
  session.signed_in_at_ms = kNow * 1000;
  session.refresh_token = Secret();
  struct Case {
    std::int64_t after_s;
    SessionAge age;
    bool reseal;
    std::int64_t valid_until_s;  // after kNow
  };
  const Case cases[] = {{0, SessionAge::fresh, false, 100},
                        {99, SessionAge::fresh, false, 100},
                        {100, SessionAge::due_for_reseal, true, 300},
                        {299, SessionAge::due_for_reseal, true, 300},
                        {300, SessionAge::due_for_revalidation, true, 1000},
                        {999, SessionAge::due_for_revalidation, true, 1000},
                        {1000, SessionAge::expired, true, 0}};
  for (const Case& c : cases) {
    CAPTURE(c.after_s);
    CHECK(session_age(session, settings, kNow + c.after_s) == c.age);
    CHECK(wants_reseal(session, settings, kNow + c.after_s) == c.reseal);
    if (c.valid_until_s > 0) CHECK(age_valid_until_s(session, settings, kNow + c.after_s) == kNow + c.valid_until_s);
  }
}

TEST_CASE("activity never moves the absolute end") {
  Settings settings;
  settings.session.max_lifetime_ms = 5000 * kSecond;
  Session session = example();
  session.signed_in_at_ms = kNow * 1000;
  session.tokens_expire_at_s = kNow + 9000;
  session.sealed_at_s = session.validated_at_s = kNow + 4999;
  CHECK(session_age(session, settings, kNow + 4999) == SessionAge::fresh);
  CHECK(session_age(session, settings, kNow + 5000) == SessionAge::expired);
}

TEST_CASE("with long idle times the cookie is written at most every five minutes") {
  Settings settings;  // 24 h
  CHECK_FALSE(wants_reseal(example(), settings, kNow + 299));
  CHECK(wants_reseal(example(), settings, kNow + 300));
}

TEST_CASE("times past 2038 hold") {
  Settings settings;
  Session session = example();
  session.signed_in_at_ms = 5'000'000'000'000;
  session.validated_at_s = session.sealed_at_s = 5'000'000'000;
  session.tokens_expire_at_s = 5'000'003'600;
  CHECK(session_age(session, settings, 5'000'000'001) == SessionAge::fresh);
  const Result<Session> after = decode_session(encode_session(session));
  REQUIRE(after);
  CHECK(after->signed_in_at_ms == 5'000'000'000'000);
}

TEST_CASE("a refresh token lets a session be proven again before it is in doubt") {
  struct Case {
    const char* what;
    std::int64_t tokens_live_s;
    std::int64_t revalidate_s;
    std::int64_t early_s;
    std::int64_t refresh_after_s;
    std::int64_t must_after_s;
  };
  const Case cases[] = {
      {"the tokens run out first", 3600, 7200, 60, 3540, 3600},
      {"revalidation is due first", 3600, 600, 60, 540, 600},
      {"a lead longer than half of the time is cut", 100, 7200, 60, 50, 100},
      {"no lead", 3600, 7200, 0, 3600, 3600},
      {"tokens that live for a second", 1, 7200, 60, 1, 1},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    Settings settings;
    settings.session.revalidate_ms = c.revalidate_s * kSecond;
    settings.logto.refresh_early_ms = c.early_s * kSecond;
    Session session = example();
    session.tokens_expire_at_s = kNow + c.tokens_live_s;
    const auto age = [&](std::int64_t after_s) { return session_age(session, settings, kNow + after_s); };
    CHECK(age(c.refresh_after_s - 1) != SessionAge::due_for_refresh);
    if (c.refresh_after_s < c.must_after_s) CHECK(age(c.refresh_after_s) == SessionAge::due_for_refresh);
    CHECK(age(c.must_after_s - 1) != SessionAge::must_refresh);
    CHECK(age(c.must_after_s) == SessionAge::must_refresh);
    CHECK(session_times(session, settings).tokens_end_at_s == kNow + c.tokens_live_s);
  }
}
