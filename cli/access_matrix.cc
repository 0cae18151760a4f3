#include "cli/access_matrix.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "auth/rules/decision.h"
#include "auth/rules/role_access.h"
#include "cli/exit_status.h"
#include "cli/load_or_complain.h"
#include "cli/routes.h"
#include "cli/text_table.h"
#include "config/check/spellings.h"

namespace lp {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kColumnsAtOnce = 6;

std::string route_words(const RouteSettings& route) {
  std::string words = route.label;
  for (const std::string& method : route.methods) words += " " + method;
  if (!route.query.empty() || !route.headers.empty() || !route.networks.empty()) words += " (conditions)";
  return words;
}

bool asks_for_certificate(const RouteSettings& route) {
  bool found = false;
  for_each_requirement(route.require, [&](const Requirement& one) {
    found = found || one.kind == Requirement::Kind::client_certificate;
  });
  return found;
}

bool is_open_by_access(const RouteSettings& route) {
  return route.access == Access::public_ || route.access == Access::optional;
}

// The word in the cell of somebody who is signed out and follows a link. A route in shadow counts as one that is not.
std::string signed_out_word(RouteSettings route) {
  route.shadow = false;
  RequestHead link;
  link.method = "GET";
  link.fields.add("Accept", "text/html");
  switch (decide(route, {.head = link}, {}, {}, 0).kind) {
    case Decision::Kind::preflight:
    case Decision::Kind::pass:
      return "yes";
    case Decision::Kind::sign_in:
      return "sign in";
    case Decision::Kind::unauthenticated:
    case Decision::Kind::token_missing:
      return "401";
    default:
      return is_open_by_access(route) && asks_for_certificate(route) ? "by certificate" : "no";
  }
}

std::string role_word(RoleAccess access, std::size_t footnote) {
  switch (access) {
    case RoleAccess::yes:
      return "yes";
    case RoleAccess::no:
      return "no";
    case RoleAccess::depends:
      return footnote == 0 ? "depends" : "if [" + std::to_string(footnote) + "]";
  }
  return "";
}

struct Row {
  const RouteSettings* route;
  const RouteSettings* decides;  // another one where its path is that one's in another spelling
  std::string signed_out;
  std::vector<RoleAccess> access;   // signed in without roles, then each role
  std::vector<std::string> beyond;  // what the cells that depend depend on
  std::string spelling;             // requests that are decided otherwise than the row says
  const RouteSettings* refused_by;  // where these are answered 400: the route because of which; else null
};

// Whose rule holds for the requests of a route.
const RouteSettings& decided_by(const Settings& settings, const RouteSettings& route) {
  const SpellingFate fate = spelling_fate(settings, route);
  return fate.decides && fate.always ? *fate.other : route;
}

std::vector<Row> rows_of(const Settings& settings, const std::vector<std::string>& roles) {
  std::vector<Row> rows;
  for (const RouteSettings& route : settings.routes) {
    const RouteSettings& decides = decided_by(settings, route);
    const SpellingFate fate = spelling_fate(settings, route);
    Row row{&route, &decides, signed_out_word(decides), {access_of_role(decides, "")}, {}, {}, nullptr};
    if (fate.other != nullptr && &decides == &route) row.spelling = spelling_words(settings, route);
    if (fate.other != nullptr && !fate.decides) row.refused_by = fate.other;
    for (const std::string& role : roles) row.access.push_back(access_of_role(decides, role));
    bool depends = false;
    for (const RoleAccess access : row.access) depends = depends || access == RoleAccess::depends;
    if (depends) row.beyond = rules_beyond_roles(decides);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string row_words(const Row& row) {
  return route_words(*row.route) + (row.decides == row.route ? "" : ": as " + row.decides->label) +
         (row.decides->shadow ? " (shadow)" : "");
}

// All roles side by side would not fit: some in each table.
TextTable table_of(const std::vector<Row>& rows, const std::vector<std::string>& roles, std::size_t first,
                   std::size_t count, bool footnotes) {
  TextTable table{{"route", "nobody", "no role"}, {}};
  for (std::size_t i = 0; i < count; ++i) table.header.push_back(roles[first + i]);
  std::size_t footnote = 0;
  for (const Row& row : rows) {
    if (!row.beyond.empty()) ++footnote;
    const std::size_t mark = footnotes ? footnote : 0;
    std::vector<std::string> cells = {row_words(row), row.signed_out, role_word(row.access[0], mark)};
    for (std::size_t i = 0; i < count; ++i) cells.push_back(role_word(row.access[1 + first + i], mark));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

std::string text_of(const std::vector<Row>& rows, const std::vector<std::string>& roles) {
  std::string text;
  for (std::size_t first = 0; first == 0 || first < roles.size(); first += kColumnsAtOnce) {
    const std::size_t count = std::min(kColumnsAtOnce, roles.size() - first);
    text += format_table(table_of(rows, roles, first, count, true)) + "\n";
  }
  std::size_t footnote = 0;
  bool shadows = false;
  for (const Row& row : rows) {
    if (!row.beyond.empty()) text += "[" + std::to_string(++footnote) + "] " + joined(row.beyond, "; ") + "\n";
    shadows = shadows || row.decides->shadow;
  }
  for (const Row& row : rows) text += row.spelling;
  if (shadows) text += "shadow: everybody passes for now; the row says who would.\n";
  return text + "A row is about requests that no earlier route takes. Ask about one: logto-proxy explain\n";
}

ordered_json json_of(const std::vector<Row>& rows, const std::vector<std::string>& roles) {
  ordered_json routes = ordered_json::array();
  for (const Row& row : rows) {
    ordered_json access = ordered_json::object();
    for (std::size_t i = 0; i < roles.size(); ++i) access[roles[i]] = role_word(row.access[1 + i], 0);
    routes.push_back(
        {{"index", row.route->index},
         {"route", row.route->label},
         {"methods", row.route->methods},
         {"decided_by", row.decides->index},
         {"refused_because_of", row.refused_by == nullptr ? ordered_json() : ordered_json(row.refused_by->index)},
         {"shadow", row.decides->shadow},
         {"nobody", row.signed_out},
         {"no_role", role_word(row.access[0], 0)},
         {"roles", access},
         {"depends_on", row.beyond}});
  }
  return {{"roles", roles}, {"routes", routes}};
}

}  // namespace

int run_access_matrix(const AccessMatrixOptions& options) {
  const auto settings = load_or_complain(options.config_path);
  if (!settings) return kExitConfig;
  const std::vector<std::string> roles = options.roles.empty() ? roles_in_rules(*settings) : options.roles;
  const std::vector<Row> rows = rows_of(*settings, roles);
  std::string text;
  if (options.json)
    text = json_of(rows, roles).dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  else if (options.csv)
    text = format_csv(table_of(rows, roles, 0, roles.size(), false));
  else
    text = text_of(rows, roles);
  std::fputs(text.c_str(), stdout);
  return std::fflush(stdout) == 0 ? kExitOk : kExitFailed;
}

}  // namespace lp
