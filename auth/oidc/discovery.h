#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/url.h"
#include "config/settings.h"

// OpenID Connect Discovery 1.0, section 4: judging the provider's metadata. Pure.
namespace lp {

struct ProviderMetadata {
  std::string issuer;
  // Front channel: on the endpoint's origin, whatever address discovery was fetched by (logto-recorded: the endpoints
  // follow the request's Host).
  std::string authorization_endpoint;
  std::optional<std::string> end_session_endpoint;
  // Back channel: with connect_to the origin is replaced by it when they are called (auth/provider/fetch.h); here as
  // the issuer names them.
  std::string token_endpoint;
  std::string jwks_uri;
  std::optional<std::string> userinfo_endpoint;
  std::optional<std::string> revocation_endpoint;
  std::optional<std::string> introspection_endpoint;
  bool iss_parameter_supported = false;  // RFC 9207: then a response without iss is refused
};

[[nodiscard]] std::string discovery_url(const LogtoSettings& logto);  // {issuer}/.well-known/openid-configuration
// Issuer must equal ours exactly; each endpoint must be on the configured endpoint's origin (threats J54, O24);
// S256 and `code` must not be excluded by what is listed.
[[nodiscard]] Result<ProviderMetadata> judge_discovery(std::string_view body, const LogtoSettings& logto);

}  // namespace lp
