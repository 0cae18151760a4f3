#pragma once
#include <string_view>

#include "auth/oidc/provider_call.h"
#include "base/secret.h"

namespace lp {

// Value of an Authorization field: client_secret_basic (RFC 6749 2.3.1; id and secret are form-encoded first). Pure.
[[nodiscard]] Secret client_secret_basic(std::string_view client_id, const Secret& client_secret);

// What a reply of an endpoint with client authentication says of the secret that was sent. `refused` means that this
// very secret is wrong, deleted or expired, so that nothing was done with the request and another secret is worth a
// try. An unknown client is not that: no secret would help. Errors of the server say nothing.
enum class ClientSecretVerdict { accepted, refused, unknown };
[[nodiscard]] ClientSecretVerdict judge_client_secret(const ProviderReply& reply);

}  // namespace lp
