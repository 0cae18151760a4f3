#include "cli/import/paths.h"

#include <re2/re2.h>

#include <algorithm>

#include "config/path_pattern.h"

namespace lp {
namespace {

constexpr std::string_view kMeta = ".[]()*+?{}|\\^$";

bool is_meta(char c) { return kMeta.find(c) != std::string_view::npos; }

// Where the next '|' outside of every group and class stands, from `from` on, a place outside of them: ^ and $ belong
// to one branch only.
std::size_t next_alternative(std::string_view regex, std::size_t from) {
  int depth = 0;
  bool in_class = false;
  for (std::size_t i = from; i < regex.size(); ++i) {
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
      return i;
    }
  }
  return std::string_view::npos;
}

bool has_alternatives(std::string_view regex) { return next_alternative(regex, 0) != std::string_view::npos; }

// Flags that hold on, "(?i)", and \Q...\E and [[:class:]], in which a '|' is hard to find.
bool is_hard_to_split(std::string_view regex) {
  for (auto at = regex.find("(?"); at != std::string_view::npos; at = regex.find("(?", at + 2)) {
    const auto end = std::min(regex.find_first_not_of("imsU-", at + 2), regex.size());
    if (regex.substr(end, 1) == ")") return true;
  }
  return regex.find("\\Q") != std::string_view::npos || regex.find("[:") != std::string_view::npos;
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

// What may follow a mount's text, as patterns, so that a search finds something.
struct Followers {
  bool all = false;      // whatever follows
  bool complete = true;  // else there may be more, which takes more than comparing texts
  std::vector<std::string> patterns;

  void merge(Followers more) {
    all = all || more.all;
    complete = complete && more.complete;
    patterns.insert(patterns.end(), more.patterns.begin(), more.patterns.end());
  }
};

// A regex without alternatives at its top; `end`: up to the end of the path.
struct Core {
  std::string_view text;
  bool end = false;
  [[nodiscard]] std::string with_tail() const { return std::string(text) + (end ? "" : ".*"); }
};

// Takes ".*", ".*?", ".+" or ".+?" off; answers how many characters it needs, or -1 where there is none of these.
int take_anything(std::string_view& regex) {
  if (regex.substr(0, 2) != ".*" && regex.substr(0, 2) != ".+") return -1;
  const int least = regex[1] == '+' ? 1 : 0;
  regex.remove_prefix(2);
  if (regex.substr(0, 1) == "?") regex.remove_prefix(1);
  return least;
}

constexpr int kMostLooks = 500;  // of a mount's text against a regex: an answer that takes more is not known

Followers search_in(const Core& core, std::string_view text, int& looks);

// `core` from the beginning of `text` on, which is not empty, and into what follows it.
Followers match_at(const Core& core, std::string_view text, int& looks) {
  if (looks-- <= 0) return {false, false, {}};
  const Literal literal = leading_literal(core.text);
  std::string_view rest = core.text.substr(literal.taken);
  if (starts_with(literal.text, text)) {
    const std::string ahead = quote_regex(std::string_view(literal.text).substr(text.size()));
    if (ahead.empty() && rest.empty() && !core.end) return {true, true, {}};
    return {false, true, {ahead + Core{rest, core.end}.with_tail()}};
  }
  if (!starts_with(text, literal.text)) return {};
  text.remove_prefix(literal.text.size());
  if (rest.empty()) return {!core.end, true, {}};
  const int least = take_anything(rest);
  if (least < 0) return {false, false, {}};
  if (rest.empty() && least == 0) return {true, true, {}};
  return search_in({rest, core.end}, text.substr(static_cast<std::size_t>(least)), looks);
}

// `core` found anywhere in `text` and what follows it.
Followers search_in(const Core& core, std::string_view text, int& looks) {
  if (core.text.empty()) return {true, true, {}};
  Followers found{false, true, {(starts_with(core.text, ".*") ? "" : ".*") + core.with_tail()}};
  for (std::size_t at = 0; at < text.size() && !found.all; ++at) found.merge(match_at(core, text.substr(at), looks));
  return found;
}

Within within(const Followers& followers, const Mount& mount) {
  if (followers.all) return {Overlap::all, mount.pattern(), true};
  if (followers.patterns.empty()) {
    return {followers.complete ? Overlap::none : Overlap::unclear, "", followers.complete};
  }
  std::string joined;
  for (const auto& one : followers.patterns) joined += (joined.empty() ? "" : "|") + one;
  if (followers.patterns.size() > 1) joined = "(?:" + joined + ")";
  return {Overlap::part, "~ " + quote_regex(mount.path) + joined, followers.complete};
}

}  // namespace

Result<void> check_search_regex(std::string_view regex) {
  const RE2 compiled(re2::StringPiece(regex.data(), regex.size()), path_regex_options());
  if (!compiled.ok()) return fail("not a regular expression: " + compiled.error());
  return {};
}

std::vector<std::string> alternatives_of(std::string_view regex) {
  if (is_hard_to_split(regex)) return {std::string(regex)};
  std::vector<std::string> all;
  std::size_t begin = 0;
  for (auto at = next_alternative(regex, 0); at != std::string_view::npos; at = next_alternative(regex, begin)) {
    all.emplace_back(regex.substr(begin, at - begin));
    begin = at + 1;
  }
  all.emplace_back(regex.substr(begin));
  const bool all_good =
      std::all_of(all.begin(), all.end(), [](const auto& one) { return check_search_regex(one).ok(); });
  return all_good ? all : std::vector<std::string>{std::string(regex)};
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
  if (mount.path == "/") return {Overlap::part, whole_path_pattern(regex), true};
  if (!mount.is_prefix()) {
    const bool found =
        RE2::PartialMatch(mount.path, RE2(re2::StringPiece(regex.data(), regex.size()), path_regex_options()));
    return found ? Within{Overlap::all, mount.path, true} : Within{Overlap::none, "", true};
  }
  const Anchors anchors = anchors_of(regex);
  if (has_alternatives(regex) || asks_for_beginning(anchors.core)) return {Overlap::unclear, "", false};
  const Core core{anchors.core, anchors.end};
  if (anchors.start && starts_with(leading_literal(core.text).text, mount.path))
    return {Overlap::part, whole_path_pattern(regex), true};
  int looks = kMostLooks;
  return within(anchors.start ? match_at(core, mount.path, looks) : search_in(core, mount.path, looks), mount);
}

bool only_within_mount(std::string_view regex, const Mount& mount) {
  const Anchors anchors = anchors_of(regex);
  if (!anchors.start) return false;
  const Literal literal = leading_literal(anchors.core);
  if (mount.is_prefix()) return starts_with(literal.text, mount.path);
  return anchors.end && literal.taken == anchors.core.size() && literal.text == mount.path;
}

}  // namespace lp
