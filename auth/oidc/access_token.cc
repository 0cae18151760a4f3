#include "auth/oidc/access_token.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "auth/jose/json_strict.h"
#include "auth/jose/jws.h"
#include "base/encoding.h"
#include "base/one_of.h"

namespace lp {
namespace {

using nlohmann::json;
using token_rules::Verdict;

constexpr std::size_t kMaxAudiences = 64;
constexpr std::size_t kMaxScopes = 256;
constexpr double kMaxDateS = 253'402'300'799;  // the end of the year 9999: larger numbers don't fit a 64-bit integer
constexpr std::string_view kOrganizationAudience = "urn:logto:organization:";

// The issuers that are believed: Logto, then those of bearer.issuers.
struct Issuer {
  std::string name;
  std::string_view type = "at+jwt";
};
Issuer issuer_at(const Settings& settings, std::size_t place) {
  if (place == 0) return {settings.logto.issuer()};
  const IssuerSettings& further = settings.bearer.issuers[place - 1];
  return {further.issuer, further.type};
}

bool have_one_in_common(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& one) { return is_one_of(one, b); });
}

// RFC 9068 2.1, RFC 8725 3.11: what tells it from ID tokens and logout tokens of the same issuer and key. An issuer
// whose access tokens are plain "JWT" may write no typ at all.
Verdict judge_typ(const Jws& jws, std::string_view type) {
  std::string_view found = jws.typ;
  constexpr std::string_view kApplication = "application/";
  if (iequals(found.substr(0, kApplication.size()), kApplication)) found.remove_prefix(kApplication.size());
  const bool fits = iequals(found, type) || iequals(found, "at+jwt") || (found.empty() && iequals(type, "JWT"));
  return fits ? Verdict{} : broken_rule("typ", "the header's typ is not that of an access token");
}

// Claims that only ID tokens (OIDC Core 2) and logout tokens have, for issuers whose typ does not tell them apart.
Verdict judge_kind(const json& claims) {
  constexpr std::array<const char*, 4> kForeign = {"nonce", "at_hash", "c_hash", "events"};
  const bool other = std::any_of(kForeign.begin(), kForeign.end(), [&](auto* name) { return claims.contains(name); });
  return other ? broken_rule("kind", "this is no access token") : Verdict{};
}

// RFC 9068 4: exact bytes.
Result<std::size_t, RuleError> judge_iss(const json& claims, const Settings& settings) {
  const std::string* iss = string_member(claims, "iss");
  for (std::size_t place = 0; iss != nullptr && place <= settings.bearer.issuers.size(); ++place) {
    if (*iss == issuer_at(settings, place).name) return place;
  }
  return broken_rule("iss", "the issuer is missing or not one that is accepted here");
}

bool is_from_our_logto(const json& claims, const Settings& settings) {
  const std::string* iss = string_member(claims, "iss");
  return iss != nullptr && *iss == settings.logto.issuer();
}

// RFC 7519 4.1.3: a text or a list of texts.
Result<std::vector<std::string>, RuleError> read_audiences(const json& claims) {
  const auto aud = claims.find("aud");
  if (aud == claims.end()) return broken_rule("aud", "the audience is missing");
  if (aud->is_string()) return std::vector<std::string>{aud->get<std::string>()};
  if (!aud->is_array() || aud->size() > kMaxAudiences) return broken_rule("aud", "the audience has the wrong form");
  std::vector<std::string> all;
  for (const json& audience : *aud) {
    if (!audience.is_string()) return broken_rule("aud", "the audience has the wrong form");
    all.push_back(audience.get<std::string>());
  }
  return all;
}

// So that a token for somebody else's API costs no signature check.
Verdict judge_aud(const AccessToken& token, const Settings& settings) {
  const bool wanted = std::any_of(settings.routes.begin(), settings.routes.end(), [&](const RouteSettings& route) {
    return route.accept.bearer && access_token_is_for(token, route, settings);
  });
  return wanted ? Verdict{} : broken_rule("aud", "the token is for another audience");
}

