#include "auth/oidc/logout_token.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "auth/jose/json_strict.h"
#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::json;
using token_rules::Claims;
using token_rules::kLeewayS;
using token_rules::Verdict;

constexpr const char* kEvent = "http://schemas.openid.net/event/backchannel-logout";
constexpr double kMaxDateS = 253'402'300'799;  // the end of the year 9999: larger numbers don't fit a 64-bit integer

// Logto sends null for what it doesn't have.
bool is_absent(const json& claims, const char* name) {
  const auto found = claims.find(name);
  return found == claims.end() || found->is_null();
}

// 2.6 (1): none was agreed on, so a token that only its sender can have encrypted is refused unopened.
Verdict judge_not_encrypted(std::string_view token) {
  return std::count(token.begin(), token.end(), '.') == 4 ? broken_rule("encrypted", "token is encrypted") : Verdict{};
}

// 2.4, RFC 8725 3.11: an access token (at+jwt) of the same issuer and key is no logout token. JWT and none are taken as
// 2.4 allows: then events and nonce tell it from an ID token.
Verdict judge_typ(const Jws& jws) {
  constexpr std::array<std::string_view, 3> kTypes = {"logout+jwt", "application/logout+jwt", "JWT"};
  const bool known = jws.typ.empty() || std::any_of(kTypes.begin(), kTypes.end(),
                                                    [&](std::string_view type) { return iequals(jws.typ, type); });
  return known ? Verdict{} : broken_rule("typ", "header typ is not logout+jwt");
}

// 2.6 (4). Required by 2.4, but Logto 1.37.1 sends none; judge_age bounds those.
Verdict judge_exp(const Claims& claims) {
  return is_absent(claims.members, "exp") ? Verdict{} : token_rules::judge_exp(claims);
}

// 2.6 (4): "current", so that a token out of somebody's log ends no session of today. After judge_iat.
Verdict judge_age(const Claims& claims) {
  const bool bounded = !is_absent(claims.members, "exp");
  const std::int64_t most_s = bounded ? kMaxLogoutTokenAgeWithExpS : kMaxLogoutTokenAgeS;
  const double age_s = static_cast<double>(claims.now_s) - *token_rules::numeric_date(claims.members, "iat");
  return age_s <= static_cast<double>(most_s) ? Verdict{}
                                              : broken_rule("age", "token is too old: " + token_rules::old_text(age_s));
}

// 2.6 (5), 2.4: where it is there it must be usable; the empty text would match sessions that have no such thing.
Verdict judge_sub(const Claims& claims) {
  return is_absent(claims.members, "sub") ? Verdict{} : token_rules::judge_sub(claims);
}

// 2.6 (5): without either it is nobody's.
Verdict judge_who(const Claims& claims) {
  const bool nobody = is_absent(claims.members, "sub") && is_absent(claims.members, "sid");
  return nobody ? broken_rule("who", "token has neither sub nor sid") : Verdict{};
}

// 2.6 (6), 2.4: what makes a token of this issuer a logout token.
Verdict judge_events(const Claims& claims) {
  const auto events = claims.members.find("events");
  if (events == claims.members.end() || !events->is_object()) return broken_rule("events", "events is no object");
  const auto event = events->find(kEvent);
  return event != events->end() && event->is_object() ? Verdict{}
                                                      : broken_rule("events", "events is not of a back-channel logout");
}

// 2.6 (7), 2.4: prohibited, null too, so that no ID token passes.
Verdict judge_nonce(const Claims& claims) {
  return claims.members.contains("nonce") ? broken_rule("nonce", "token has a nonce") : Verdict{};
}

// 2.6 (8), 2.4: without it a replay could not be known.
Verdict judge_jti(const Claims& claims) {
  return token_rules::is_identifier(string_member(claims.members, "jti"))
             ? Verdict{}
             : broken_rule("jti", "jti is missing or of the wrong form");
}

// Each may rely on those before it.
using ClaimRule = Verdict (*)(const Claims&);
constexpr std::array<ClaimRule, 13> kClaimRules = {token_rules::judge_iss,
                                                   token_rules::judge_aud,
                                                   token_rules::judge_azp,
                                                   judge_exp,
                                                   token_rules::judge_iat,
                                                   token_rules::judge_nbf,
                                                   judge_age,
                                                   judge_sub,
                                                   token_rules::judge_sid,
                                                   judge_who,
                                                   judge_events,
                                                   judge_nonce,
                                                   judge_jti};

std::string text_or_empty(const json& claims, const char* name) {
  const std::string* text = string_member(claims, name);
  return text == nullptr ? std::string() : *text;
}

std::int64_t whole_seconds(double date) { return static_cast<std::int64_t>(std::ceil(std::min(date, kMaxDateS))); }

LogoutToken accepted(const json& claims) {
  LogoutToken token;
  token.sub = text_or_empty(claims, "sub");
  token.sid = text_or_empty(claims, "sid");
  token.jti = text_or_empty(claims, "jti");
  token.iat_s = whole_seconds(*token_rules::numeric_date(claims, "iat"));
  token.remember_until_s = token.iat_s + kMaxLogoutTokenAgeS;
  if (const auto exp = token_rules::numeric_date(claims, "exp")) {
    token.exp_s = whole_seconds(*exp);
    token.remember_until_s = std::min(token.exp_s + kLeewayS, token.iat_s + kMaxLogoutTokenAgeWithExpS);
  }
  return token;
}

}  // namespace

Result<LogoutToken, RuleError> judge_logout_token(std::string_view token, const Jwks& keys,
                                                  const LogoutTokenExpectations& expected, bool& unknown_key) {
  unknown_key = false;
  if (token.size() > kMaxLogoutTokenBytes) return broken_rule("form", "token is too long");
  if (auto open = judge_not_encrypted(token); !open) return open.error();
  auto jws = parse_jws(token);
  if (!jws) return broken_rule("form", jws.error().message);
  if (auto typ = judge_typ(*jws); !typ) return typ.error();
  if (auto alg = token_rules::judge_alg(*jws); !alg) return alg.error();
  if (auto signature = token_rules::judge_signature(*jws, keys, unknown_key); !signature) return signature.error();
  return judge_verified_logout_claims(jws->payload, expected);
}

Result<LogoutToken, RuleError> judge_verified_logout_claims(std::string_view payload,
                                                            const LogoutTokenExpectations& expected) {
  auto members = parse_json_strict(payload, kMaxLogoutTokenBytes);
  if (!members) return broken_rule("payload", members.error().message);
  if (!members->is_object()) return broken_rule("payload", "payload is not an object");
  const Claims claims{*members, expected.issuer, expected.client_id, expected.now_s};
  for (const ClaimRule rule : kClaimRules) {
    if (auto verdict = rule(claims); !verdict) return verdict.error();
  }
  return accepted(*members);
}

}  // namespace lp
