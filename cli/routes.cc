#include "cli/routes.h"

#include <cstdio>

#include "auth/rules/authorize.h"
#include "cli/access_word.h"
#include "cli/exit_status.h"
#include "cli/load_or_complain.h"
#include "cli/text_table.h"
#include "config/check/spellings.h"
#include "config/path_pattern.h"
#include "proxy/route/explain_route.h"
#include "proxy/route/reply.h"

namespace lp {
namespace {

std::string rules_of(const RouteSettings& route) {
  std::vector<std::string> rules;
  for (const Requirement& rule : route.require.children)
    rules.push_back(describe_requirement(rule, Audience::operators));
  for (const Requirement& rule : route.deny.children)
    rules.push_back("deny: " + describe_requirement(rule, Audience::operators));
  return joined(rules, "; ");
}

std::vector<std::string> row_of(const RouteSettings& route) {
  return {std::to_string(route.index),
          route.host,
          format_path_pattern(route.path),
          joined(route.methods, ", "),
          joined(describe_conditions(route), "; "),
          std::string(access_word(route.access)) + (route.shadow ? ", shadow" : ""),
          rules_of(route),
          route.reply.is_configured() ? describe_reply(route.reply) : route.upstream};
}

// Where the row does not say who passes.
std::string spelling_words(const Settings& settings, const RouteSettings& route) {
  const SpellingFate fate = spelling_fate(settings, route);
  if (fate.other == nullptr) return {};
  const std::string which = fate.always ? "every request" : "a request that both may take";
  return route.label + ": " + which + (fate.decides ? " is decided by " : " is answered 400 because of ") +
         fate.other->label + ", whose paths many apps take for the same\n";
}

}  // namespace

int run_routes(const std::string& config_path) {
  const auto settings = load_or_complain(config_path);
  if (!settings) return kExitConfig;
  TextTable table{{"#", "host", "path", "methods", "conditions", "access", "requirements", "upstream"}, {}};
  std::string spellings;
  for (const RouteSettings& route : settings->routes) {
    table.rows.push_back(row_of(route));
    spellings += spelling_words(*settings, route);
  }
  std::printf("%s\nThe first that matches decides; none matches: 404.\n%s", format_table(table).c_str(),
              spellings.c_str());
  return std::fflush(stdout) == 0 ? kExitOk : kExitFailed;
}

}  // namespace lp
