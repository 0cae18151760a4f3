#include "cli/routes.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "auth/rules/authorize.h"
#include "cli/access_word.h"
#include "cli/exit_status.h"
#include "cli/load_or_complain.h"
#include "cli/text_table.h"
#include "config/path_pattern.h"
#include "proxy/route/explain_route.h"

namespace lp {
namespace {

using nlohmann::ordered_json;

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
          route.upstream};
}

ordered_json json_of(const RouteSettings& route) {
  const auto text_or_null = [](const std::string& text) { return text.empty() ? ordered_json() : ordered_json(text); };
  return {{"index", route.index},
          {"line", route.line},
          {"host", text_or_null(route.host)},
          {"path", format_path_pattern(route.path)},
          {"methods", route.methods},
          {"conditions", describe_conditions(route)},
          {"access", access_word(route.access)},
          {"shadow", route.shadow},
          {"requirements", text_or_null(rules_of(route))},
          {"upstream", text_or_null(route.upstream)}};
}

}  // namespace

TextTable routes_table(const Settings& settings) {
  TextTable table{{"#", "host", "path", "methods", "conditions", "access", "requirements", "upstream"}, {}};
  for (const RouteSettings& route : settings.routes) table.rows.push_back(row_of(route));
  return table;
}

int run_routes(const std::string& config_path, bool json) {
  const auto settings = load_or_complain(config_path);
  if (!settings) return kExitConfig;
  if (json) {
    ordered_json all = ordered_json::array();
    for (const RouteSettings& route : settings->routes) all.push_back(json_of(route));
    std::printf("%s\n", all.dump(2).c_str());
  } else {
    std::printf("%s\nThe first that matches decides; none matches: 404.\n",
                format_table(routes_table(*settings)).c_str());
  }
  return std::fflush(stdout) == 0 ? kExitOk : kExitFailed;
}

}  // namespace lp
