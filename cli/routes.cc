#include "cli/routes.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "auth/rules/authorize.h"
#include "base/one_of.h"
#include "cli/access_word.h"
#include "cli/exit_status.h"
#include "cli/load_or_complain.h"
#include "cli/text_table.h"
#include "config/check/spellings.h"
#include "config/client_fields.h"
#include "config/health.h"
#include "config/identity_presets.h"
#include "config/path_pattern.h"
#include "proxy/route/explain_route.h"
#include "proxy/route/reply.h"

namespace lp {
namespace {

using nlohmann::ordered_json;

std::string rules_of(const RouteSettings& route) {
  std::vector<std::string> rules;
  if (route.organization.is_configured())
    rules.push_back(describe_requirement(route.organization.rule, Audience::operators));
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

// Which hosts answer /robots.txt by themselves.
std::string crawler_words(const Settings& settings) {
  std::vector<std::string> hosts;
  for (const Origin& url : settings.external_urls) {
    if (keeps_crawlers_away(settings, url.host) && !is_one_of(url.host, hosts)) hosts.push_back(url.host);
  }
  if (settings.health.robots_txt == RobotsTxt::always)
    return "GET and HEAD of /robots.txt: crawlers stay away from all\n";
  if (hosts.empty()) return {};
  return "GET and HEAD of /robots.txt: crawlers stay away from " + joined(hosts, ", ") +
         ", for nothing is public there (health.robots_txt)\n";
}

// As fields are usually written; one that ends in '-' stands for all that begin so.
std::string shown_name(std::string_view entry) {
  std::string shown;
  for (const char c : entry) {
    const bool begins = shown.empty() || shown.back() == '-';
    shown += begins && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return shown + (shown.ends_with('-') ? "*" : "");
}

std::string shown_names(ClientFieldFamily family) {
  std::vector<std::string> names;
  for (const std::string_view entry : client_fields_of(family)) names.push_back(shown_name(entry));
  return joined(names, ", ");
}

std::string told_names(const Settings& settings) {
  std::vector<std::string> names;
  const auto add = [&](const std::vector<IdentityHeaderSettings>& headers) {
    for (const IdentityHeaderSettings& header : headers) {
      if (!is_one_of(header.header, names)) names.push_back(header.header);
    }
  };
  add(identity_headers_of(settings));
  for (const RouteSettings& route : settings.routes) add(identity_headers_of(settings, route));
  for (const NamedPreset& named : identity_presets()) add(preset_headers(named.preset));
  return joined(names, ", ");
}

// A list in lines of a terminal's width.
std::string wrapped(std::string_view names) {
  std::string out;
  std::size_t column = 0;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(' '), names.size());
    const bool fits = column > 0 && column + 1 + end <= kTerminalColumns;
    out += fits ? " " : column == 0 ? "    " : "\n    ";
    column = (fits ? column + 1 : 4) + end;
    out += names.substr(0, end);
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return out + "\n";
}

std::string removed_fields(const Settings& settings) {
  using Family = ClientFieldFamily;
  std::string out =
      "Taken out of what clients send, in any case and with any punctuation, for an app might believe it:\n";
  const auto line = [&](const std::string& what, const std::string& names) {
    out += "  " + what + ":\n" + wrapped(names);
  };
  line("what apps are told here, and by presets", told_names(settings));
  line("who somebody is", shown_names(Family::identity));
  line("all the same it passes", shown_names(Family::not_believed));
  line("where a request comes from or was meant to go", shown_names(Family::forwarding));
  line("where below the app's root it is", shown_names(Family::path));
  line("commands to proxies", shown_names(Family::proxy_command) + ", " + shown_names(Family::request_command));
  line("another method, where the rules of a path differ by method", shown_names(Family::method_override));
  line("framing, in other spellings than its own", shown_names(Family::codec));
  for (const RouteSettings& route : settings.routes) {
    if (!route.pass_headers.empty()) line("route " + route.label + " lets pass", joined(route.pass_headers, ", "));
  }
  return out;
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
          {"upstream", text_or_null(route.upstream)},
          {"reply", text_or_null(describe_reply(route.reply))},
          {"pass_headers", route.pass_headers}};
}

}  // namespace

std::string spelling_words(const Settings& settings, const RouteSettings& route) {
  const SpellingFate fate = spelling_fate(settings, route);
  if (fate.other == nullptr) return {};
  const std::string which = fate.always ? "every request" : "a request that both may take";
  return route.label + ": " + which + (fate.decides ? " is decided by " : " is answered 400 because of ") +
         fate.other->label + ", whose paths many apps take for the same\n";
}

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
    return std::fflush(stdout) == 0 ? kExitOk : kExitFailed;
  }
  std::string spellings;
  for (const RouteSettings& route : settings->routes) spellings += spelling_words(*settings, route);
  std::printf("%s\nThe first that matches decides; none matches: 404.\n%s%s\n%s",
              format_table(routes_table(*settings)).c_str(), spellings.c_str(), crawler_words(*settings).c_str(),
              removed_fields(*settings).c_str());
  return std::fflush(stdout) == 0 ? kExitOk : kExitFailed;
}

}  // namespace lp
