// Provider metadata: whatever is accepted stays on the configured origin.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "auth/oidc/discovery.h"

namespace {

void must_be_ours(const std::string& endpoint) {
  if (endpoint.rfind("https://auth.example.com/", 0) != 0) std::abort();
}
void must_be_ours(const std::optional<std::string>& endpoint) {
  if (endpoint) must_be_ours(*endpoint);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const lp::LogtoSettings logto = [] {
    lp::LogtoSettings settings;
    settings.endpoint = *lp::parse_origin("https://auth.example.com");
    return settings;
  }();
  auto metadata = lp::judge_discovery(std::string_view(reinterpret_cast<const char*>(data), size), logto);
  if (!metadata) return 0;
  for (const auto& endpoint : {metadata->authorization_endpoint, metadata->token_endpoint, metadata->jwks_uri}) {
    must_be_ours(endpoint);
  }
  must_be_ours(metadata->userinfo_endpoint);
  must_be_ours(metadata->end_session_endpoint);
  must_be_ours(metadata->revocation_endpoint);
  return 0;
}
