#include "cli/import/context.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "cli/import/paths.h"
#include "config/value.h"

namespace lp {

void ImportContext::taken(std::string_view name, std::string text) { add(Outcome::taken, name, std::move(text)); }
void ImportContext::differs(std::string_view name, std::string text) { add(Outcome::differs, name, std::move(text)); }
void ImportContext::unsupported(std::string_view name, std::string text) {
  add(Outcome::unsupported, name, std::move(text));
}
void ImportContext::unknown(std::string_view name, std::string text) { add(Outcome::unknown, name, std::move(text)); }

void ImportContext::note(Outcome outcome, std::string what, std::string text) {
  findings_.push_back({outcome, std::move(what), std::move(text)});
}

void ImportContext::add(Outcome outcome, std::string_view name, std::string text) {
  const SourceOption* option = options.find(name);
  if (option == nullptr || !told_.insert(option->name).second) return;
  note(outcome, option->shown, std::move(text));
}

namespace {

// As in config.example.yaml.
constexpr std::string_view kOrder[] = {"external_urls",   "sign_in_url",      "listen",       "admin",
                                       "trusted_proxies", "client_ip_header", "logto",        "session",
                                       "redis",           "auth_prefix",      "forward_auth", "bearer",
                                       "upstreams",       "identity_headers", "access_log",   "routes"};

void put_in_order(Node& root) {
  std::stable_sort(root.entries.begin(), root.entries.end(), [](const Entry& a, const Entry& b) {
    return std::find(std::begin(kOrder), std::end(kOrder), a.key) <
           std::find(std::begin(kOrder), std::end(kOrder), b.key);
  });
}

}  // namespace

Imported ImportContext::finish() {
  put_in_order(root);
  for (const auto& option : options.all()) {
    if (told_.count(option.name) > 0) continue;
    note(Outcome::unknown, option.shown, "look up what it does there, and whether it matters here");
  }
  return {std::move(root), std::move(findings_)};
}

namespace {

// Subdomains have no rule of their own: a pattern over the whole address does it.
Node subdomain_rule(const std::string& domain) {
  Node test = yaml_map();
  put(test, "regex", "(?i)[^@]+@[^@]+" + quote_regex(domain));
  return yaml_entry("claims", yaml_entry("email", std::move(test)));
}

std::vector<Node> email_rules(const People& people) {
  std::vector<Node> rules;
  std::vector<std::string> exact;
  for (const auto& domain : people.domains) {
    if (domain.substr(0, 1) == "." || domain.substr(0, 2) == "*.") {
      rules.push_back(subdomain_rule(domain.substr(domain.find('.'))));
    } else {
      exact.push_back(domain);
    }
  }
  if (!exact.empty()) rules.push_back(yaml_entry("email_domain", Node::list(std::move(exact))));
  if (!people.emails.empty()) rules.push_back(yaml_entry("email", Node::list(people.emails)));
  return rules;
}

}  // namespace

Node requirement_of(const People& people) {
  People asked = people;
  if (!people.either && !people.emails.empty()) asked.domains.clear();
  std::vector<Node> rules = email_rules(asked);
  Node map = yaml_map();
  if (rules.size() == 1) map = std::move(rules.front());
  if (rules.size() > 1) {
    Node any = yaml_list();
    any.items = std::move(rules);
    put(map, "any", std::move(any));
  }
  if (!people.roles.empty()) put(map, "roles", people.roles);
  return map.entries.empty() ? Node() : map;
}

std::string listen_address(std::string_view written) {
  if (written.substr(0, 7) == "unix://") {
    const auto path = written.substr(7, written.find(',') - 7);
    return parse_listen("unix:" + std::string(path)).ok() ? "unix:" + std::string(path) : "";
  }
  if (const auto scheme = written.find("://"); scheme != std::string_view::npos) written.remove_prefix(scheme + 3);
  std::string address(written);
  if (!address.empty() && address.front() == ':') address = "0.0.0.0" + address;
  if (address.substr(0, 10) == "localhost:") address = "127.0.0.1" + address.substr(9);
  return parse_listen(address).ok() ? address : "";
}

namespace {

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
// Longer names first: "ms" is not "m" and something.
constexpr Unit kUnits[] = {{"ms", 1}, {"h", kHour}, {"m", kMinute}, {"s", kSecond}};

std::optional<double> take_number(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of("0123456789."), text.size());
  if (end == 0 || end > 15) return std::nullopt;
  double value = 0, place = 0;
  for (const char c : text.substr(0, end)) {
    if (c == '.') {
      if (place > 0) return std::nullopt;
      place = 1;
    } else {
      value = value * 10 + (c - '0');
      place *= 10;
    }
  }
  text.remove_prefix(end);
  return place > 1 ? value / place : value;
}

}  // namespace

std::string duration_of(std::string_view go_duration) {
  double ms = 0;
  for (std::string_view rest = go_duration; !rest.empty();) {
    const auto number = take_number(rest);
    const auto unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                   [&](const Unit& one) { return rest.substr(0, one.name.size()) == one.name; });
    if (!number || unit == std::end(kUnits)) return go_duration == "0" ? "0s" : "";
    ms += *number * static_cast<double>(unit->ms);
    if (ms > 1e13) return "";
    rest.remove_prefix(unit->name.size());
  }
  return go_duration.empty() ? "" : format_duration(static_cast<std::int64_t>(ms));
}

std::string duration_of_seconds(std::string_view seconds) {
  const auto count = parse_count(seconds);
  return count && *count < 1'000'000'000 ? format_duration(*count * kSecond) : "";
}

}  // namespace lp
