#include "auth/oidc/backchannel_logout_request.h"

#include <utility>

#include "base/encoding.h"
#include "base/url.h"

namespace lp {
namespace {

bool is_form(std::string_view content_type) {
  return iequals(trim_ows(content_type.substr(0, content_type.find(';'))), "application/x-www-form-urlencoded");
}

}  // namespace

Result<void, RuleError> judge_logout_content_type(std::string_view content_type) {
  return is_form(content_type) ? Result<void, RuleError>() : broken_rule("content_type", "request is no form");
}

Result<std::string, RuleError> parse_logout_request(std::string_view content_type, std::string_view body) {
  if (auto type = judge_logout_content_type(content_type); !type) return type.error();
  if (body.size() > kMaxLogoutRequestBytes) return broken_rule("size", "request is too long");
  auto pairs = parse_form(body);
  if (!pairs) return broken_rule("form", pairs.error().message);
  std::string* token = nullptr;
  for (auto& [name, value] : *pairs) {
    if (name != "logout_token") continue;  // 2.5: other parameters are ignored
    if (token != nullptr) return broken_rule("logout_token", "logout_token is repeated");
    token = &value;
  }
  if (token == nullptr || token->empty()) return broken_rule("logout_token", "logout_token is missing");
  return std::move(*token);
}

}  // namespace lp
