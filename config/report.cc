#include "config/report.h"

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

}  // namespace

std::string ConfigProblem::text() const {
  std::string out = file;
  if (line > 0) out += ":" + std::to_string(line) + ":" + std::to_string(column);
  out += ": ";
  if (!key.empty()) out += key + ": ";
  return out + message;
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

void Report::problem(const std::string& key, std::string message) {
  problems_.push_back(located(key, std::move(message)));
}

void Report::problem_at(Mark mark, const std::string& key, std::string message) {
  problems_.push_back({file_, mark.line, mark.column, key, std::move(message)});
}

void Report::warning(const std::string& key, std::string message) {
  warnings_.push_back(located(key, std::move(message)));
}

bool Report::has_problem_in(std::string_view key) const {
  return std::any_of(problems_.begin(), problems_.end(), [&](const ConfigProblem& problem) {
    const std::string_view found = problem.key;
    return found.substr(0, key.size()) == key &&
           (found.size() == key.size() || found[key.size()] == '.' || found[key.size()] == '[');
  });
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
