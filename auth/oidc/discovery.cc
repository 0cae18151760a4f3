#include "auth/oidc/discovery.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "auth/jose/json_strict.h"
#include "auth/jose/jws.h"

namespace lp {
namespace {

using nlohmann::json;

// Where the list is there, one of its texts must satisfy `wanted`.
template <class Wanted>
Result<void> judge_list(const json& document, const char* name, Wanted wanted, bool required) {
  const auto list = document.find(name);
  if (list == document.end()) return required ? fail(std::string(name) + " is missing") : Result<void>{};
  const bool offered = list->is_array() && std::any_of(list->begin(), list->end(), [&](const json& entry) {
                         const std::string* text = entry.get_ptr<const std::string*>();
                         return text != nullptr && wanted(*text);
                       });
  return offered ? Result<void>{} : fail(std::string(name) + " offers nothing that we use");
}

// Discovery 4.3: exact bytes, else another provider's metadata could stand in (mix-up).
Result<void> judge_issuer(const json& document, const LogtoSettings& logto) {
  const std::string* issuer = string_member(document, "issuer");
  if (issuer == nullptr) return fail("issuer is missing");
  if (*issuer == logto.issuer()) return {};
  return fail("issuer is " + issuer->substr(0, 200) + " but logto.endpoint makes it " + logto.issuer());
}

std::string wrong_origin(const char* name, const Origin& found, const Origin& expected) {
  std::string message = std::string(name) + " is on " + found.text() + " but must be on " + expected.text();
  if (found.host == expected.host && expected.is_https() && !found.is_https()) {
    message += " (Logto behind a TLS proxy needs TRUST_PROXY_HEADER=1)";
  }
  return message;
}

// Threats J54, O24: an endpoint elsewhere would get codes and the client secret, or make us call internal hosts.
Result<std::string> judge_endpoint(const json& document, const char* name, const Origin& expected) {
  const std::string* text = string_member(document, name);
  if (text == nullptr) return fail(std::string(name) + " is missing or no text");
  auto url = parse_url(*text);
  if (!url) return fail(std::string(name) + " is not an absolute http or https URL");
  if (url->origin != expected) return fail(wrong_origin(name, url->origin, expected));
  return url->text();
}

Result<void> read_required(const json& document, const char* name, const Origin& expected, std::string& out) {
  auto endpoint = judge_endpoint(document, name, expected);
  if (!endpoint) return endpoint.error();
  out = std::move(*endpoint);
  return {};
}

Result<void> read_optional(const json& document, const char* name, const Origin& expected,
                           std::optional<std::string>& out) {
  if (!document.contains(name)) return {};
  auto endpoint = judge_endpoint(document, name, expected);
  if (!endpoint) return endpoint.error();
  out = std::move(*endpoint);
  return {};
}

Result<void> read_endpoints(const json& document, const Origin& origin, ProviderMetadata& out) {
  for (auto [name, member] : {std::pair{"authorization_endpoint", &ProviderMetadata::authorization_endpoint},
                              std::pair{"token_endpoint", &ProviderMetadata::token_endpoint},
                              std::pair{"jwks_uri", &ProviderMetadata::jwks_uri}}) {
    if (auto read = read_required(document, name, origin, out.*member); !read) return read;
  }
  for (auto [name, member] : {std::pair{"end_session_endpoint", &ProviderMetadata::end_session_endpoint},
                              std::pair{"userinfo_endpoint", &ProviderMetadata::userinfo_endpoint},
                              std::pair{"revocation_endpoint", &ProviderMetadata::revocation_endpoint},
                              std::pair{"introspection_endpoint", &ProviderMetadata::introspection_endpoint}}) {
    if (auto read = read_optional(document, name, origin, out.*member); !read) return read;
  }
  return {};
}

// What is offered must include the only flow, PKCE method and kind of signature that we use; PKCE is never dropped
// silently (threat O06).
Result<void> judge_offers(const json& document) {
  const auto is_code = [](const std::string& text) { return text == "code"; };
  const auto is_s256 = [](const std::string& text) { return text == "S256"; };
  const auto is_allowed = [](const std::string& text) { return is_allowed_alg(text); };
  if (auto code = judge_list(document, "response_types_supported", is_code, true); !code) return code;
  if (auto s256 = judge_list(document, "code_challenge_methods_supported", is_s256, false); !s256) return s256;
  return judge_list(document, "id_token_signing_alg_values_supported", is_allowed, false);
}

}  // namespace

std::string discovery_url(const LogtoSettings& logto) { return logto.issuer() + "/.well-known/openid-configuration"; }

Result<ProviderMetadata> judge_discovery(std::string_view body, const LogtoSettings& logto) {
  auto document = parse_json_strict(body, kMaxMetadataBytes);
  if (!document) return fail("discovery: " + document.error().message);
  if (!document->is_object()) return fail("discovery: not an object");
  ProviderMetadata metadata;
  metadata.issuer = logto.issuer();
  if (auto issuer = judge_issuer(*document, logto); !issuer) return fail("discovery: " + issuer.error().message);
  if (auto endpoints = read_endpoints(*document, logto.endpoint, metadata); !endpoints) {
    return fail("discovery: " + endpoints.error().message);
  }
  if (auto offers = judge_offers(*document); !offers) return fail("discovery: " + offers.error().message);
  const auto iss = document->find("authorization_response_iss_parameter_supported");
  metadata.iss_parameter_supported = iss != document->end() && *iss == true;
  return metadata;
}

}  // namespace lp
