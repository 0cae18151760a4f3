#include "auth/rules/challenge.h"

#include <utility>

#include "base/encoding.h"

namespace lp {
namespace {

// RFC 6750 3: %x20-21 / %x23-5B / %x5D-7E. A quote or a backslash would need escapes, which few clients undo.
std::string quoted(std::string_view text) {
  std::string value = "\"";
  for (const char c : text) value += c >= 0x20 && c < 0x7f && c != '"' && c != '\\' ? c : ' ';
  return value + "\"";
}

std::string challenge_field(std::string_view scheme, const Challenge& challenge) {
  std::string field(scheme);
  field += " realm=\"logto-proxy\"";
  const auto add = [&field](std::string_view name, std::string_view value) {
    if (!value.empty()) field.append(", ").append(name).append("=").append(quoted(value));
  };
  add("error", challenge.error);
  add("error_description", challenge.description);
  add("scope", challenge.scope);
  if (challenge.max_age_s >= 0) add("max_age", std::to_string(challenge.max_age_s));
  return field;
}

}  // namespace

std::vector<std::string> challenge_fields(const RouteSettings* route, const Challenge& challenge) {
  std::vector<std::string> fields;
  if (route != nullptr && route->accept.bearer) fields.push_back(challenge_field("Bearer", challenge));
  if (route == nullptr || route->accept.session) fields.push_back(challenge_field("Cookie", challenge));
  return fields;
}

void set_challenges(Answer& answer, const RouteSettings* route, const Challenge& challenge) {
  std::erase_if(answer.headers, [](const auto& header) { return iequals(header.first, "WWW-Authenticate"); });
  for (std::string& field : challenge_fields(route, challenge)) answer.add("WWW-Authenticate", std::move(field));
}

}  // namespace lp
