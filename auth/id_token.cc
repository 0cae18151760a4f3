#include "auth/id_token.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "auth/jws_algorithms.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "base/secret.h"

namespace lp {
namespace {

using nlohmann::json;
using Verdict = Result<void, RuleError>;

constexpr std::size_t kMaxSubBytes = 255;  // OIDC Core 2: sub "MUST NOT exceed 255 ASCII characters"
constexpr std::size_t kMaxAudiences = 64;

struct Evidence {
  std::string_view alg;
  const json& claims;
  const IdTokenExpectations& expected;
};

RuleError broken(std::string rule, std::string message) { return RuleError{std::move(rule), std::move(message)}; }

// A time claim: a JSON number, possibly with a fraction (RFC 7519 2, NumericDate).
std::optional<double> numeric_date(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  const auto value = found->get<double>();
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

// RFC 8725 3.11: a logout token or an access token of the same issuer and key must not pass for an ID token.
Verdict judge_typ(const Jws& jws) {
  if (jws.typ.empty() || iequals(jws.typ, "JWT")) return {};
  return broken("typ", "header typ is not JWT");
}

// OIDC Core 3.1.3.7 (7), (8): only algorithms of the allow-list; none of them is symmetric.
Verdict judge_alg(const Jws& jws) {
  return is_allowed_alg(jws.alg) ? Verdict{} : broken("alg", "algorithm is not allowed");
}

// OIDC Core 3.1.3.7 (6). First among the rules, since nothing of an unsigned payload is worth reading.
Verdict judge_signature(const Jws& jws, const Jwks& keys, bool& unknown_key) {
  auto key = keys.select(jws.kid, jws.alg);
  if (!key) {
    unknown_key = !keys.has_kid(jws.kid);
    return broken("key", key.error().message);
  }
  if (auto verified = verify_jws(jws, **key); !verified) return broken("signature", verified.error().message);
  return {};
}

// 3.1.3.7 (2): exact bytes; a trailing slash or another case is another issuer.
Verdict judge_iss(const Evidence& e) {
  const std::string* iss = string_member(e.claims, "iss");
  return iss != nullptr && *iss == e.expected.issuer ? Verdict{} : broken("iss", "issuer is missing or not ours");
}

// 3.1.3.7 (3)
Verdict judge_aud(const Evidence& e) {
  const auto aud = e.claims.find("aud");
  if (aud == e.claims.end()) return broken("aud", "audience is missing");
  if (aud->is_string()) return *aud == e.expected.client_id ? Verdict{} : broken("aud", "audience is another client");
  if (!aud->is_array() || aud->size() > kMaxAudiences) return broken("aud", "audience has the wrong form");
  bool ours = false;
  for (const json& audience : *aud) {
    if (!audience.is_string()) return broken("aud", "audience has the wrong form");
    ours = ours || audience == e.expected.client_id;
  }
  return ours ? Verdict{} : broken("aud", "audience is another client");
}

// 3.1.3.7 (4), (5): several audiences need azp, and azp must be us.
Verdict judge_azp(const Evidence& e) {
  const bool several = e.claims["aud"].is_array() && e.claims["aud"].size() > 1;
  if (!e.claims.contains("azp")) return several ? broken("azp", "several audiences but no azp") : Verdict{};
  const std::string* azp = string_member(e.claims, "azp");
  return azp != nullptr && *azp == e.expected.client_id ? Verdict{} : broken("azp", "authorized party is not us");
}

// 3.1.3.7 (9)
Verdict judge_exp(const Evidence& e) {
  const auto exp = numeric_date(e.claims, "exp");
  if (!exp) return broken("exp", "exp is missing or no number");
  return static_cast<double>(e.expected.now_s) < *exp + static_cast<double>(e.expected.leeway_s)
             ? Verdict{}
             : broken("exp", "token has expired");
}

// 3.1.3.7 (10), OIDC Core 2: required. Policy on age: the token comes straight from the token endpoint over our own
// connection and is bound to this sign-in by its nonce, so exp bounds its age; an exp before iat is nonsense.
Verdict judge_iat(const Evidence& e) {
  const auto iat = numeric_date(e.claims, "iat");
  if (!iat) return broken("iat", "iat is missing or no number");
  if (*iat > static_cast<double>(e.expected.now_s + e.expected.leeway_s))
    return broken("iat", "token is from the future");
  return *iat <= *numeric_date(e.claims, "exp") ? Verdict{} : broken("iat", "token expires before it was issued");
}

// RFC 7519 4.1.5
Verdict judge_nbf(const Evidence& e) {
  if (!e.claims.contains("nbf")) return {};
  const auto nbf = numeric_date(e.claims, "nbf");
  return nbf && *nbf <= static_cast<double>(e.expected.now_s + e.expected.leeway_s)
             ? Verdict{}
             : broken("nbf", "token is not valid yet");
}

// 12.2: need not be there any more, but where it is it must be the sign-in's.
Verdict judge_nonce_of_refresh(const Evidence& e) {
  if (!e.claims.contains("nonce") || e.claims["nonce"].is_null()) return {};
  const std::string* nonce = string_member(e.claims, "nonce");
  const bool equal = nonce != nullptr && equal_constant_time(sha256(*nonce), e.expected.nonce_hash);
  return equal ? Verdict{} : broken("nonce", "nonce is of another sign-in");
}

// 3.1.3.7 (11): binds the token to this browser's sign-in; an empty expectation would accept any token.
Verdict judge_nonce(const Evidence& e) {
  const std::string* nonce = string_member(e.claims, "nonce");
  if (!e.expected.nonce_hash.empty()) return judge_nonce_of_refresh(e);
  const bool equal = nonce != nullptr && !e.expected.nonce.empty() && equal_constant_time(*nonce, e.expected.nonce);
  return equal ? Verdict{} : broken("nonce", "nonce is missing or of another sign-in");
}

// OIDC Core 3.1.3.6, 3.1.3.8: left half of the hash that goes with alg. Logto 1.42 sends none.
Verdict judge_at_hash(const Evidence& e) {
  if (!e.claims.contains("at_hash")) return {};
  const std::string* at_hash = string_member(e.claims, "at_hash");
  const JwsAlgorithm* algorithm = find_jws_algorithm(e.alg);
  if (at_hash == nullptr || algorithm == nullptr || e.expected.access_token.empty()) {
    return broken("at_hash", "at_hash cannot be checked");
  }
  const std::string hash = algorithm->hash(e.expected.access_token);
  const std::string half = base64url_encode(std::string_view(hash).substr(0, hash.size() / 2));
  return equal_constant_time(*at_hash, half) ? Verdict{} : broken("at_hash", "at_hash is of another access token");
}

// OIDC Core 2. Printable ASCII only: the subject goes into headers, logs and comparisons.
Verdict judge_sub(const Evidence& e) {
  const std::string* sub = string_member(e.claims, "sub");
  const bool good = sub != nullptr && !sub->empty() && sub->size() <= kMaxSubBytes && is_printable_ascii(*sub);
  return good ? Verdict{} : broken("sub", "subject is missing or of the wrong form");
}

// Back-Channel Logout 2.1
Verdict judge_sid(const Evidence& e) {
  if (!e.claims.contains("sid") || e.claims["sid"].is_null()) return {};
  const std::string* sid = string_member(e.claims, "sid");
  const bool good = sid != nullptr && !sid->empty() && sid->size() <= kMaxSubBytes && is_printable_ascii(*sid);
  return good ? Verdict{} : broken("sid", "session id has the wrong form");
}

// The order of OIDC Core 3.1.3.7; each may rely on those before it.
using ClaimRule = Verdict (*)(const Evidence&);
constexpr std::array<ClaimRule, 10> kClaimRules = {judge_iss, judge_aud,   judge_azp,     judge_exp, judge_iat,
                                                   judge_nbf, judge_nonce, judge_at_hash, judge_sub, judge_sid};

IdToken accepted(json claims) {
  const std::string* sid = string_member(claims, "sid");
  IdToken token{claims["sub"].get<std::string>(), sid == nullptr ? std::string() : *sid, json()};
  token.claims = std::move(claims);
  return token;
}

}  // namespace

Result<IdToken, RuleError> judge_id_token(std::string_view token, const Jwks& keys, const IdTokenExpectations& expected,
                                          bool& unknown_key) {
  unknown_key = false;
  auto jws = parse_jws(token);
  if (!jws) return broken("form", jws.error().message);
  if (auto typ = judge_typ(*jws); !typ) return typ.error();
  if (auto alg = judge_alg(*jws); !alg) return alg.error();
  if (auto signature = judge_signature(*jws, keys, unknown_key); !signature) return signature.error();
  return judge_verified_payload(jws->payload, jws->alg, expected);
}

Result<IdToken, RuleError> judge_verified_payload(std::string_view payload, std::string_view alg,
                                                  const IdTokenExpectations& expected) {
  auto claims = parse_json_strict(payload, kMaxTokenBytes);
  if (!claims) return broken("payload", claims.error().message);
  if (!claims->is_object()) return broken("payload", "payload is not an object");
  const Evidence evidence{alg, *claims, expected};
  for (const ClaimRule rule : kClaimRules) {
    if (auto verdict = rule(evidence); !verdict) return verdict.error();
  }
  return accepted(std::move(*claims));
}

}  // namespace lp
