#include "proxy/http/connection_auth.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "proxy/http/syntax.h"

namespace lp {
namespace {

constexpr std::array<std::string_view, 4> kSchemes = {"NTLM", "Negotiate", "Nego2", "Kerberos"};

bool any_names_scheme(const Fields& fields, std::string_view name) {
  return fields.may_have(name) && std::any_of(fields.all().begin(), fields.all().end(), [&](const Field& field) {
           return iequals(field.name, name) && names_connection_scheme(field.value);
         });
}

}  // namespace

// Each word is looked at, also those in parameters: to take one for a scheme costs a connection and nothing else.
bool names_connection_scheme(std::string_view value) {
  for (std::size_t at = 0; at < value.size();) {
    std::size_t end = at;
    while (end < value.size() && syntax::is_tchar(value[end])) ++end;
    const std::string_view word = value.substr(at, end - at);
    if (std::any_of(kSchemes.begin(), kSchemes.end(), [&](std::string_view one) { return iequals(one, word); })) {
      return true;
    }
    at = std::max(end, at + 1);
  }
  return false;
}

bool asks_to_sign_in_connection(const Fields& request) { return any_names_scheme(request, "Authorization"); }

bool offers_to_sign_in_connection(const Fields& answer) { return any_names_scheme(answer, "WWW-Authenticate"); }

}  // namespace lp
