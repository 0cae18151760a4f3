// Claims of an ID token whose signature has been verified: what is accepted is ours, for us, and safe in a header.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "auth/oidc/id_token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lp::IdTokenExpectations expected;
  expected.issuer = "https://auth.example.com/oidc";
  expected.client_id = "app";
  expected.nonce = "n";
  expected.access_token = "at";
  expected.now_s = 1'800'000'000;
  const std::string_view payload(reinterpret_cast<const char*>(data), size);
  auto token = lp::judge_verified_payload(payload, "ES384", expected);
  if (!token) return token.error().rule.empty() ? (std::abort(), 0) : 0;
  const auto printable = [](char c) { return c >= 0x20 && c <= 0x7e; };
  if (token->sub.empty() || token->sub.size() > 255) std::abort();
  if (!std::all_of(token->sub.begin(), token->sub.end(), printable)) std::abort();
  if ((*token->claims)["iss"] != "https://auth.example.com/oidc" || (*token->claims)["nonce"] != "n") std::abort();
  const std::int64_t at_s = lp::authenticated_at_s(*token->claims, expected.now_s);
  if (at_s < 0 || at_s > expected.now_s) std::abort();
  expected.max_age_s = 300;
  const auto recent = lp::judge_verified_payload(payload, "ES384", expected);
  if (recent && lp::authenticated_at_s(*recent->claims, expected.now_s) < expected.now_s - 360 - expected.leeway_s)
    std::abort();
  return 0;
}
