#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

// Discovery of a further issuer of access tokens: of its metadata only the place of its keys matters. Pure.
namespace lp {

// OpenID Connect Discovery 1.0, 4: {issuer}/.well-known/openid-configuration, a slash at the issuer's end left out.
[[nodiscard]] std::string issuer_discovery_url(std::string_view issuer);
// The URL of its keys. The document's issuer must equal ours exactly (4.3); the keys must lie on the issuer's own
// origin, for a document must not make us call other hosts: bearer.issuers[].jwks_url names another one.
[[nodiscard]] Result<std::string> judge_issuer_discovery(std::string_view body, std::string_view issuer);

}  // namespace lp
