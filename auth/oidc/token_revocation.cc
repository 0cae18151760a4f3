#include "auth/oidc/token_revocation.h"

#include <string>

#include "auth/oidc/client_auth.h"
#include "base/check.h"
#include "base/url.h"

namespace lp {

ProviderRequest token_revocation_request(const ProviderMetadata& metadata, const LogtoSettings& logto,
                                         const Secret& client_secret, const Secret& refresh_token) {
  LP_CHECK(metadata.revocation_endpoint.has_value(), "revocation asked of a provider that has none");
  ProviderRequest request;
  request.caller.kind = CallKind::upkeep;
  request.method = "POST";
  request.url = *metadata.revocation_endpoint;
  request.authorization = client_secret_basic(logto.app_id, client_secret);
  request.form_body =
      Secret(form_encode({{"token", std::string(refresh_token.reveal())}, {"token_type_hint", "refresh_token"}}));
  return request;
}

Result<void> judge_token_revocation(const ProviderReply& reply) {
  if (reply.status == 200) return {};
  return fail("revocation endpoint answered " + std::to_string(reply.status));
}

}  // namespace lp
