#include "config/yaml/report.h"

#include <algorithm>
#include <tuple>

namespace lp {
namespace {

void sort_by_place(std::vector<ConfigProblem>& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const ConfigProblem& a, const ConfigProblem& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
}

// "routes[2].require.roles" -> "routes[2].require" -> "routes[2]" -> "routes" -> ""
std::string enclosing(const std::string& key) {
  const auto cut = key.find_last_of(".[");
  return cut == std::string::npos ? "" : key.substr(0, cut);
}

bool is_in_or_below(std::string_view key, std::string_view parent) {
  return key.substr(0, parent.size()) == parent &&
         (key.size() == parent.size() || key[parent.size()] == '.' || key[parent.size()] == '[');
}

void add_once(std::vector<ConfigProblem>& list, ConfigProblem problem) {
  const bool known = std::any_of(list.begin(), list.end(), [&](const ConfigProblem& other) {
    return other.line == problem.line && other.column == problem.column && other.key == problem.key &&
           other.message == problem.message;
  });
  if (!known) list.push_back(std::move(problem));
}

constexpr std::string_view kCookieDomain = "session.cookie.domain";

}  // namespace

int Report::line_of(const std::string& key) const {
  const auto found = places_.find(key);
  return found == places_.end() ? 0 : found->second.line;
}

ConfigProblem Report::located(const std::string& key, std::string message) const {
  auto at = key;
  auto found = places_.find(at);
  while (found == places_.end() && !at.empty()) {
    at = enclosing(at);
    found = places_.find(at);
  }
  const Mark mark = found == places_.end() ? Mark{1, 1} : found->second;
  return {file_, mark.line, mark.column, key, std::move(message)};
}

bool Report::stands_in_realms(std::string_view key) {
  return key == kCookieDomain || is_in_or_below(key, "logto") || is_in_or_below(key, "external_urls") ||
         key == "sign_in_url";
}

std::string Report::placed(std::string_view key) const {
  if (realm_.empty() || !stands_in_realms(key)) return std::string(key);
  return "realms." + realm_ + "." + (key == kCookieDomain ? "cookie_domain" : std::string(key));
}

std::string Report::found_nothing(const std::string& key) const {
  const auto found = nothing_.find(placed(key));
  return "found nothing" + (found == nothing_.end() ? "" : found->second);
}

void Report::problem(const std::string& key, std::string message) {
  add_once(problems_, located(placed(key), std::move(message)));
}

void Report::problem_at(Mark mark, const std::string& key, std::string message) {
  problems_.push_back({file_, mark.line, mark.column, key, std::move(message)});
}

void Report::warning(const std::string& key, std::string message) {
  add_once(warnings_, located(placed(key), std::move(message)));
}

bool Report::has_problem_in(std::string_view key) const {
  const std::string at = placed(key);
  return std::any_of(problems_.begin(), problems_.end(),
                     [&](const ConfigProblem& problem) { return is_in_or_below(problem.key, at); });
}

std::vector<std::string> Report::take_warnings() {
  sort_by_place(warnings_);
  std::vector<std::string> out;
  for (const auto& warning : warnings_) out.push_back(warning.text());
  return out;
}

std::vector<ConfigProblem> Report::take_problems() {
  sort_by_place(problems_);
  return std::move(problems_);
}

}  // namespace lp
