#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/requirement.h"
#include "config/settings.h"

// What roles alone decide about a route, for the access matrix. Pure.
namespace lp {

// depends: rules on something other than roles decide.
enum class RoleAccess { yes, no, depends };

// For somebody who is signed in with this one role, or with none ("").
[[nodiscard]] RoleAccess access_of_role(const RouteSettings& route, std::string_view role);

// The roles that any rule of any route names, sorted, each once.
[[nodiscard]] std::vector<std::string> roles_in_rules(const Settings& settings);

// The rules of this route that are not about roles, for operators: "e-mail domain example.com"; those of `deny` begin
// with "deny: ". Each once.
[[nodiscard]] std::vector<std::string> rules_beyond_roles(const RouteSettings& route);

}  // namespace lp
