#include "proxy/acme/token.h"

#include "config/acme.h"

namespace lp {
namespace {

constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kMostOfToken = 128;
constexpr std::size_t kThumbprint = 43;  // SHA-256

bool is_base64_url(std::string_view text) { return text.find_first_not_of(kBase64Url) == text.npos; }

}  // namespace

bool is_acme_token(std::string_view text) {
  return !text.empty() && text.size() <= kMostOfToken && is_base64_url(text);
}

bool is_key_authorization(std::string_view text, std::string_view token) {
  return is_acme_token(token) && text.size() == token.size() + 1 + kThumbprint && text.starts_with(token) &&
         text[token.size()] == '.' && is_base64_url(text.substr(token.size() + 1));
}

std::string_view acme_token_in(std::string_view path_and_query) {
  if (!path_and_query.starts_with(kAcmePath)) return {};
  const std::string_view token = path_and_query.substr(kAcmePath.size());
  return is_acme_token(token) ? token : std::string_view();
}

}  // namespace lp
