// An Authorization field, the payload and the whole of an access token, and Logto's answer about one: what is accepted
// is of somebody whose name fits into a header, for an audience that a route takes, and ends some day.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "auth/oidc/access_token.h"
#include "auth/oidc/bearer_answers.h"
#include "auth/oidc/introspection.h"
#include "auth/oidc/issuer_discovery.h"
#include "base/encoding.h"

namespace {

constexpr std::int64_t kNow = 1'800'000'000;

lp::Settings settings() {
  lp::Settings made;
  made.logto.endpoint = {"https", "auth.example.com", 443};
  made.logto.app_id = "app";
  made.bearer.audiences = {"api"};
  made.routes.resize(1);
  made.routes[0].accept.bearer = true;
  made.bearer.issuers.resize(1);
  made.bearer.issuers[0].issuer = "https://plain.example.net";
  made.bearer.issuers[0].type = "JWT";
  return made;
}

bool is_printable(std::string_view text) {
  return text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

void check(const lp::AccessToken& token, const lp::Settings& with) {
  if (token.sub.empty() || !is_printable(token.sub) || !is_printable(token.client_id)) std::abort();
  if (token.expires_at_s < kNow || token.trusted_until_s > token.expires_at_s) std::abort();
  if (token.issued_at_s < 0 || token.issued_at_s > kNow + 60 || token.authenticated_at_s < 0) std::abort();
  if (!lp::access_token_is_for(token, with.routes[0], with)) std::abort();
  for (const std::string& scope : token.scopes) {
    if (scope.empty() || scope.find_first_of(" \"\\") != std::string::npos) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const lp::Settings with = settings();
  const std::string_view input(reinterpret_cast<const char*>(data), size);

  lp::Fields fields;
  fields.add("Authorization", input);
  const lp::BearerField field = lp::find_bearer(fields);
  if ((field.kind == lp::BearerField::Kind::token) == field.token.empty()) std::abort();
  if (field.token.find_first_of(" ,\"\r\n") != std::string_view::npos) std::abort();
  const std::string challenge = lp::bearer_challenge({"invalid_token", input});
  if (challenge.find_first_of("\r\n") != std::string::npos) std::abort();

  if (const auto token = lp::read_access_token(input, with, kNow)) check(*token, with);
  const std::string header = lp::base64url_encode(R"({"alg":"ES384","typ":"at+jwt"})");
  const std::string text = header + "." + lp::base64url_encode(input) + ".AAAA";
  if (const auto token = lp::read_access_token(text, with, kNow)) check(*token, with);
  const auto introspected = lp::judge_introspection({200, "application/json", std::string(input)}, with, kNow);
  if (introspected) check(*introspected, with);
  const auto keys = lp::judge_issuer_discovery(input, "https://plain.example.net");
  if (keys && !keys->starts_with("https://plain.example.net/")) std::abort();
  return 0;
}
