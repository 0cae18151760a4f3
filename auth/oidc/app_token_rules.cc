#include "auth/oidc/app_token_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "auth/jose/json_strict.h"
#include "auth/jose/jws.h"
#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxPayloadBytes = 16 * 1024;
constexpr std::size_t kMaxGrantedScopes = 256;
constexpr double kMaxTimeS = 1e11;

bool is_access_token_type(std::string_view typ) { return iequals(typ, "at+jwt") || iequals(typ, "application/at+jwt"); }

bool has_audience(const json& claims, const std::string& wanted) {
  const auto aud = claims.find("aud");
  if (aud == claims.end()) return false;
  const auto is_wanted = [&](const json& one) {
    return one.is_string() && one.get_ref<const std::string&>() == wanted;
  };
  return is_wanted(*aud) || (aud->is_array() && std::any_of(aud->begin(), aud->end(), is_wanted));
}

bool is_for(const json& claims, const TokenAudience& audience) {
  if (audience.resource.empty()) return has_audience(claims, "urn:logto:organization:" + audience.organization);
  if (!has_audience(claims, audience.resource)) return false;
  const std::string* organization = string_member(claims, "organization_id");
  return audience.organization.empty() || (organization != nullptr && *organization == audience.organization);
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty() && out.size() < kMaxGrantedScopes) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// The sooner of what the answer and the token say; nullopt: neither says anything.
std::optional<std::int64_t> end_of(const json& claims, const TokenSet& tokens, std::int64_t now_s) {
  std::optional<std::int64_t> until;
  if (tokens.expires_in_s > 0) until = now_s + tokens.expires_in_s;
  const auto exp = claims.find("exp");
  if (exp == claims.end() || !exp->is_number()) return until;
  const auto seconds = exp->get<double>();
  if (!(seconds > 0 && seconds < kMaxTimeS)) return until;
  const auto said = static_cast<std::int64_t>(seconds);
  return until ? std::min(*until, said) : said;
}

constexpr std::int64_t kUnsaidLifetimeS = 60;
constexpr std::size_t kMaxAccountTokenBytes = 4096;

}  // namespace

std::int64_t renew_at_s(std::int64_t expires_at_s, std::int64_t early_ms, std::int64_t now_s) {
  return expires_at_s - std::min(early_ms / 1000, std::max<std::int64_t>(expires_at_s - now_s, 0) / 2);
}

Result<AppToken> judge_app_token(const TokenSet& tokens, const TokenAudience& audience, std::string_view sub,
                                 std::int64_t early_ms, std::int64_t now_s) {
  const auto jws = parse_jws(tokens.access_token.reveal());
  if (!jws) return fail("the access token is no JWT, as one for a resource or an organization would be");
  if (!is_access_token_type(jws->typ)) return fail("the access token is a JWT of another type than at+jwt");
  const auto claims = parse_json_strict(jws->payload, kMaxPayloadBytes);
  if (!claims || !claims->is_object()) return fail("the access token's payload is no JSON object of a fair size");
  const std::string* subject = string_member(*claims, "sub");
  if (subject == nullptr || *subject != sub) return fail("the access token is of another subject");
  if (!is_for(*claims, audience)) return fail("the access token is for another audience");
  const auto until = end_of(*claims, tokens, now_s);
  if (!until) return fail("nothing says when the access token ends");
  AppToken issued;
  issued.token = tokens.access_token;
  issued.expires_at_s = std::max(*until, now_s + 1);  // by a clock that is ahead of Logto's it would never begin
  issued.renew_at_s = renew_at_s(issued.expires_at_s, early_ms, now_s);
  const std::string* scope = string_member(*claims, "scope");
  issued.scopes = words(scope != nullptr ? std::string_view(*scope) : std::string_view(tokens.scope));
  return issued;
}

std::optional<AppToken> account_token_of(const TokenSet& tokens, std::int64_t early_ms, std::int64_t now_s) {
  const std::string_view text = tokens.access_token.reveal();
  const bool is_sendable = !text.empty() && text.size() <= kMaxAccountTokenBytes &&
                           std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!is_sendable) return std::nullopt;
  AppToken issued;
  issued.token = tokens.access_token;
  issued.expires_at_s = now_s + (tokens.expires_in_s > 0 ? tokens.expires_in_s : kUnsaidLifetimeS);
  issued.renew_at_s = renew_at_s(issued.expires_at_s, early_ms, now_s);
  return issued;
}

}  // namespace lp
