#include "auth/oidc/token_endpoint.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "auth/jose/json_strict.h"
#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::json;
using TokenErrorKind = TokenError::Kind;

constexpr std::size_t kMaxOpaqueTokenBytes = 16 * 1024;
constexpr double kMaxExpiresInS = 10.0 * 365 * 24 * 3600;

TokenError error(TokenErrorKind kind, std::string message) { return TokenError{kind, std::move(message)}; }
TokenError protocol(std::string message) { return error(TokenErrorKind::protocol, std::move(message)); }

// RFC 6749 A.12, A.17: visible characters. Tokens are put into header fields, so nothing else may pass.
bool is_token_text(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTokenBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c <= 0x7e; });
}

std::optional<Secret> token_member(const json& reply, const char* name, std::size_t max_bytes) {
  const std::string* text = string_member(reply, name);
  if (text == nullptr || !is_token_text(*text) || text->size() > max_bytes) return std::nullopt;
  return Secret(*text);
}

Result<std::int64_t, TokenError> expires_in(const json& reply) {
  if (!reply.contains("expires_in")) return std::int64_t{0};
  const json& value = reply["expires_in"];
  if (!value.is_number()) return protocol("expires_in is no number");
  const auto seconds = value.get<double>();
  if (!(seconds >= 0 && seconds <= kMaxExpiresInS)) return protocol("expires_in is out of range");
  return static_cast<std::int64_t>(seconds);
}

Result<TokenSet, TokenError> judge_success(const json& reply) {
  if (reply.contains("error")) return protocol("status 200 with an error in the body");
  const std::string* type = string_member(reply, "token_type");
  if (type == nullptr || !iequals(*type, "Bearer")) return protocol("token_type is not Bearer");  // OIDC Core 3.1.3.3
  auto id_token = token_member(reply, "id_token", kMaxTokenBytes);
  auto access_token = token_member(reply, "access_token", kMaxOpaqueTokenBytes);
  if (!id_token) return protocol("id_token is missing or of the wrong form");
  if (!access_token) return protocol("access_token is missing or of the wrong form");
  auto lifetime = expires_in(reply);
  if (!lifetime) return lifetime.error();
  TokenSet tokens{std::move(*id_token), std::move(*access_token), Secret(), *lifetime};
  if (const std::string* scope = string_member(reply, "scope")) tokens.scope = *scope;
  if (!reply.contains("refresh_token") || reply["refresh_token"].is_null()) return tokens;
  auto refresh_token = token_member(reply, "refresh_token", kMaxOpaqueTokenBytes);
  if (!refresh_token) return protocol("refresh_token has the wrong form");
  tokens.refresh_token = std::move(*refresh_token);
  return tokens;
}

struct ErrorKind {
  std::string_view error;
  TokenErrorKind kind;
};
// RFC 6749 5.2. Logto answers an unknown client with 400 invalid_client, a wrong secret with 401.
constexpr std::array<ErrorKind, 9> kErrorKinds = {{{"invalid_grant", TokenErrorKind::invalid_grant},
                                                   {"access_denied", TokenErrorKind::access_denied},
                                                   {"invalid_target", TokenErrorKind::not_for_audience},
                                                   {"invalid_scope", TokenErrorKind::not_for_audience},
                                                   {"insufficient_scope", TokenErrorKind::not_for_audience},
                                                   {"invalid_client", TokenErrorKind::client_credentials},
                                                   {"unauthorized_client", TokenErrorKind::client_credentials},
                                                   {"temporarily_unavailable", TokenErrorKind::provider_unavailable},
                                                   {"server_error", TokenErrorKind::provider_unavailable}}};

TokenErrorKind kind_of(int status, std::string_view code, std::string_view description) {
  const auto found =
      std::find_if(kErrorKinds.begin(), kErrorKinds.end(), [&](const auto& k) { return k.error == code; });
  if (found != kErrorKinds.end()) return found->kind;
  // Logto: an expired secret is 400 invalid_request "client secret has expired".
  const bool secret = ascii_lower(description).find("client secret") != std::string::npos;
  return status == 401 || secret ? TokenErrorKind::client_credentials : TokenErrorKind::protocol;
}

constexpr std::size_t kMaxScopesNamed = 64;

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> list;
  while (!text.empty() && list.size() < kMaxScopesNamed) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) list.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return list;
}

