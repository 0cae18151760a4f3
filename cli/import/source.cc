#include "cli/import/source.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/one_of.h"
#include "cli/import/oauth2_proxy_options.h"
#include "cli/import/other_files.h"
#include "cli/import/yaml.h"

namespace lp {
namespace {

constexpr std::string_view kTraefikNames[] = {
    "log-level",
    "log-format",
    "auth-host",
    "cookie-domain",
    "cookie-domains",
    "insecure-cookie",
    "cookie-name",
    "csrf-cookie-name",
    "default-action",
    "default-provider",
    "domain",
    "lifetime",
    "logout-redirect",
    "match-whitelist-or-domain",
    "url-path",
    "secret",
    "whitelist",
    "port",
    "cookie-secret",
    "cookie-secure",
    "client-id",
    "client-secret",
    "prompt",
    "providers.google.client-id",
    "providers.google.client-secret",
    "providers.google.prompt",
    "providers.oidc.issuer-url",
    "providers.oidc.client-id",
    "providers.oidc.client-secret",
    "providers.oidc.resource",
    "providers.generic-oauth.auth-url",
    "providers.generic-oauth.token-url",
    "providers.generic-oauth.user-url",
    "providers.generic-oauth.client-id",
    "providers.generic-oauth.client-secret",
    "providers.generic-oauth.scope",
    "providers.generic-oauth.token-style",
    "providers.generic-oauth.resource",
};

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

std::string_view without(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix ? text.substr(prefix.size()) : text;
}

// The lines of a text with their numbers, trimmed, comments and empty ones left out.
struct Line {
  std::size_t number;
  std::string_view text;
};

std::vector<Line> lines_of(std::string_view text, std::string_view comment_marks) {
  std::vector<Line> lines;
  std::size_t number = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    line = trim_ows(line);
    ++number;
    if (!line.empty() && comment_marks.find(line.front()) == std::string_view::npos) lines.push_back({number, line});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

Error at_line(const Line& line, std::string_view what) {
  return fail("line " + std::to_string(line.number) + ": expected " + std::string(what));
}

std::string unquoted(std::string_view value, std::string_view quotes) {
  const bool is_quoted =
      value.size() >= 2 && quotes.find(value.front()) != std::string_view::npos && value.front() == value.back();
  if (!is_quoted) return std::string(value);
  const char quote = value.front();
  std::string out;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    const bool escapes = quote == '"' && value[i] == '\\' && i + 2 < value.size();
    out += escapes && (value[i + 1] == '"' || value[i + 1] == '\\') ? value[++i] : value[i];
  }
  return out;
}

std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    if (const auto part = text.substr(at, end - at); !part.empty()) parts.emplace_back(part);
    at = end + 1;
  }
  return parts;
}

}  // namespace

void SourceOptions::set(SourceOption option) {
  for (auto& known : options_) {
    if (known.name == option.name) {
      known = std::move(option);
      return;
    }
  }
  options_.push_back(std::move(option));
}

void SourceOptions::append(SourceOption option) {
  if (const SourceOption* known = find(option.name)) {
    option.values.insert(option.values.begin(), known->values.begin(), known->values.end());
  }
  set(std::move(option));
}

const SourceOption* SourceOptions::find(std::string_view name) const {
  const auto found = std::find_if(options_.begin(), options_.end(), [&](const auto& one) { return one.name == name; });
  return found == options_.end() ? nullptr : &*found;
}

std::string SourceOptions::text(std::string_view name) const {
  const SourceOption* option = find(name);
  return option == nullptr || option->values.empty() ? std::string() : option->values.front();
}

std::vector<std::string> SourceOptions::list(std::string_view name) const {
  const SourceOption* option = find(name);
  std::vector<std::string> all;
  if (option == nullptr) return all;
  if (option->is_array) return option->values;
  for (const auto& value : option->values) {
    for (auto& part : split_commas(value)) all.push_back(std::move(part));
  }
  return all;
}

