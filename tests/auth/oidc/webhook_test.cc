#include "auth/oidc/webhook.h"

#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "base/crypto.h"
#include "base/encoding.h"

using namespace lp;
using nlohmann::json;

namespace {

constexpr std::int64_t kNow = 1'795'317'026;  // 2026-11-22T03:10:26Z
const Secret& key() {
  static const Secret instance("the-signing-key-of-the-hook");
  return instance;
}

// As Logto sends them: its own member names and order do not matter, the bytes that it signed do.
json deleted() {
  return {{"event", "User.Deleted"},
          {"createdAt", "2026-11-22T03:10:25.833Z"},
          {"userAgent", "curl/8"},
          {"ip", "127.0.0.1"},
          {"path", "/users/user1"},
          {"method", "DELETE"},
          {"status", 204},
          {"params", {{"userId", "user1"}}},
          {"matchedRoute", "/users/:userId"},
          {"data", {{"id", "user1"}, {"username", nullptr}, {"isSuspended", false}, {"customData", json::object()}}},
          {"hookId", "hook1"}};
}
json suspension(bool suspended) {
  json event = deleted();
  event["event"] = "User.SuspensionStatus.Updated";
  event["data"]["isSuspended"] = suspended;
  return event;
}

std::string signature_of(const std::string& body, const Secret& with = key()) {
  return hex_encode(hmac_sha256(with, body));
}
Result<WebhookEvent, RuleError> judge(const std::string& body, std::int64_t now_s = kNow) {
  const std::string signature = signature_of(body);
  return judge_webhook(body, {signature}, key(), now_s);
}
std::string outcome(const json& event) {
  auto judged = judge(event.dump());
  if (!judged) return "refused: " + judged.error().rule;
  return judged->user_id.empty() ? "nothing" : "ends " + judged->user_id;
}

struct Change {
  std::string name;
  std::string outcome;
  std::function<void(json&)> apply;
};

}  // namespace

TEST_CASE("deleted and suspended users leave, and nobody else") {
  CHECK(outcome(deleted()) == "ends user1");
  CHECK(outcome(suspension(true)) == "ends user1");
  CHECK(outcome(suspension(false)) == "nothing");
  for (const char* name : {"User.Data.Updated", "User.Created", "PostSignIn", "Role.Deleted", "user.deleted",
                           "Organization.Membership.Updated", "Grant.LimitExceeded"}) {
    CAPTURE(name);
    json event = deleted();
    event["event"] = name;
    CHECK(outcome(event) == "nothing");
  }
}

TEST_CASE("an accepted event says when it was made and how to know a copy of it") {
  const std::string body = deleted().dump();
  auto judged = judge(body);
  REQUIRE(judged);
  CHECK(judged->name == "User.Deleted");
  CHECK(judged->created_at_ms == 1'795'317'025'833);
  CHECK(judged->delivery_id == signature_of(body));
  CHECK(judge(body, judged->remember_until_s + 1).error().rule == "age");
  CHECK(judge(body, judged->remember_until_s + 1).error().message ==
        "event is too old: 3601 s old by this machine's clock");
  CHECK(judge(body, judged->created_at_ms / 1000 - 599).error().message ==
        "event is from the future: 599 s ahead of this machine's clock");
}

TEST_CASE("each rule about the body is kept") {
  const Change changes[] = {
      {"no data, as before the user was put into it", "ends user1", [](json& e) { e["data"] = nullptr; }},
      {"no route", "ends user1", [](json& e) { e.erase("params"); }},
      {"neither", "refused: user", [](json& e) { e.erase("params"), e.erase("data"); }},
      {"two different users", "refused: user", [](json& e) { e["params"]["userId"] = "user2"; }},
      {"user a number", "refused: user", [](json& e) { e["data"]["id"] = 7, e["params"]["userId"] = 7; }},
      {"user empty", "refused: user", [](json& e) { e["data"]["id"] = "", e["params"]["userId"] = ""; }},
      {"user with a line break", "refused: user",
       [](json& e) { e["data"]["id"] = "a\nb", e["params"]["userId"] = "a\nb"; }},
      {"user of 256 characters", "refused: user",
       [](json& e) { e["data"]["id"] = std::string(256, 'a'), e.erase("params"); }},
      {"Logto's test payload", "nothing",
       [](json& e) {
         e["path"] = "/fake-path/:id";
         e["params"] = {{"id", "fake-id"}};
         e["data"] = {{"result", "success"}};
       }},
      {"event missing", "refused: event", [](json& e) { e.erase("event"); }},
      {"event a list", "refused: event", [](json& e) { e["event"] = json::array({"User.Deleted"}); }},
      {"event with a line break", "refused: event", [](json& e) { e["event"] = "User.Deleted\n"; }},
      {"time missing", "refused: created_at", [](json& e) { e.erase("createdAt"); }},
      {"time a number", "refused: created_at", [](json& e) { e["createdAt"] = kNow * 1000; }},
      {"time without a zone", "refused: created_at", [](json& e) { e["createdAt"] = "2026-11-22T03:10:25.833"; }},
      {"time of a day that is none", "refused: created_at",
       [](json& e) { e["createdAt"] = "2026-02-30T03:10:25.833Z"; }},
      {"time of an hour that is none", "refused: created_at",
       [](json& e) { e["createdAt"] = "2026-11-22T24:10:25.833Z"; }},
      {"time with a sign", "refused: created_at", [](json& e) { e["createdAt"] = "2026-11-22T03:10:-5.833Z"; }},
      {"a minute ahead", "ends user1", [](json& e) { e["createdAt"] = "2026-11-22T03:11:26.000Z"; }},
      {"more than a minute ahead", "refused: created_at", [](json& e) { e["createdAt"] = "2026-11-22T03:11:26.001Z"; }},
      {"an hour old", "ends user1", [](json& e) { e["createdAt"] = "2026-11-22T02:10:26.000Z"; }},
      {"more than an hour old", "refused: age", [](json& e) { e["createdAt"] = "2026-11-22T02:10:25.999Z"; }},
  };
  for (const Change& change : changes) {
    CAPTURE(change.name);
    json event = deleted();
    change.apply(event);
    CHECK(outcome(event) == change.outcome);
  }
}

