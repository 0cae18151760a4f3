#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/yaml/document.h"
#include "config/yaml/problem.h"

namespace lp {

// Collects what is wrong with one file. Knows where each key stands, so that rules across options can name a place
// without knowing YAML. Keys are dotted, elements count from 1: "routes[2].require.roles".
class Report {
 public:
  explicit Report(std::string file) : file_(std::move(file)) {}

  void remember(const std::string& key, Mark mark) { places_.emplace(key, mark); }
  void remember_value(const std::string& key) { given_.insert(key); }
  // The file names this key, but its value is empty, as an empty variable's is: `why` is for messages.
  void remember_nothing(const std::string& key, std::string why) { nothing_.emplace(key, std::move(why)); }
  // The file has it with an empty value.
  [[nodiscard]] bool names(const std::string& key) const { return nothing_.count(placed(key)) > 0; }
  // "found nothing", and why, where it is known.
  [[nodiscard]] std::string found_nothing(const std::string& key) const;
  // The file gives this key a value; null is none.
  [[nodiscard]] bool has(const std::string& key) const { return given_.count(placed(key)) > 0; }

  // Of a key that the file has; 0 where it has not.
  [[nodiscard]] int line_of(const std::string& key) const;

  // From now on rules judge one realm as if it were alone: what is said of "logto.endpoint" is said of
  // "realms.NAME.logto.endpoint". An empty name: keys are meant as they are.
  void judge_realm(std::string name) { realm_ = std::move(name); }
  // Keys that stand in each realm where there are several.
  [[nodiscard]] static bool stands_in_realms(std::string_view key);

  // At the key's place, or at the nearest enclosing one that the file has. The same about the same is said once.
  void problem(const std::string& key, std::string message);
  void problem_at(Mark mark, const std::string& key, std::string message);
  void warning(const std::string& key, std::string message);
  // Something in or below this key is wrong already: rules that would only repeat it keep still.
  [[nodiscard]] bool has_problem_in(std::string_view key) const;

  [[nodiscard]] std::vector<ConfigProblem>& problems() { return problems_; }
  [[nodiscard]] std::vector<std::string> take_warnings();
  // In the order of the file.
  [[nodiscard]] std::vector<ConfigProblem> take_problems();

 private:
  [[nodiscard]] ConfigProblem located(const std::string& key, std::string message) const;

  [[nodiscard]] std::string placed(std::string_view key) const;

  std::string file_;
  std::string realm_;
  std::map<std::string, Mark> places_;
  std::set<std::string> given_;
  std::map<std::string, std::string> nothing_;
  std::vector<ConfigProblem> problems_;
  std::vector<ConfigProblem> warnings_;
};

}  // namespace lp
