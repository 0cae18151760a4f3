#include "auth/oidc/issuer_discovery.h"

#include <nlohmann/json.hpp>

#include "auth/jose/json_strict.h"
#include "base/url.h"

namespace lp {

std::string issuer_discovery_url(std::string_view issuer) {
  if (issuer.ends_with('/')) issuer.remove_suffix(1);
  return std::string(issuer) + "/.well-known/openid-configuration";
}

Result<std::string> judge_issuer_discovery(std::string_view body, std::string_view issuer) {
  auto document = parse_json_strict(body, kMaxMetadataBytes);
  if (!document) return fail("discovery: " + document.error().message);
  const std::string* named = string_member(*document, "issuer");
  if (named == nullptr || *named != issuer) return fail("discovery: issuer is missing or another one");
  const std::string* keys = string_member(*document, "jwks_uri");
  const auto url = parse_url(keys == nullptr ? std::string_view() : *keys);
  const auto own = parse_url(issuer);
  if (!url || !own) return fail("discovery: jwks_uri is missing or no http or https URL");
  if (url->origin != own->origin) {
    return fail("discovery: jwks_uri is on " + url->origin.text() + ": name it in bearer.issuers[].jwks_url");
  }
  return url->text();
}

}  // namespace lp
