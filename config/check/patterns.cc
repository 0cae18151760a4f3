#include "config/check/patterns.h"

#include <re2/re2.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/host_pattern.h"
#include "config/path_pattern.h"
#include "config/route_access.h"
#include "config/route_cover.h"

namespace lp {
namespace {

using PathKind = PathPattern::Kind;

// What the pattern looks like as to where it begins and ends.
struct Anchors {
  bool begins = false;
  bool ends = false;
};

bool has_odd_backslashes_before_end(std::string_view text) {
  const std::size_t end = text.size() - 1;
  std::size_t at = end;
  while (at > 0 && text[at - 1] == '\\') --at;
  return (end - at) % 2 == 1;
}

Anchors anchors_of(std::string_view pattern) {
  const bool has_flags = pattern.starts_with("(?") && pattern.find_first_not_of("imsU-", 2) == pattern.find(')');
  if (has_flags) pattern.remove_prefix(pattern.find(')') + 1);
  Anchors found;
  found.begins = pattern.starts_with('^') || pattern.starts_with("\\A");
  found.ends = (pattern.ends_with('$') && !has_odd_backslashes_before_end(pattern)) || pattern.ends_with("\\z");
  return found;
}

// Texts, groups and alternatives alone: it takes a few paths that could be written down.
bool is_of_literals(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      if (++i < pattern.size() && std::string_view(".-/_$+*?()[]{}|^~").find(pattern[i]) == std::string_view::npos)
        return false;
    } else if (std::string_view(".*+?[{^$").find(pattern[i]) != std::string_view::npos) {
      return false;
    }
  }
  return true;
}

// With one character for what stands for many: a text that it takes is shorter then, and easier to find.
std::string simplified(std::string pattern) {
  static constexpr std::pair<std::string_view, std::string_view> kMany[] = {
      {"[^/]+", "a"}, {"[^/]*", "a"}, {"\\w+", "a"}, {"\\w*", "a"}, {"\\d+", "1"}, {"\\d*", "1"}, {".+", "a"},
      {".*", "a"},    {"[^/]", "a"},  {"\\w", "a"},  {"\\d", "1"},  {"]+", "]"},   {"]*", "]"}};
  for (const auto& [many, one] : kMany) {
    for (std::size_t at = pattern.find(many); at != std::string::npos; at = pattern.find(many, at + 1)) {
      if (at == 0 || pattern[at - 1] != '\\') pattern.replace(at, many.size(), one);
    }
  }
  return pattern;
}

bool is_visible(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

struct Range {
  std::string first, last;  // every text that is taken lies between them
};

std::optional<Range> range_of(const std::string& pattern) {
  constexpr int kLongestText = 200;
  const RE2 whole("^(?:" + pattern + ")$", path_regex_options());
  Range range;
  if (!whole.ok() || !whole.PossibleMatchRange(&range.first, &range.last, kLongestText)) return std::nullopt;
  return range;
}

class Pattern {
 public:
  explicit Pattern(const std::string& text) : text_(text), regex_(text, path_regex_options()) {}

  [[nodiscard]] bool ok() const { return regex_.ok(); }
  [[nodiscard]] bool takes_no_path() const {
    const auto range = range_of(text_);
    return range && (range->last < "/" || range->first >= "0");  // '0' is what follows '/'
  }
  // A text that it takes as a whole, where one is easily found.
  [[nodiscard]] std::optional<std::string> sample() const {
    for (const std::string& like : {text_, simplified(text_)}) {
      const auto range = range_of(like);
      if (range && is_visible(range->first) && RE2::FullMatch(range->first, regex_)) return range->first;
    }
    return std::nullopt;
  }
  // It is in the path, and does not take it.
  [[nodiscard]] bool is_only_in(const std::string& path) const {
    return check_normal_path(path) && RE2::PartialMatch(path, regex_) && !RE2::FullMatch(path, regex_);
  }

 private:
  const std::string& text_;
  RE2 regex_;
};

bool hosts_meet(const std::string& a, const std::string& b) {
  return a.empty() || b.empty() || host_patterns_meet(a, b);
}

// The route that would take a request for this path in the place of the one that it was meant for, if that lets more
// people pass; null: there is none.
const RouteSettings* opened_by(const RoutePlace& p, const std::string& path) {
  for (const RouteSettings& other : p.settings.routes) {
    const bool meets = other.index != p.route.index && covers(other.path, PathPattern{PathKind::exact, path}) &&
                       hosts_meet(other.host, p.route.host) && methods_meet(other, p.route) &&
                       are_asked_together(p.settings, other, p.route);
    if (!meets) continue;
    if (may_be_stricter(p.route, other)) return &other;
    if (methods_cover(other, p.route) && conditions_cover(other, p.route)) return nullptr;
  }
  return nullptr;
}

std::string below(const std::string& path) { return path + (path.ends_with('/') ? "x" : "/x"); }

struct Loss {
  std::string path;
  const RouteSettings* to = nullptr;
};

std::optional<Loss> loss_among(const RoutePlace& p, const Pattern& pattern, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const RouteSettings* to = pattern.is_only_in(path) ? opened_by(p, path) : nullptr;
    if (to != nullptr) return Loss{path, to};
  }
  return std::nullopt;
}

std::string in_words(const Loss& loss) {
  return "; " + loss.path + ", in which it would be found, is route " + loss.to->label +
         "'s, which lets more people pass";
}

