#include "auth/oidc/token_rules.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "auth/jose/json_strict.h"

namespace lp {

using nlohmann::json;

RuleError broken_rule(std::string rule, std::string message) { return RuleError{std::move(rule), std::move(message)}; }

namespace token_rules {
namespace {

constexpr std::size_t kMaxAudiences = 64;

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

}  // namespace

std::string seconds_text(double seconds) {
  constexpr double kMost = 1e12;
  return std::to_string(static_cast<std::int64_t>(std::clamp(seconds, -kMost, kMost))) + " s";
}

std::string ahead_text(double seconds) { return seconds_text(seconds) + " ahead of this machine's clock"; }

std::string old_text(double seconds) { return seconds_text(seconds) + " old by this machine's clock"; }

std::string expired_text(double seconds_ago) {
  return "has expired " + seconds_text(seconds_ago) + " ago by this machine's clock";
}

std::optional<double> numeric_date(const json& members, const char* name) {
  const auto found = members.find(name);
  if (found == members.end() || !found->is_number()) return std::nullopt;
  const auto value = found->get<double>();
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

bool is_identifier(const std::string* text) {
  return text != nullptr && !text->empty() && text->size() <= kMaxIdentifierBytes && is_printable_ascii(*text);
}

// OIDC Core 3.1.3.7 (7), (8): only algorithms of the allow-list; none of them is symmetric.
Verdict judge_alg(const Jws& jws) {
  return is_allowed_alg(jws.alg) ? Verdict{} : broken_rule("alg", "algorithm is not allowed");
}

// OIDC Core 3.1.3.7 (6). First among the rules, since nothing of an unsigned payload is worth reading.
Verdict judge_signature(const Jws& jws, const Jwks& keys, bool& unknown_key) {
  auto key = keys.select(jws.kid, jws.alg);
  if (!key) {
    unknown_key = !keys.has_kid(jws.kid);
    return broken_rule("key", key.error().message);
  }
  if (auto verified = verify_jws(jws, **key); !verified) return broken_rule("signature", verified.error().message);
  return {};
}

// 3.1.3.7 (2): exact bytes; a trailing slash or another case is another issuer.
Verdict judge_iss(const Claims& claims) {
  const std::string* iss = string_member(claims.members, "iss");
  return iss != nullptr && *iss == claims.issuer ? Verdict{} : broken_rule("iss", "issuer is missing or not ours");
}

// 3.1.3.7 (3)
Verdict judge_aud(const Claims& claims) {
  const auto aud = claims.members.find("aud");
  if (aud == claims.members.end()) return broken_rule("aud", "audience is missing");
  if (aud->is_string()) return *aud == claims.client_id ? Verdict{} : broken_rule("aud", "audience is another client");
  if (!aud->is_array() || aud->size() > kMaxAudiences) return broken_rule("aud", "audience has the wrong form");
  bool ours = false;
  for (const json& audience : *aud) {
    if (!audience.is_string()) return broken_rule("aud", "audience has the wrong form");
    ours = ours || audience == claims.client_id;
  }
  return ours ? Verdict{} : broken_rule("aud", "audience is another client");
}

// 3.1.3.7 (4), (5): several audiences need azp, and azp must be us.
Verdict judge_azp(const Claims& claims) {
  const json& aud = claims.members["aud"];
  const bool several = aud.is_array() && aud.size() > 1;
  if (!claims.members.contains("azp")) return several ? broken_rule("azp", "several audiences but no azp") : Verdict{};
  const std::string* azp = string_member(claims.members, "azp");
  return azp != nullptr && *azp == claims.client_id ? Verdict{} : broken_rule("azp", "authorized party is not us");
}

// 3.1.3.7 (9)
Verdict judge_exp(const Claims& claims) {
  const auto exp = numeric_date(claims.members, "exp");
  if (!exp) return broken_rule("exp", "exp is missing or no number");
  return static_cast<double>(claims.now_s) < *exp + static_cast<double>(claims.leeway_s)
             ? Verdict{}
             : broken_rule("exp", "token " + expired_text(static_cast<double>(claims.now_s) - *exp));
}

// 3.1.3.7 (10), OIDC Core 2: required. Whether the token may be old is a matter of its kind; an exp before iat is
// nonsense in each.
Verdict judge_iat(const Claims& claims) {
  const auto iat = numeric_date(claims.members, "iat");
  if (!iat) return broken_rule("iat", "iat is missing or no number");
  if (*iat > static_cast<double>(claims.now_s + claims.leeway_s)) {
    return broken_rule("iat", "token is from the future: its issuer's clock is " +
                                  seconds_text(*iat - static_cast<double>(claims.now_s)) + " ahead of this machine's");
  }
  const auto exp = numeric_date(claims.members, "exp");
  return !exp || *iat <= *exp ? Verdict{} : broken_rule("iat", "token expires before it was issued");
}

// RFC 7519 4.1.5
Verdict judge_nbf(const Claims& claims) {
  if (!claims.members.contains("nbf")) return {};
  const auto nbf = numeric_date(claims.members, "nbf");
  if (nbf && *nbf <= static_cast<double>(claims.now_s + claims.leeway_s)) return {};
  const std::string ahead = nbf ? seconds_text(*nbf - static_cast<double>(claims.now_s)) : "no number";
  return broken_rule("nbf", "token is not valid yet by this machine's clock: nbf is " + ahead + (nbf ? " ahead" : ""));
}

// OIDC Core 2
Verdict judge_sub(const Claims& claims) {
  return is_identifier(string_member(claims.members, "sub"))
             ? Verdict{}
             : broken_rule("sub", "subject is missing or of the wrong form");
}

// Back-Channel Logout 2.1. Optional, and null where Logto has none.
Verdict judge_sid(const Claims& claims) {
  if (!claims.members.contains("sid") || claims.members["sid"].is_null()) return {};
  return is_identifier(string_member(claims.members, "sid")) ? Verdict{}
                                                             : broken_rule("sid", "session id has the wrong form");
}

}  // namespace token_rules
}  // namespace lp