// Without leeway: at that second nobody has it in hand any more, here and in the caches. RFC 9068 allows one, no more.
Verdict judge_exp(const json& claims, std::int64_t now_s) {
  const auto exp = token_rules::numeric_date(claims, "exp");
  if (!exp) return broken_rule("exp", "exp is missing or no number");
  const double ago = static_cast<double>(now_s) - *exp;
  return ago < 0 ? Verdict{} : broken_rule("exp", "the token " + token_rules::expired_text(ago));
}

// RFC 9068 2.2: required. An issuer whose tokens are plain "JWT" follows another profile, where it may be missing.
Verdict judge_client_id(const json& claims, std::string_view type) {
  if (!claims.contains("client_id") && !iequals(type, "at+jwt")) return {};
  return token_rules::is_identifier(string_member(claims, "client_id"))
             ? Verdict{}
             : broken_rule("client_id", "client_id is missing or of the wrong form");
}

// RFC 9068 2.2.3. Logto leaves it out where nothing was granted.
Verdict read_scopes(const json& claims, AccessToken& token) {
  if (!claims.contains("scope")) return {};
  const std::string* scope = string_member(claims, "scope");
  auto scopes = scope == nullptr ? std::nullopt : parse_scope(*scope);
  if (!scopes) return broken_rule("scope", "scope has the wrong form");
  token.scopes = std::move(*scopes);
  return {};
}

Verdict judge_claims(const json& claims, std::string_view type, std::int64_t now_s) {
  const token_rules::Claims members{claims, {}, {}, now_s};
  if (auto exp = judge_exp(claims, now_s); !exp) return exp;
  if (auto iat = token_rules::judge_iat(members); !iat) return iat;
  if (auto nbf = token_rules::judge_nbf(members); !nbf) return nbf;
  if (auto sub = token_rules::judge_sub(members); !sub) return sub;
  if (auto client_id = judge_client_id(claims, type); !client_id) return client_id;
  return judge_kind(claims);
}

std::int64_t whole_seconds(double date) { return static_cast<std::int64_t>(std::clamp(date, 0.0, kMaxDateS)); }

std::string text_or_empty(const json& claims, const char* name) {
  const std::string* text = string_member(claims, name);
  return text == nullptr ? std::string() : *text;
}

// An organization token of Logto names its organization in the audience; one for an API resource in organization_id.
// Rules know both as the claim that ID tokens have.
void add_organizations(AccessToken& token) {
  if (!token.is_from_logto() || token.claims->contains("organizations")) return;
  json organizations = json::array();
  if (const std::string* id = string_member(*token.claims, "organization_id")) organizations.push_back(*id);
  for (const std::string& audience : token.audiences) {
    if (audience.starts_with(kOrganizationAudience)) {
      organizations.push_back(audience.substr(kOrganizationAudience.size()));
    }
  }
  if (!organizations.empty()) (*token.claims)["organizations"] = std::move(organizations);
}

// After all rules about claims.
void take_claims(json claims, AccessToken& token) {
  token.sub = text_or_empty(claims, "sub");
  token.client_id = text_or_empty(claims, "client_id");
  // A fraction of a second is cut off, so that the token never lives longer than it says.
  token.expires_at_s = whole_seconds(*token_rules::numeric_date(claims, "exp"));
  token.issued_at_s = whole_seconds(*token_rules::numeric_date(claims, "iat"));
  token.trusted_until_s = token.expires_at_s;
  token.authenticated_at_s = whole_seconds(token_rules::numeric_date(claims, "auth_time").value_or(0));
  token.claims = std::move(claims);
  add_organizations(token);
}

Result<AccessToken, RuleError> judge_payload(const Jws& jws, const Settings& settings, std::int64_t now_s) {
  auto claims = parse_json_strict(jws.payload, kMaxAccessTokenBytes);
  if (!claims) return broken_rule("payload", claims.error().message);
  if (!claims->is_object()) return broken_rule("payload", "the payload is not an object");
  AccessToken token;
  auto place = judge_iss(*claims, settings);
  if (!place) return place.error();
  token.issuer = *place;
  const Issuer issuer = issuer_at(settings, *place);
  if (auto typ = judge_typ(jws, issuer.type); !typ) return typ.error();
  auto audiences = read_audiences(*claims);
  if (!audiences) return audiences.error();
  token.audiences = std::move(*audiences);
  if (auto aud = judge_aud(token, settings); !aud) return aud.error();
  if (auto judged = judge_claims(*claims, issuer.type, now_s); !judged) return judged.error();
  if (auto scopes = read_scopes(*claims, token); !scopes) return scopes.error();
  take_claims(std::move(*claims), token);
  return token;
}

