#include "auth/oidc/introspection.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "auth/jose/json_strict.h"
#include "auth/oidc/client_auth.h"
#include "base/url.h"

namespace lp {
namespace {

using Kind = AccessTokenFailure::Kind;

AccessTokenFailure no_answer(std::string why) {
  return {Kind::unavailable, "introspection", "Logto's introspection endpoint: " + std::move(why)};
}

}  // namespace

ProviderRequest introspection_request(const ProviderMetadata& metadata, const LogtoSettings& logto,
                                      const Secret& client_secret, const Secret& token) {
  ProviderRequest request;
  request.caller.kind = CallKind::introspection;
  request.method = "POST";
  request.url = metadata.introspection_endpoint.value_or("");
  request.authorization = client_secret_basic(logto.app_id, client_secret);
  request.form_body =
      Secret(form_encode({{"token", std::string(token.reveal())}, {"token_type_hint", "access_token"}}));
  return request;
}

Result<AccessToken, AccessTokenFailure> judge_introspection(const ProviderReply& reply, const Settings& settings,
                                                            std::int64_t now_s) {
  if (reply.status != 200) return no_answer("status " + std::to_string(reply.status));
  if (!is_json_content_type(reply.content_type)) return no_answer("an answer without JSON");
  auto members = parse_json_strict(reply.body, kMaxMetadataBytes);
  if (!members) return no_answer(members.error().message);
  const auto active = members->is_object() ? members->find("active") : members->end();
  if (active == members->end() || !active->is_boolean()) return no_answer("an answer without active");
  if (!active->get<bool>()) return AccessTokenFailure{Kind::rejected, "inactive", "the token is not valid"};
  auto token = read_introspected_token(std::move(*members), settings, now_s);
  if (!token) return AccessTokenFailure{Kind::rejected, token.error().rule, token.error().message};
  token->trusted_until_s = std::min(token->expires_at_s, now_s + settings.bearer.introspection_cache_ms / kSecond);
  return std::move(*token);
}

}  // namespace lp
