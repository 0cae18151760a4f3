#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml/problem.h"

// A YAML text as a plain tree with a place for every key and value. Limits: 1 MiB of text, 32 levels, 10,000 nodes
// after aliases are copied in, so that no bomb costs more than that (threat D27).
namespace lp {

// Counted from 1; 0: no place.
struct Mark {
  int line = 0;
  int column = 0;
};

struct Entry;

struct Node {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  Mark mark;
  std::string text;            // scalar, after expansion
  bool quoted = false;         // "null" in quotes is text
  bool broken = false;         // a problem of this scalar is reported already: readers leave it alone
  std::string variables;       // the names of those that it was expanded from, ", " between them
  bool said = false;           // null, which is written out: null or ~
  bool hidden = false;         // null, for its value is taken for a comment
  bool lost = false;           // one of them is empty
  bool lost_is_meant = false;  // and has a default, which is empty too
  std::vector<Node> items;     // list
  std::vector<Entry> entries;  // map, in file order, keys unique

  [[nodiscard]] bool is_null() const { return kind == Kind::null; }
  [[nodiscard]] bool is_scalar() const { return kind == Kind::scalar; }
  [[nodiscard]] bool is_list() const { return kind == Kind::list; }
  [[nodiscard]] bool is_map() const { return kind == Kind::map; }
  [[nodiscard]] const Node* find(std::string_view key) const;  // of a map; null where there is none
  // For messages: "'5m'", "a list", "a map", "nothing".
  [[nodiscard]] std::string describe() const;
  // Behind a message about it: which variables it comes from, which one is empty; or "".
  [[nodiscard]] std::string origin() const;
  [[nodiscard]] std::string why_empty() const;  // of a null: ": ...", where it is known

  static Node scalar(std::string text);
  static Node list(std::vector<std::string> texts);
  static Node empty_map();
};

struct Entry {
  std::string key;
  Mark mark;
  Node value;
};

// Syntax errors, repeated keys, bombs, text that is not UTF-8. The file name of the problems is `path`.
// nullopt where there is no tree to go on with; a repeated key is a problem, but its first value stays in the tree.
[[nodiscard]] std::optional<Node> parse_document(const std::string& text, const std::string& path,
                                                 std::vector<ConfigProblem>& problems);

// Replaces ${NAME} and ${NAME:-default} in every scalar; "$${" stands for "${". The result is never parsed as YAML, so
// a variable cannot add keys. As in a shell, the default also stands in for an empty variable. A plain scalar that
// expands to nothing becomes null. Appends a problem for every variable that is missing, unless it is to count as
// empty.
enum class MissingVariable { is_problem, is_empty };
void expand_variables(Node& root, const std::string& path, const Environment& env, std::vector<ConfigProblem>& problems,
                      MissingVariable missing = MissingVariable::is_problem);

// Block style YAML that parse_document and expand_variables read back to the same tree.
[[nodiscard]] std::string write_yaml(const Node& node);

}  // namespace lp
