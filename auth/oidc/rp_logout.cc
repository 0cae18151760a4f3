#include "auth/oidc/rp_logout.h"

#include "auth/oidc/url_query.h"

namespace lp {

std::string rp_logout_url(const ProviderMetadata& metadata, std::string_view client_id,
                          std::string_view post_logout_redirect_uri) {
  if (!metadata.end_session_endpoint) return {};
  return with_query(
      *metadata.end_session_endpoint,
      {{"client_id", std::string(client_id)}, {"post_logout_redirect_uri", std::string(post_logout_redirect_uri)}});
}

}  // namespace lp