std::string cut(std::string_view text) { return std::string(text.substr(0, 200)); }

TokenError judge_failure(const ProviderReply& reply) {
  const std::string status = "token endpoint answered " + std::to_string(reply.status);
  if (says_unavailable(reply.status)) return error(TokenErrorKind::provider_unavailable, status);
  auto body = parse_json_strict(reply.body, kMaxMetadataBytes);
  const std::string* code = body ? string_member(*body, "error") : nullptr;
  const std::string* description = body ? string_member(*body, "error_description") : nullptr;
  const std::string_view code_text = code == nullptr ? std::string_view() : *code;
  const std::string_view description_text = description == nullptr ? std::string_view() : *description;
  TokenError failure = error(kind_of(reply.status, code_text, description_text),
                             status + " " + cut(code_text) + ": " + cut(description_text));
  const std::string* scope = body && code_text == "invalid_scope" ? string_member(*body, "scope") : nullptr;
  if (scope != nullptr) failure.scopes_not_granted = words(*scope);
  return failure;
}

constexpr std::string_view kOrganizations = "urn:logto:scope:organizations";

// openid first, each once; offline_access is nothing to ask for again.
std::string scope_for(const LogtoSettings& logto, const TokenAudience& audience,
                      const std::vector<std::string>& not_granted) {
  std::vector<std::string> scopes;
  const auto add = [&](const std::string& scope) {
    const bool is_new = std::find(scopes.begin(), scopes.end(), scope) == scopes.end();
    const bool is_granted = std::find(not_granted.begin(), not_granted.end(), scope) == not_granted.end();
    if (scope != "offline_access" && is_new && is_granted) scopes.push_back(scope);
  };
  add("openid");
  for (const std::string& scope : logto.scopes) add(scope);
  if (!audience.organization.empty()) add(std::string(kOrganizations));
  for (const std::string& scope : audience.scopes) add(scope);
  std::string text;
  for (const std::string& scope : scopes) text.append(text.empty() ? "" : " ").append(scope);
  return text;
}

}  // namespace

bool says_unavailable(int status) { return status >= 500 || status == 429 || status == 408; }

ProviderRequest code_exchange_request(const ProviderMetadata& metadata, const LogtoSettings& logto,
                                      const Secret& client_secret, std::string_view code,
                                      const PendingSignIn& pending) {
  ProviderRequest request;
  request.caller.kind = CallKind::sign_in;
  request.method = "POST";
  request.url = metadata.token_endpoint;
  request.authorization = client_secret_basic(logto.app_id, client_secret);
  request.form_body = Secret(form_encode({{"grant_type", "authorization_code"},
                                          {"code", std::string(code)},
                                          {"redirect_uri", pending.redirect_uri},
                                          {"code_verifier", std::string(pending.code_verifier.reveal())}}));
  return request;
}

ProviderRequest refresh_request(const ProviderMetadata& metadata, const LogtoSettings& logto,
                                const Secret& client_secret, const Secret& refresh_token, const TokenAudience& audience,
                                const std::vector<std::string>& not_granted) {
  ProviderRequest request;
  request.caller.kind = CallKind::session;
  request.method = "POST";
  request.url = metadata.token_endpoint;
  request.authorization = client_secret_basic(logto.app_id, client_secret);
  FormPairs form = {{"grant_type", "refresh_token"}, {"refresh_token", std::string(refresh_token.reveal())}};
  if (!audience.resource.empty()) form.emplace_back("resource", audience.resource);
  if (!audience.organization.empty()) form.emplace_back("organization_id", audience.organization);
  if (!audience.is_id_token()) form.emplace_back("scope", scope_for(logto, audience, not_granted));
  request.form_body = Secret(form_encode(form));
  return request;
}

Result<TokenSet, TokenError> judge_token_reply(const ProviderReply& reply) {
  if (reply.status != 200) return judge_failure(reply);
  if (!is_json_content_type(reply.content_type)) return protocol("token endpoint answered 200 without JSON");
  auto body = parse_json_strict(reply.body, kMaxMetadataBytes);
  if (!body) return protocol("token endpoint: " + body.error().message);
  if (!body->is_object()) return protocol("token endpoint: reply is not an object");
  return judge_success(*body);
}

}  // namespace lp
