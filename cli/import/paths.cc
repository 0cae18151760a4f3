#include "cli/import/paths.h"

#include <re2/re2.h>

#include "config/path_pattern.h"

namespace lp {
namespace {

constexpr std::string_view kMeta = ".[]()*+?{}|\\^$";

bool is_meta(char c) { return kMeta.find(c) != std::string_view::npos; }

// A '|' outside of every group and class: then ^ and $ belong to one branch only.
bool has_alternatives(std::string_view regex) {
  int depth = 0;
  bool in_class = false;
  for (std::size_t i = 0; i < regex.size(); ++i) {
    const char c = regex[i];
    if (c == '\\') {
      ++i;
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
      if (regex.substr(i + 1, 1) == "^") ++i;
      if (regex.substr(i + 1, 1) == "]") ++i;  // the first one is a member
    } else if (c == '(' || c == ')') {
      depth += c == '(' ? 1 : -1;
    } else if (c == '|' && depth == 0) {
      return true;
    }
  }
  return false;
}

bool ends_escaped(std::string_view regex) {
  std::size_t backslashes = 0;
  while (backslashes + 1 < regex.size() && regex[regex.size() - 2 - backslashes] == '\\') ++backslashes;
  return backslashes % 2 == 1;
}

struct Anchors {
  bool start = false;
  bool end = false;
  std::string_view core;
};

Anchors anchors_of(std::string_view regex) {
  Anchors anchors{false, false, regex};
  if (has_alternatives(regex)) return anchors;
  if (!anchors.core.empty() && anchors.core.front() == '^') {
    anchors.start = true;
    anchors.core.remove_prefix(1);
  }
  if (!anchors.core.empty() && anchors.core.back() == '$' && !ends_escaped(anchors.core)) {
    anchors.end = true;
    anchors.core.remove_suffix(1);
  }
  return anchors;
}

// The text that `core` begins with, and how much of it that took.
struct Literal {
  std::string text;
  std::size_t taken = 0;
};

bool is_quantifier(std::string_view rest) {
  return !rest.empty() && std::string_view("*+?{").find(rest.front()) != std::string_view::npos;
}

Literal leading_literal(std::string_view core) {
  Literal literal;
  while (literal.taken < core.size()) {
    std::size_t length = 1;
    char c = core[literal.taken];
    if (c == '\\') {
      if (literal.taken + 1 >= core.size()) break;
      c = core[literal.taken + 1];
      if (!is_meta(c) && std::string_view("/-_~!@#%&=:;,<>'\"").find(c) == std::string_view::npos) break;
      length = 2;
    } else if (is_meta(c)) {
      break;
    }
    if (is_quantifier(core.substr(literal.taken + length))) break;
    literal.text += c;
    literal.taken += length;
  }
  return literal;
}

std::string loose(const Anchors& anchors) {
  if (anchors.core.empty()) return ".*";
  std::string out = anchors.start || anchors.core.substr(0, 2) == ".*" ? "" : ".*";
  out += anchors.core;
  const bool open_already = anchors.core.size() >= 2 && anchors.core.substr(anchors.core.size() - 2) == ".*" &&
                            !(anchors.core.size() >= 3 && anchors.core[anchors.core.size() - 3] == '\\');
  if (!anchors.end && !open_already) out += ".*";
  return out;
}

// A path of a route as it is: a '*' at the end would say more.
bool is_plain_path(const std::string& path) {
  return path.find('*') == std::string::npos && check_normal_path(path).ok();
}

// A ^ or \A that asks for the beginning of the path somewhere inside.
bool asks_for_beginning(std::string_view regex) {
  for (std::size_t i = 0; i < regex.size(); ++i) {
    if (regex[i] == '^' && (i == 0 || regex[i - 1] != '[')) return true;
    if (regex[i] == '\\' && regex.substr(++i, 1) == "A") return true;
  }
  return false;
}

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

// Of a regex that begins with `literal` and a mount below which everything lies.
Within anchored_within(std::string_view regex, const Anchors& anchors, const Mount& mount) {
  const Literal literal = leading_literal(anchors.core);
  const std::string_view rest = anchors.core.substr(literal.taken);
  if (starts_with(literal.text, mount.path)) return {Overlap::part, whole_path_pattern(regex)};
  if (!starts_with(mount.path, literal.text)) return {Overlap::none, ""};
  const bool matches_on = (rest.empty() && !anchors.end) || rest == ".*";
  if (matches_on) return {Overlap::all, mount.pattern()};
  return {rest.empty() ? Overlap::none : Overlap::unclear, ""};
}

}  // namespace

Result<void> check_search_regex(std::string_view regex) {
  const RE2 compiled(re2::StringPiece(regex.data(), regex.size()), path_regex_options());
  if (!compiled.ok()) return fail("not a regular expression: " + compiled.error());
  return {};
}

std::string quote_regex(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_meta(c)) out += '\\';
    out += c;
  }
  return out;
}

std::string whole_path_pattern(std::string_view regex) {
  if (has_alternatives(regex)) return "~ .*(?:" + std::string(regex) + ").*";
  const Anchors anchors = anchors_of(regex);
  const Literal literal = leading_literal(anchors.core);
  const bool is_text = literal.taken == anchors.core.size();
  if (anchors.start && anchors.end && is_text && is_plain_path(literal.text)) return literal.text;
  const std::string pattern = loose(anchors);
  if (pattern == ".*" || pattern == "/.*") return "/*";
  return "~ " + pattern;
}

std::string Mount::pattern() const { return is_prefix() ? path + "*" : path; }

Within within_mount(std::string_view regex, const Mount& mount) {
  if (mount.path == "/") return {Overlap::part, whole_path_pattern(regex)};
  if (!mount.is_prefix()) {
    const bool found =
        RE2::PartialMatch(mount.path, RE2(re2::StringPiece(regex.data(), regex.size()), path_regex_options()));
    return found ? Within{Overlap::all, mount.path} : Within{Overlap::none, ""};
  }
  const Anchors anchors = anchors_of(regex);
  if (anchors.start) return anchored_within(regex, anchors, mount);
  if (asks_for_beginning(regex)) return {Overlap::unclear, ""};
  return {Overlap::part, "~ " + quote_regex(mount.path) + ".*(?:" + std::string(regex) + ").*"};
}

bool only_within_mount(std::string_view regex, const Mount& mount) {
  const Anchors anchors = anchors_of(regex);
  if (!anchors.start) return false;
  const Literal literal = leading_literal(anchors.core);
  if (mount.is_prefix()) return starts_with(literal.text, mount.path);
  return anchors.end && literal.taken == anchors.core.size() && literal.text == mount.path;
}

}  // namespace lp