void tell_never(const RoutePlace& p, const Pattern& pattern) {
  const std::string& text = p.route.path.text;
  std::string words = "never matches: the pattern must match the whole path, which starts with '/'";
  const Anchors anchors = anchors_of(text);
  if (!anchors.begins) words += ". Write '~ .*" + text + (anchors.ends ? "'" : ".*'") + " to find it anywhere";
  const std::string found = pattern.sample().value_or("");
  const auto loss = loss_among(p, pattern, {"/" + found, "/x" + found, below("/" + found)});
  if (!loss) return p.report.warning(p.at("path"), words);
  p.report.problem(p.at("path"), words + in_words(*loss));
}

std::string begun(const std::string& text) {
  const bool has_alternatives = text.find('|') != std::string::npos;
  return "write '~ " + (has_alternatives ? "(?:" + text + ")" : text) + ".*' for all that begin so, or '~ " + text +
         "$' for " + (has_alternatives ? "these" : "this") + " alone";
}

// "^/admin", which says where it begins and not where it ends.
void tell_open_end(const RoutePlace& p, const Pattern& pattern) {
  const std::string& text = p.route.path.text;
  const auto whole = pattern.sample();
  if (whole && !pattern.is_only_in(below(*whole))) return;  // as "^/admin(/.*)?"
  if (!whole && text.find(".*") != std::string::npos) return;
  const std::string words = "the pattern must match the whole path, so that '~ " + text + "' takes " +
                            (whole ? *whole : std::string("what it says")) + " and nothing behind it: " + begun(text);
  const auto loss = whole ? loss_among(p, pattern, {below(*whole), *whole + "x"}) : std::nullopt;
  if (!loss) return p.report.warning(p.at("path"), words);
  p.report.problem(p.at("path"), words + in_words(*loss));
}

// "/admin", "/wp-login\.php$": they may be meant as they are.
void tell_narrow(const RoutePlace& p, const Pattern& pattern, bool ends) {
  const auto whole = pattern.sample();
  if (!whole) return;
  const std::vector<std::string> paths =
      ends ? std::vector<std::string>{"/x" + *whole} : std::vector<std::string>{below(*whole), "/x" + *whole};
  const auto loss = loss_among(p, pattern, paths);
  if (!loss) return;
  p.report.warning(p.at("path"), "the pattern must match the whole path: it takes " + *whole + in_words(*loss) +
                                     ". If that is meant, write '~ ^" + p.route.path.text + (ends ? "'" : "$'"));
}

// ---- patterns of texts: claims, query parameters, header fields ----

// "@example\\.com$", "^admin": it says where it begins, or ends, and not both.
bool is_half_anchored(const TextPattern& pattern) {
  if (!pattern.is_regex() || pattern.text().find(".*") != std::string::npos) return false;
  const Anchors anchors = anchors_of(std::string_view(pattern.text()).substr(2));
  return anchors.begins != anchors.ends;
}

std::string half_anchored(const TextPattern& pattern) {
  const std::string text = pattern.text().substr(2);
  const bool begins = anchors_of(text).begins;
  return "the pattern '" + text + "' must match the whole text: write '" + (begins ? text + ".*" : ".*" + text) +
         "' to find it " + (begins ? "at its beginning" : "at its end") + ", or '" +
         (begins ? text + "$" : "^" + text) + "' for this alone";
}

// `closes`: whom it takes is refused, so that one that takes too little lets people pass.
void check_claims(const RoutePlace& p, const Requirement& rule, bool closes, std::string_view key) {
  if (rule.kind == Requirement::Kind::claim && is_half_anchored(rule.test.pattern)) {
    const std::string words = half_anchored(rule.test.pattern);
    if (closes) return p.report.problem(p.at(key), words + "; whoever it does not take would pass");
    return p.report.warning(p.at(key), words);
  }
  const bool is_turned = rule.kind == Requirement::Kind::none;
  for (const Requirement& child : rule.children) check_claims(p, child, closes != is_turned, key);
}

void check_conditions(const RoutePlace& p, const std::vector<FieldCondition>& conditions, std::string_view key) {
  for (const FieldCondition& condition : conditions) {
    for (const TextPattern& pattern : condition.any_of) {
      if (is_half_anchored(pattern)) p.report.warning(p.at(key), half_anchored(pattern));
    }
  }
}

void check_texts(const RoutePlace& p) {
  check_claims(p, p.route.require, false, "require");
  check_claims(p, p.route.deny, true, "deny");
  check_conditions(p, p.route.query, "query");
  check_conditions(p, p.route.headers, "headers");
}

}  // namespace

void check_patterns(const RoutePlace& place) {
  check_texts(place);
  const std::string& text = place.route.path.text;
  if (place.route.path.kind != PathKind::regex || place.report.has_problem_in(place.at("path"))) return;
  const Pattern pattern(text);
  if (!pattern.ok()) return;
  const Anchors anchors = anchors_of(text);
  if (pattern.takes_no_path()) {
    tell_never(place, pattern);
  } else if (anchors.begins && !anchors.ends) {
    tell_open_end(place, pattern);
  } else if (!anchors.begins && (anchors.ends || is_of_literals(text))) {
    tell_narrow(place, pattern, anchors.ends);
  }
}

}  // namespace lp