std::vector<std::string> SourceOptions::words(std::string_view name) const {
  std::vector<std::string> all;
  for (const auto& part : list(name)) {
    if (const auto word = trim_ows(part); !word.empty()) all.emplace_back(word);
  }
  return all;
}

bool SourceOptions::flag(std::string_view name, bool otherwise) const {
  const std::string value = ascii_lower(text(name));
  if (value == "true" || value == "1" || value == "t") return true;
  if (value == "false" || value == "0" || value == "f") return false;
  return otherwise;
}

Result<std::vector<Assignment>> parse_env_file(std::string_view given) {
  if (!is_valid_utf8(given)) return fail("not UTF-8 text");
  const std::string text = without_variable_marks(given);
  std::vector<Assignment> all;
  for (const Line& line : lines_of(text, "#")) {
    auto rest = without(line.text, "export ");
    const auto equals = rest.find('=');
    const auto name = trim_ows(rest.substr(0, equals));
    if (equals == std::string_view::npos || name.empty() || name.find(' ') != std::string_view::npos)
      return at_line(line, "NAME=VALUE");
    all.push_back({std::string(name), unquoted(trim_ows(rest.substr(equals + 1)), "\"'")});
  }
  return all;
}

Result<std::vector<Assignment>> parse_ini(std::string_view given) {
  if (!is_valid_utf8(given)) return fail("not UTF-8 text");
  const std::string text = without_variable_marks(given);
  std::vector<Assignment> all;
  std::string section;
  for (const Line& line : lines_of(text, "#;")) {
    if (line.text.front() == '[') {
      if (line.text.back() != ']') return at_line(line, "[SECTION]");
      section = std::string(trim_ows(line.text.substr(1, line.text.size() - 2)));
      if (section == "Application Options") section.clear();  // how the program itself writes a file
      continue;
    }
    auto split = line.text.find('=');
    const auto space = line.text.find_first_of(" \t");
    const bool is_older =
        split == std::string_view::npos || (space < split && trim_ows(line.text.substr(space, split - space)) != "");
    if (is_older) split = space;
    if (split == std::string_view::npos || split == 0) return at_line(line, "KEY = VALUE");
    const std::string key(trim_ows(line.text.substr(0, split)));
    all.push_back({section.empty() ? key : section + "." + key, unquoted(trim_ows(line.text.substr(split + 1)), "\"")});
  }
  return all;
}

void read_oauth2_proxy_environment(const std::vector<Assignment>& variables, SourceOptions& options) {
  constexpr std::string_view kPrefix = "OAUTH2_PROXY_";
  for (const auto& [name, value] : variables) {
    const auto rest = without(name, kPrefix);
    if (rest.size() == name.size() || value.empty() || is_of_kubernetes(rest)) continue;
    // Names are in capitals there: another spelling is another variable.
    options.set({upper(rest) == rest ? ascii_lower(rest) : name, name, {value}, false, true});
  }
}

Result<void> read_traefik_forward_auth_ini(std::string_view text, SourceOptions& options) {
  if (const auto other = what_else_it_is(text)) return fail(*other);
  const auto parsed = parse_ini(text);
  if (!parsed) return parsed.error();
  for (const auto& [name, value] : *parsed) options.append({ascii_lower(name), name, {value}});
  return {};
}

bool is_traefik_option(std::string_view name) {
  static constexpr std::string_view kParameters[] = {"action", "rule", "provider", "whitelist", "domains", "domain"};
  const auto dot = name.rfind('.');
  if (name.starts_with("rule.") && dot > 5 && is_one_of(name.substr(dot + 1), kParameters)) return true;
  return name == "config" || is_one_of(name, kTraefikNames);
}

void read_traefik_forward_auth_environment(const std::vector<Assignment>& variables, SourceOptions& options) {
  for (const auto option : kTraefikNames) {
    std::string variable = upper(option);
    std::replace_if(
        variable.begin(), variable.end(), [](char c) { return c == '-' || c == '.'; }, '_');
    for (const auto& [name, value] : variables) {
      if (name == variable) options.set({std::string(option), name, {value}});
    }
  }
}

}  // namespace lp
