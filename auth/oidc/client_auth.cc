#include "auth/oidc/client_auth.h"

#include <nlohmann/json.hpp>
#include <string>

#include "auth/jose/json_strict.h"
#include "base/encoding.h"

namespace lp {
namespace {

constexpr std::size_t kMaxErrorReplyBytes = 64 * 1024;

bool says_expired_secret(const std::string* description) {
  if (description == nullptr) return false;
  const std::string text = ascii_lower(*description);
  return text.find("client secret") != std::string::npos && text.find("expired") != std::string::npos;
}

}  // namespace

Secret client_secret_basic(std::string_view client_id, const Secret& client_secret) {
  const Secret encoded_secret(percent_encode(client_secret.reveal()));
  std::string credentials = percent_encode(client_id);
  credentials.reserve(credentials.size() + 1 + encoded_secret.reveal().size());
  credentials += ':';
  credentials += encoded_secret.reveal();
  const Secret pair(std::move(credentials));
  return Secret("Basic " + base64_encode(pair.reveal()));
}

// RFC 6749 5.2: an error of client authentication is 401 invalid_client where the Authorization field was used; Logto
// answers an unknown client with 400 invalid_client and an expired secret with 400 invalid_request. Only who has been
// authenticated hears of an invalid grant.
ClientSecretVerdict judge_client_secret(const ProviderReply& reply) {
  if (reply.status == 200) return ClientSecretVerdict::accepted;
  if (reply.status != 400 && reply.status != 401) return ClientSecretVerdict::unknown;
  auto body = parse_json_strict(reply.body, kMaxErrorReplyBytes);
  const std::string* code = body ? string_member(*body, "error") : nullptr;
  if (reply.status == 401) {
    return code == nullptr || *code == "invalid_client" ? ClientSecretVerdict::refused : ClientSecretVerdict::unknown;
  }
  if (code == nullptr) return ClientSecretVerdict::unknown;
  if (*code == "invalid_grant") return ClientSecretVerdict::accepted;
  const bool expired = *code == "invalid_request" && says_expired_secret(string_member(*body, "error_description"));
  return expired ? ClientSecretVerdict::refused : ClientSecretVerdict::unknown;
}

}  // namespace lp
