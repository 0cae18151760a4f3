#include "auth/oidc/userinfo.h"

#include <nlohmann/json.hpp>
#include <string>

#include "auth/jose/json_strict.h"
#include "base/check.h"

namespace lp {

ProviderRequest userinfo_request(const ProviderMetadata& metadata, const Secret& access_token) {
  LP_CHECK(metadata.userinfo_endpoint.has_value(), "userinfo asked of a provider that has none");
  ProviderRequest request;
  request.caller.kind = CallKind::session;  // a code that Logto has taken is no stranger's any more
  request.url = *metadata.userinfo_endpoint;
  request.authorization = Secret("Bearer " + std::string(access_token.reveal()));
  return request;
}

Result<nlohmann::json> judge_userinfo(const ProviderReply& reply, std::string_view id_token_sub) {
  if (reply.status != 200) return fail("userinfo endpoint answered " + std::to_string(reply.status));
  if (!is_json_content_type(reply.content_type)) return fail("userinfo endpoint answered without JSON");
  auto claims = parse_json_strict(reply.body, kMaxMetadataBytes);
  if (!claims) return fail("userinfo: " + claims.error().message);
  const std::string* sub = string_member(*claims, "sub");
  if (sub == nullptr || id_token_sub.empty() || *sub != id_token_sub) return fail("userinfo is of another subject");
  return claims;
}

}  // namespace lp
