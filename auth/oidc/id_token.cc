#include "auth/oidc/id_token.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "auth/jose/jws_algorithms.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "base/secret.h"

namespace lp {
namespace {

using nlohmann::json;
using token_rules::Verdict;

struct Evidence {
  std::string_view alg;
  const json& claims;
  const IdTokenExpectations& expected;

  [[nodiscard]] token_rules::Claims common() const {
    return {claims, expected.issuer, expected.client_id, expected.now_s, expected.leeway_s};
  }
};

// RFC 8725 3.11: a logout token or an access token of the same issuer and key must not pass for an ID token.
Verdict judge_typ(const Jws& jws) {
  if (jws.typ.empty() || iequals(jws.typ, "JWT")) return {};
  return broken_rule("typ", "header typ is not JWT");
}

// 12.2: need not be there any more, but where it is it must be the sign-in's.
Verdict judge_nonce_of_refresh(const Evidence& e) {
  if (!e.claims.contains("nonce") || e.claims["nonce"].is_null()) return {};
  const std::string* nonce = string_member(e.claims, "nonce");
  const bool equal = nonce != nullptr && equal_constant_time(sha256(*nonce), e.expected.nonce_hash);
  return equal ? Verdict{} : broken_rule("nonce", "nonce is of another sign-in");
}

// 3.1.3.7 (11): binds the token to this browser's sign-in; an empty expectation would accept any token.
Verdict judge_nonce(const Evidence& e) {
  const std::string* nonce = string_member(e.claims, "nonce");
  if (!e.expected.nonce_hash.empty()) return judge_nonce_of_refresh(e);
  const bool equal = nonce != nullptr && !e.expected.nonce.empty() && equal_constant_time(*nonce, e.expected.nonce);
  return equal ? Verdict{} : broken_rule("nonce", "nonce is missing or of another sign-in");
}

// 3.1.3.7 (13): whoever asked for max_age must be told when the person proved who they are (3.1.2.1), and must check it
// too: a provider may ignore the parameter.
Verdict judge_auth_time(const Evidence& e) {
  if (e.expected.max_age_s < 0) return {};
  const auto time = token_rules::numeric_date(e.claims, "auth_time");
  if (!time) return broken_rule("auth_time", "auth_time is missing or no number, though max_age was sent");
  const double age = static_cast<double>(e.expected.now_s) - *time;
  const auto leeway = static_cast<double>(e.expected.leeway_s);
  if (age < -leeway) return broken_rule("auth_time", "auth_time is in the future: " + token_rules::ahead_text(-age));
  return age <= static_cast<double>(e.expected.max_age_s) + leeway
             ? Verdict{}
             : broken_rule("auth_time", "the person proved who they are longer ago than max_age allows: " +
                                            token_rules::seconds_text(age) + " by this machine's clock");
}

// OIDC Core 3.1.3.6, 3.1.3.8: left half of the hash that goes with alg. Logto 1.42 sends none.
Verdict judge_at_hash(const Evidence& e) {
  if (!e.claims.contains("at_hash")) return {};
  const std::string* at_hash = string_member(e.claims, "at_hash");
  const JwsAlgorithm* algorithm = find_jws_algorithm(e.alg);
  if (at_hash == nullptr || algorithm == nullptr || e.expected.access_token.empty()) {
    return broken_rule("at_hash", "at_hash cannot be checked");
  }
  const std::string hash = algorithm->hash(e.expected.access_token);
  const std::string half = base64url_encode(std::string_view(hash).substr(0, hash.size() / 2));
  return equal_constant_time(*at_hash, half) ? Verdict{} : broken_rule("at_hash", "at_hash is of another access token");
}

template <Verdict (*kRule)(const token_rules::Claims&)>
Verdict shared(const Evidence& e) {
  return kRule(e.common());
}

// The order of OIDC Core 3.1.3.7; each may rely on those before it. Policy on age: the token comes straight from the
// token endpoint over our own connection and is bound to this sign-in by its nonce, so exp bounds its age.
using ClaimRule = Verdict (*)(const Evidence&);
constexpr std::array<ClaimRule, 11> kClaimRules = {shared<token_rules::judge_iss>,
                                                   shared<token_rules::judge_aud>,
                                                   shared<token_rules::judge_azp>,
                                                   shared<token_rules::judge_exp>,
                                                   shared<token_rules::judge_iat>,
                                                   shared<token_rules::judge_nbf>,
                                                   judge_nonce,
                                                   judge_auth_time,
                                                   judge_at_hash,
                                                   shared<token_rules::judge_sub>,
                                                   shared<token_rules::judge_sid>};

IdToken accepted(json claims) {
  const std::string* sid = string_member(claims, "sid");
  IdToken token{claims["sub"].get<std::string>(), sid == nullptr ? std::string() : *sid, {}};
  token.claims = std::move(claims);
  return token;
}

}  // namespace

Result<IdToken, RuleError> judge_id_token(std::string_view token, const Jwks& keys, const IdTokenExpectations& expected,
                                          bool& unknown_key) {
  unknown_key = false;
  auto jws = parse_jws(token);
  if (!jws) return broken_rule("form", jws.error().message);
  if (auto typ = judge_typ(*jws); !typ) return typ.error();
  if (auto alg = token_rules::judge_alg(*jws); !alg) return alg.error();
  if (auto signature = token_rules::judge_signature(*jws, keys, unknown_key); !signature) return signature.error();
  return judge_verified_payload(jws->payload, jws->alg, expected);
}

Result<IdToken, RuleError> judge_verified_payload(std::string_view payload, std::string_view alg,
                                                  const IdTokenExpectations& expected) {
  auto claims = parse_json_strict(payload, kMaxTokenBytes);
  if (!claims) return broken_rule("payload", claims.error().message);
  if (!claims->is_object()) return broken_rule("payload", "payload is not an object");
  const Evidence evidence{alg, *claims, expected};
  for (const ClaimRule rule : kClaimRules) {
    if (auto verdict = rule(evidence); !verdict) return verdict.error();
  }
  return accepted(std::move(*claims));
}

std::int64_t authenticated_at_s(const nlohmann::json& claims, std::int64_t now_s) {
  const auto time = token_rules::numeric_date(claims, "auth_time");
  const auto now = static_cast<double>(now_s);
  const auto leeway = static_cast<double>(token_rules::kLeewayS);
  if (!time || *time <= 0 || *time > now + leeway) return 0;
  const double age = std::max(token_rules::numeric_date(claims, "iat").value_or(now) - *time, 0.0);
  // A token that was issued long ago makes nobody younger.
  const double at = std::min({now - age, *time + leeway, now});
  return at <= 0 ? 0 : static_cast<std::int64_t>(at);
}

std::string authentication_methods(const nlohmann::json& claims) {
  constexpr std::size_t kMaxBytes = 100;
  std::string words;
  const auto amr = claims.find("amr");
  if (amr == claims.end() || !amr->is_array()) return words;
  for (const nlohmann::json& method : *amr) {
    if (!method.is_string() || words.size() + method.get_ref<const std::string&>().size() > kMaxBytes) continue;
    words.append(words.empty() ? "" : " ").append(method.get_ref<const std::string&>());
  }
  return words;
}

}  // namespace lp