Result<Jws, RuleError> parse_token(std::string_view token) {
  if (token.size() > kMaxAccessTokenBytes) return broken_rule("form", "the token is too long");
  auto jws = parse_jws(token);
  if (!jws) return broken_rule("form", jws.error().message);
  if (auto alg = token_rules::judge_alg(*jws); !alg) return alg.error();
  return std::move(*jws);
}

}  // namespace

bool looks_like_jwt(std::string_view token) { return std::count(token.begin(), token.end(), '.') == 2; }

std::optional<std::vector<std::string>> parse_scope(std::string_view text) {
  std::vector<std::string> scopes;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view scope = text.substr(0, end);
    const bool is_token =
        std::all_of(scope.begin(), scope.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; });
    if (!is_token || scopes.size() == kMaxScopes) return std::nullopt;
    if (!scope.empty()) scopes.emplace_back(scope);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return scopes;
}

Result<AccessToken, RuleError> read_access_token(std::string_view token, const Settings& settings, std::int64_t now_s) {
  auto jws = parse_token(token);
  if (!jws) return jws.error();
  return judge_payload(*jws, settings, now_s);
}

Result<AccessToken, RuleError> judge_access_token(std::string_view token, const Settings& settings, const Jwks& keys,
                                                  std::int64_t now_s, bool& unknown_key) {
  unknown_key = false;
  auto jws = parse_token(token);
  if (!jws) return jws.error();
  auto judged = judge_payload(*jws, settings, now_s);
  if (!judged) return judged;
  if (auto signature = token_rules::judge_signature(*jws, keys, unknown_key); !signature) return signature.error();
  return judged;
}

// A refresh token that is shown as an access token has no token_type (recorded of both versions of Logto).
Result<AccessToken, RuleError> read_introspected_token(json members, const Settings& settings, std::int64_t now_s) {
  const std::string* type = string_member(members, "token_type");
  if (type == nullptr || !iequals(*type, "Bearer")) return broken_rule("type", "this is no access token");
  if (members.contains("iss") && !is_from_our_logto(members, settings)) return broken_rule("iss", "another issuer");
  // A machine's: its JWTs say sub and client_id alike.
  if (!members.contains("sub") && members.contains("client_id")) members["sub"] = members["client_id"];
  AccessToken token;
  if (auto judged = judge_claims(members, "at+jwt", now_s); !judged) return judged.error();
  if (auto scopes = read_scopes(members, token); !scopes) return scopes.error();
  token.client_id = members["client_id"].get<std::string>();
  token.is_for_client_alone = !members.contains("aud");
  if (token.is_for_client_alone) {
    token.audiences = {token.client_id};
  } else {
    auto audiences = read_audiences(members);
    if (!audiences) return audiences.error();
    token.audiences = std::move(*audiences);
  }
  if (auto aud = judge_aud(token, settings); !aud) return aud.error();
  if (token_rules::is_identifier(string_member(members, "sid"))) token.sid = members["sid"].get<std::string>();
  take_claims(std::move(members), token);
  return token;
}

// What a further issuer lists bounds what it can speak for, whatever a route takes from Logto.
bool access_token_is_for(const AccessToken& token, const RouteSettings& route, const Settings& settings) {
  const std::vector<std::string>& of_route = route.audiences.empty() ? settings.bearer.audiences : route.audiences;
  const bool is_ours = token.is_for_client_alone && token.client_id == settings.logto.app_id;
  if (is_ours && route.audiences.empty()) return true;
  if (token.is_from_logto()) return have_one_in_common(token.audiences, of_route);
  const std::vector<std::string>& of_issuer = settings.bearer.issuers[token.issuer - 1].audiences;
  if (of_issuer.empty()) return have_one_in_common(token.audiences, of_route);
  const bool narrowed = !route.audiences.empty();
  return std::any_of(token.audiences.begin(), token.audiences.end(), [&](const std::string& audience) {
    return is_one_of(audience, of_issuer) && (!narrowed || is_one_of(audience, route.audiences));
  });
}

}  // namespace lp
