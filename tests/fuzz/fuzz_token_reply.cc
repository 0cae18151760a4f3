// Answers of the token, userinfo and revocation endpoints. The first byte picks the status.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "auth/oidc/token_endpoint.h"

namespace {

void must_fit_a_header(std::string_view token) {
  if (!std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c <= 0x7e; })) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<int, 6> kStatuses = {200, 400, 401, 404, 503, 302};
  if (size == 0) return 0;
  lp::ProviderReply reply;
  reply.status = kStatuses[data[0] % kStatuses.size()];
  reply.content_type = "application/json";
  reply.body.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto claims = lp::judge_userinfo(reply, "user1");
  if (claims && (reply.status != 200 || (*claims)["sub"] != "user1")) std::abort();
  auto tokens = lp::judge_token_reply(reply);
  if (!tokens) return 0;
  if (reply.status != 200 || tokens->id_token.empty() || tokens->access_token.empty() || tokens->expires_in_s < 0) {
    std::abort();
  }
  must_fit_a_header(tokens->access_token.reveal());
  must_fit_a_header(tokens->refresh_token.reveal());
  return 0;
}
