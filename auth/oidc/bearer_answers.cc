#include "auth/oidc/bearer_answers.h"

#include <algorithm>

#include "base/encoding.h"

namespace lp {
namespace {

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_tchar(char c) { return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos; }

// RFC 6750 2.1: 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
bool is_b64token(std::string_view text) {
  const std::size_t padding = text.find('=');
  const std::string_view body = text.substr(0, padding);
  const std::string_view rest = padding == std::string_view::npos ? std::string_view() : text.substr(padding);
  return !body.empty() && rest.find_first_not_of('=') == std::string_view::npos &&
         std::all_of(body.begin(), body.end(), [](char c) {
           return is_alnum(c) || std::string_view("-._~+/").find(c) != std::string_view::npos;
         });
}

BearerField read_field(std::string_view value) {
  const auto scheme_end = std::find_if_not(value.begin(), value.end(), is_tchar);
  const std::string_view scheme = value.substr(0, static_cast<std::size_t>(scheme_end - value.begin()));
  if (!iequals(scheme, "Bearer")) return {};
  const std::string_view rest = value.substr(scheme.size());
  const std::size_t blanks = std::min(rest.find_first_not_of(' '), rest.size());
  const std::string_view token = rest.substr(blanks);
  if (blanks == 0 || !is_b64token(token)) return {BearerField::Kind::malformed, {}};
  return {BearerField::Kind::token, token};
}

void append_parameter(std::string& out, std::string_view name, std::string_view value) {
  out.append(out == "Bearer" ? " " : ", ").append(name).append("=\"");
  for (const char c : value) {
    const bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
    out.push_back(plain ? c : '?');
  }
  out.push_back('"');
}

}  // namespace

BearerField find_bearer(const Fields& fields) {
  BearerField found;
  for (const Field& field : fields.all()) {
    if (!iequals(field.name, "Authorization")) continue;
    const BearerField one = read_field(field.value);
    if (one.kind != BearerField::Kind::none) found = one;
  }
  if (found.kind == BearerField::Kind::none || fields.count("Authorization") == 1) return found;
  return {BearerField::Kind::malformed, {}};
}

std::string bearer_challenge(const BearerError& error) {
  std::string out = "Bearer";
  append_parameter(out, "realm", "logto-proxy");
  if (!error.error.empty()) append_parameter(out, "error", error.error);
  if (!error.description.empty()) append_parameter(out, "error_description", error.description);
  std::string scopes;
  for (const std::string& scope : error.scopes) scopes.append(scopes.empty() ? "" : " ").append(scope);
  if (!scopes.empty()) append_parameter(out, "scope", scopes);
  return out;
}

}  // namespace lp
