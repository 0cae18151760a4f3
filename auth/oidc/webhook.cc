#include "auth/oidc/webhook.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "auth/jose/json_strict.h"
#include "base/check.h"
#include "base/crypto.h"
#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::json;
using token_rules::kLeewayS;
using token_rules::Verdict;

// Far beyond what Logto's database and its own JSON reader hold: else a user whose custom data is nested deeply could
// not be signed out.
constexpr std::size_t kMaxWebhookDepth = 100'000;
constexpr std::size_t kSignatureDigits = 64;

Verdict judge_signature(std::string_view body, const std::vector<std::string_view>& signatures, const Secret& key) {
  if (auto form = judge_signature_form(signatures); !form) return form;
  const std::string expected = hex_encode(hmac_sha256(key, body));
  return equal_constant_time(signatures.front(), expected) ? Verdict{}
                                                           : broken_rule("signature", "signature does not hold");
}

const json* object_member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || !found->is_object() ? nullptr : &*found;
}
const std::string* text_in(const json& body, const char* object, const char* name) {
  const json* inner = object_member(body, object);
  return inner == nullptr ? nullptr : string_member(*inner, name);
}

// Date.prototype.toISOString of ECMA-262 21.4.1.32, the one form that Logto writes: 2026-11-22T03:10:25.833Z.
std::optional<std::int64_t> iso_time_ms(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00.000Z";
  if (text.size() != kForm.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kForm[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != kForm[i]) return std::nullopt;
  }
  const auto part = [&](std::size_t at, std::size_t count) {
    int value = 0;
    for (const char c : text.substr(at, count)) value = value * 10 + (c - '0');
    return value;
  };
  const std::chrono::year_month_day date{std::chrono::year(part(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(part(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(part(8, 2)))};
  const int hour = part(11, 2), minute = part(14, 2), second = part(17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + part(20, 3);
}

Verdict read_name(const json& body, WebhookEvent& event) {
  const std::string* name = string_member(body, "event");
  if (!token_rules::is_identifier(name)) return broken_rule("event", "event is missing or of the wrong form");
  event.name = *name;
  return {};
}

Verdict read_time(const json& body, std::int64_t now_s, WebhookEvent& event) {
  const std::string* text = string_member(body, "createdAt");
  const auto time_ms = text == nullptr ? std::nullopt : iso_time_ms(*text);
  if (!time_ms) return broken_rule("created_at", "createdAt is missing or of the wrong form");
  const double age_s = static_cast<double>(now_s) - static_cast<double>(*time_ms) / 1000;
  if (*time_ms > (now_s + kLeewayS) * 1000) {
    return broken_rule("created_at", "event is from the future: " + token_rules::ahead_text(-age_s));
  }
  if (*time_ms < (now_s - kMaxWebhookAgeS) * 1000) {
    return broken_rule("age", "event is too old: " + token_rules::old_text(age_s));
  }
  event.created_at_ms = *time_ms;
  event.remember_until_s = *time_ms / 1000 + kMaxWebhookAgeS + 1;
  return {};
}

// "Send test payload" in Logto's console is signed as the real ones and must see a 2xx, but is of no user.
bool is_test_payload(const json& body) {
  const std::string* result = text_in(body, "data", "result");
  const std::string* id = text_in(body, "params", "id");
  return result != nullptr && *result == "success" && id != nullptr && *id == "fake-id";
}

// Deleted: the user as it was; Suspended: the user as it is now. Both came by a route with the id in it.
Verdict read_user(const json& body, WebhookEvent& event) {
  const std::string* id = text_in(body, "data", "id");
  const std::string* of_route = text_in(body, "params", "userId");
  if (id != nullptr && of_route != nullptr && *id != *of_route) return broken_rule("user", "event names two users");
  const std::string* user = id != nullptr ? id : of_route;
  if (!token_rules::is_identifier(user)) return broken_rule("user", "event names no user");
  event.user_id = *user;
  return {};
}

// The same event is sent when a suspension is lifted.
Result<bool, RuleError> is_suspended(const json& body) {
  const json* user = object_member(body, "data");
  const bool known = user != nullptr && user->contains("isSuspended") && user->at("isSuspended").is_boolean();
  if (!known) return broken_rule("user", "event does not say whether the user is suspended");
  return user->at("isSuspended").get<bool>();
}

Verdict read_who_leaves(const json& body, WebhookEvent& event) {
  const bool deleted = event.name == "User.Deleted";
  if (!deleted && event.name != "User.SuspensionStatus.Updated") return {};
  if (is_test_payload(body)) return {};
  if (deleted) return read_user(body, event);
  auto suspended = is_suspended(body);
  if (!suspended) return suspended.error();
  return *suspended ? read_user(body, event) : Verdict{};
}

}  // namespace

// Exactly one: of two, another reader may have believed the other. In the lower-case hex that Logto writes.
Result<void, RuleError> judge_signature_form(const std::vector<std::string_view>& signatures) {
  if (signatures.size() != 1) return broken_rule("signature", "not exactly one signature header");
  const std::string_view text = signatures.front();
  const bool is_hex = text.size() == kSignatureDigits && text.find_first_not_of("0123456789abcdef") == text.npos;
  return is_hex ? Verdict{} : broken_rule("signature", "signature is no SHA-256 in hex");
}

Result<WebhookEvent, RuleError> judge_webhook(std::string_view body, const std::vector<std::string_view>& signatures,
                                              const Secret& key, std::int64_t now_s) {
  LP_CHECK(!key.empty(), "a webhook is judged without a key");
  if (body.size() > kMaxWebhookBytes) return broken_rule("size", "event is too long");
  if (auto signature = judge_signature(body, signatures, key); !signature) return signature.error();
  auto members = parse_json_strict(body, kMaxWebhookBytes, kMaxWebhookDepth);
  if (!members) return broken_rule("body", members.error().message);
  if (!members->is_object()) return broken_rule("body", "event is not an object");
  WebhookEvent event;
  event.delivery_id = signatures.front();
  if (auto name = read_name(*members, event); !name) return name.error();
  if (auto time = read_time(*members, now_s, event); !time) return time.error();
  if (auto who = read_who_leaves(*members, event); !who) return who.error();
  return event;
}

}  // namespace lp
