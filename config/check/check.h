#pragma once
#include <string>
#include <vector>

#include "config/settings.h"
#include "config/yaml/report.h"

// Rules across options: what each key allows on its own, but not together. Pure. Every rule runs, so that all
// problems come at once. Most judge one realm as if it were alone; what they say of "logto.x" the report says of
// "realms.NAME.logto.x" where there are several.
namespace lp {

void check_settings(const Settings& settings, Report& report);

// What an operator should know of a legal configuration before running it in earnest; `check` prints it.
[[nodiscard]] std::vector<std::string> notes_on(const Settings& settings);

// config/check/routes.cc: the part of it that is about routes, of one realm and of all together.
void check_routes(const Settings& settings, Report& report);
void check_hosts_of_routes(const Settings& settings, Report& report);
// config/check/route_tokens.cc: the part of that which is about routes[].token.
void check_route_tokens(const Settings& settings, Report& report);
// config/check/identity.cc: the part about what apps are told of people.
void check_identity(const Settings& settings, Report& report);
// config/check/answers.cc: and what they say of answers.
void check_answers(const Settings& settings, Report& report);

}  // namespace lp