TEST_CASE("whether a user is suspended must be said") {
  const Change changes[] = {
      {"no data", "refused: user", [](json& e) { e.erase("data"); }},
      {"data without it", "refused: user", [](json& e) { e["data"].erase("isSuspended"); }},
      {"as text", "refused: user", [](json& e) { e["data"]["isSuspended"] = "true"; }},
      {"null", "refused: user", [](json& e) { e["data"]["isSuspended"] = nullptr; }},
      {"true without an id", "refused: user",
       [](json& e) {
         e["data"] = {{"isSuspended", true}};
         e["params"] = json::object();
       }},
      {"Logto's test payload", "nothing",
       [](json& e) {
         e["params"] = {{"id", "fake-id"}};
         e["data"] = {{"result", "success"}};
       }},
  };
  for (const Change& change : changes) {
    CAPTURE(change.name);
    json event = suspension(true);
    change.apply(event);
    CHECK(outcome(event) == change.outcome);
  }
}

TEST_CASE("nothing is read without the one right signature over these very bytes") {
  const std::string body = deleted().dump();
  const std::string good = signature_of(body);
  const std::string of_another_key = signature_of(body, Secret("another key"));
  const std::string upper = [&] {
    std::string text = good;
    for (char& c : text) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
    return text;
  }();
  const struct {
    const char* name;
    std::string body;
    std::vector<std::string_view> signatures;
  } cases[] = {
      {"no header", body, {}},
      {"the header twice", body, {good, good}},
      {"a good and a bad one", body, {of_another_key, good}},
      {"empty", body, {""}},
      {"of another key", body, {of_another_key}},
      {"cut short", body, {std::string_view(good).substr(0, 32)}},
      {"in upper case, which Logto never writes", body, {upper}},
      {"two in one header", body, {"x, y"}},
      {"the body changed in a space", body + " ", {good}},
      {"the body cut short", body.substr(0, body.size() - 1), {good}},
      {"no body", "", {good}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    auto judged = judge_webhook(c.body, c.signatures, key(), kNow);
    REQUIRE_FALSE(judged);
    CHECK(judged.error().rule == "signature");
  }
}

TEST_CASE("a signed body that isn't one strict JSON object is refused") {
  const std::string object = deleted().dump();
  for (const std::string& body : {std::string(), std::string("[]"), std::string("null"), std::string("{"),
                                  object + object, R"({"event":"User.Deleted",)" + object.substr(1)}) {
    CAPTURE(body.substr(0, 40));
    auto judged = judge(body);
    REQUIRE_FALSE(judged);
    CHECK(judged.error().rule == "body");
  }
  CHECK(judge(std::string(kMaxWebhookBytes + 1, ' ')).error().rule == "size");
}

TEST_CASE("no custom data keeps a user from being signed out, however large or deep") {
  json large = suspension(true);
  large["data"]["customData"] = {{"x", std::string(900'000, 'x')}};
  CHECK(outcome(large) == "ends user1");
  const std::string nesting = std::string(50'000, '[') + std::string(50'000, ']');
  std::string deep = suspension(true).dump();
  deep.replace(deep.find(R"("customData":{})"), 15, R"("customData":)" + nesting);
  auto judged = judge(deep);
  REQUIRE(judged);
  CHECK(judged->user_id == "user1");
}
