#include "config/path_automaton.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace lp {
namespace {

using Step = PathState::Kind;

constexpr std::size_t kMostStates = 20'000;  // of one pattern
constexpr std::size_t kMostStatesOfAll = 500'000;
constexpr char kFirstCharacter = 0x21, kLastCharacter = 0x7e;

PathCharacters between(int from, int to) {
  PathCharacters found;
  for (int c = std::max<int>(from, kFirstCharacter); c <= std::min<int>(to, kLastCharacter); ++c)
    found.set(static_cast<std::size_t>(c));
  return found;
}

PathCharacters just(int c) { return between(c, c); }
PathCharacters any_character() { return between(kFirstCharacter, kLastCharacter); }
PathCharacters all_letters() { return between('A', 'Z') | between('a', 'z'); }
PathCharacters all_digits() { return between('0', '9'); }
PathCharacters word_characters() { return all_letters() | all_digits() | just('_'); }

PathCharacters in_both_cases(PathCharacters set) {
  for (std::size_t c = 'A'; c <= 'Z'; ++c) {
    const std::size_t lower = c + ('a' - 'A');
    if (set[c] || set[lower]) set.set(c).set(lower);
  }
  return set;
}

std::optional<PathCharacters> named_characters(std::string_view name) {
  const std::pair<std::string_view, PathCharacters> classes[] = {
      {"alnum", all_letters() | all_digits()},
      {"alpha", all_letters()},
      {"ascii", any_character()},
      {"blank", {}},
      {"cntrl", {}},
      {"digit", all_digits()},
      {"graph", any_character()},
      {"lower", between('a', 'z')},
      {"print", any_character()},
      {"punct", any_character() & ~(all_letters() | all_digits())},
      {"space", {}},
      {"upper", between('A', 'Z')},
      {"word", word_characters()},
      {"xdigit", all_digits() | between('A', 'F') | between('a', 'f')}};
  const auto* const found =
      std::find_if(std::begin(classes), std::end(classes), [&](const auto& entry) { return entry.first == name; });
  return found == std::end(classes) ? std::nullopt : std::optional(found->second);
}

// "/a/*" is /a and what lies below it.
std::string regex_of_plain(const PathPattern& pattern) {
  std::string regex;
  for (const char c : pattern.text) {
    if (!word_characters()[static_cast<unsigned char>(c) & 0x7f]) regex += '\\';
    regex += c;
  }
  return pattern.kind == PathPattern::Kind::prefix ? regex + "(/.*)?" : regex;
}

struct AutomatonPart {
  int start = -1, end = -1;  // `end` leads nowhere yet
};

// RE2's syntax (re2/syntax.txt) of a pattern that RE2 has compiled. A step that says nothing found what it does not
// know.
class RegexReader {
 public:
  RegexReader(std::vector<PathState>& states, std::string_view pattern, bool as_written)
      : states_(states), before_(states.size()), text_(pattern), as_written_(as_written) {}

  std::optional<AutomatonPart> read() {
    auto whole = alternatives();
    return at_ == text_.size() ? whole : std::nullopt;
  }

 private:
  using Found = std::optional<AutomatonPart>;

  [[nodiscard]] bool is_too_large() const { return states_.size() > before_ + kMostStates; }
  [[nodiscard]] bool has(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  bool take(std::string_view what) {
    if (!has(what)) return false;
    at_ += what.size();
    return true;
  }

  int state(Step kind, PathCharacters characters = {}) {
    states_.push_back({kind, characters, -1, -1, 0});
    return static_cast<int>(states_.size()) - 1;
  }
  PathState& at(int index) { return states_[static_cast<std::size_t>(index)]; }

  AutomatonPart step(Step kind, PathCharacters characters = {}) {
    const AutomatonPart made{state(kind, characters), state(Step::empty)};
    at(made.start).next = made.end;
    return made;
  }
  AutomatonPart nothing() { return step(Step::empty); }
  AutomatonPart in_row(AutomatonPart first, AutomatonPart second) {
    at(first.end).next = second.start;
    return {first.start, second.end};
  }
  AutomatonPart either(AutomatonPart first, AutomatonPart second) {
    const AutomatonPart made{state(Step::empty), state(Step::empty)};
    at(made.start).next = first.start;
    at(made.start).other = second.start;
    at(first.end).next = at(second.end).next = made.end;
    return made;
  }
  AutomatonPart any_times(AutomatonPart part) {
    const AutomatonPart made{state(Step::empty), state(Step::empty)};
    at(made.start).next = part.start;
    at(made.start).other = made.end;
    at(part.end).next = made.start;
    return made;
  }

  // Flags that a group sets hold to its end.
  Found alternatives() {
    if (++depth_ > 100) return std::nullopt;
    const bool outer = folds_;
    Found whole = row();
    while (whole && take("|")) {
      const Found next = row();
      whole = next ? std::optional(either(*whole, *next)) : std::nullopt;
    }
    folds_ = outer;
    --depth_;
    return whole;
  }

  Found row() {
    AutomatonPart whole = nothing();
    while (at_ < text_.size() && !has("|") && !has(")")) {
      if (is_too_large()) return std::nullopt;
      const Found next = repeated();
      if (!next) return std::nullopt;
      whole = in_row(whole, *next);
    }
    return whole;
  }

  Found repeated() {
    const std::size_t begin = at_;
    const bool folds = folds_;
    Found part = atom();
    if (!part) return part;
    if (has("*") || has("+") || has("?")) {
      const char how = text_[at_++];
      take("?");
      if (how == '*') return any_times(*part);
      if (how == '?') return either(*part, nothing());
      const Found more = again(begin, folds, 0, -1);
      return more ? std::optional(in_row(*part, *more)) : std::nullopt;
    }
    const auto counts = read_counts();
    return counts ? again(begin, folds, counts->first, counts->second) : part;
  }

  // What stands from `begin` on, `least` to `most` times; -1: without an end.
  Found again(std::size_t begin, bool folds, int least, int most) {
    const std::size_t behind = at_;
    const bool later = folds_;
    AutomatonPart whole = nothing();
    const int copies = most < 0 ? least + 1 : most;
    for (int i = 0; i < copies; ++i) {
      at_ = begin;
      folds_ = folds;
      const Found copy = atom();
      if (!copy || is_too_large()) return std::nullopt;
      const bool is_last = most < 0 && i + 1 == copies;
      whole = in_row(whole, is_last ? any_times(*copy) : i < least ? *copy : either(*copy, nothing()));
    }
    at_ = behind;
    folds_ = later;
    return whole;
  }

  // "{2}", "{2,}", "{2,3}"; what else begins with '{' is a character.
  std::optional<std::pair<int, int>> read_counts() {
    const std::size_t close = text_.find('}', at_);
    if (!has("{") || close == text_.npos) return std::nullopt;
    const std::string_view inside = text_.substr(at_ + 1, close - at_ - 1);
    const std::size_t comma = std::min(inside.find(','), inside.size());
    const auto number = [](std::string_view digits) -> std::optional<int> {
      if (digits.empty() || digits.size() > 4 || digits.find_first_not_of("0123456789") != digits.npos) return {};
      return std::stoi(std::string(digits));
    };
    const auto least = number(inside.substr(0, comma));
    const bool is_open = comma + 1 == inside.size();
    const auto most = comma == inside.size() ? least : is_open ? std::optional(-1) : number(inside.substr(comma + 1));
    if (!least || !most) return std::nullopt;
    at_ = close + 1;
    take("?");
    return std::pair(*least, *most);
  }

  Found atom() {
    if (take("(")) return group();
    if (take("[")) return characters(char_class());
    if (take(".")) return step(Step::characters, any_character());
    if (take("^") || take("\\A")) return step(Step::begin);
    if (take("$") || take("\\z")) return step(Step::end);
    if (has("\\")) return characters(escape());
    return characters(literal(static_cast<unsigned char>(text_[at_++])));
  }

  Found characters(const std::optional<PathCharacters>& set) {
    return set ? std::optional(step(Step::characters, *set)) : std::nullopt;
  }

  [[nodiscard]] PathCharacters literal(int c) const { return folds_ ? in_both_cases(just(c)) : just(c); }

  Found group() {
    const bool outer = folds_;
    if (take("?")) {
      if (take("P<") || take("<")) {
        const std::size_t close = text_.find('>', at_);
        if (close == text_.npos) return std::nullopt;
        at_ = close + 1;
      } else if (!flags()) {
        return std::nullopt;
      } else if (take(")")) {
        return nothing();  // to the end of the group around it
      } else if (!take(":")) {
        return std::nullopt;
      }
    }
    const Found inside = alternatives();
    folds_ = outer;
    return take(")") ? inside : std::nullopt;
  }

  bool flags() {
    bool sets = true;
    for (; at_ < text_.size() && text_[at_] != ':' && text_[at_] != ')'; ++at_) {
      if (text_[at_] == '-') {
        sets = false;
      } else if (text_[at_] == 'i') {
        folds_ = sets && !as_written_;
      } else if (std::string_view("msU").find(text_[at_]) == std::string_view::npos) {
        return false;
      }
    }
    return true;
  }

  // Behind the '['.
  std::optional<PathCharacters> char_class() {
    const bool is_negated = take("^");
    PathCharacters set;
    for (bool is_first = true; is_first || !has("]"); is_first = false) {
      if (at_ >= text_.size()) return std::nullopt;
      const auto item = class_item();
      if (!item) return std::nullopt;
      set |= *item;
    }
    take("]");
    if (folds_) set = in_both_cases(set);
    return is_negated ? any_character() & ~set : set;
  }

  std::optional<PathCharacters> class_item() {
    if (take("[:")) {
      const bool is_negated = take("^");
      const std::size_t close = text_.find(":]", at_);
      if (close == text_.npos) return std::nullopt;
      const auto set = named_characters(text_.substr(at_, close - at_));
      at_ = close + 2;
      return set && is_negated ? any_character() & ~*set : set;
    }
    if (has("\\") && at_ + 1 < text_.size() && std::string_view("dDsSwW").find(text_[at_ + 1]) != text_.npos)
      return escape();
    const auto from = class_character();
    if (!from) return std::nullopt;
    if (!has("-") || at_ + 1 >= text_.size() || text_[at_ + 1] == ']') return just(*from);
    take("-");
    const auto to = class_character();
    return to ? std::optional(between(*from, *to)) : std::nullopt;
  }

  std::optional<int> class_character() {
    if (at_ >= text_.size()) return std::nullopt;
    return has("\\") ? escaped_character() : std::optional<int>(static_cast<unsigned char>(text_[at_++]));
  }

  std::optional<PathCharacters> escape() {
    if (take("\\d")) return all_digits();
    if (take("\\D")) return any_character() & ~all_digits();
    if (take("\\w")) return word_characters();
    if (take("\\W")) return any_character() & ~word_characters();
    if (take("\\s")) return PathCharacters();
    if (take("\\S")) return any_character();
    const auto character = escaped_character();
    return character ? std::optional(literal(*character)) : std::nullopt;
  }

  std::optional<int> escaped_character() {
    take("\\");
    if (at_ >= text_.size()) return std::nullopt;
    const char c = text_[at_++];
    if (c == 'x') return hex_character();
    if (std::string_view("aftnrv").find(c) != std::string_view::npos) return '\n';  // like it in no path
    const bool is_punctuation =
        c >= kFirstCharacter && c <= kLastCharacter && !word_characters()[static_cast<std::size_t>(c)];
    return is_punctuation || c == '_' ? std::optional<int>(c) : std::nullopt;
  }

  // "\x2f", "\x{2f}"
  std::optional<int> hex_character() {
    const bool in_braces = take("{");
    const std::size_t length = in_braces ? text_.substr(at_).find('}') : 2;
    if (length == text_.npos || length == 0 || length > 2 || at_ + length > text_.size()) return std::nullopt;
    const std::string_view hex = text_.substr(at_, length);
    if (hex.find_first_not_of("0123456789abcdefABCDEF") != hex.npos) return std::nullopt;
    at_ += length + (in_braces ? 1 : 0);
    const int value = std::stoi(std::string(hex), nullptr, 16);
    return value < 0x80 ? std::optional(value) : std::nullopt;
  }

  std::vector<PathState>& states_;
  std::size_t before_;
  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool folds_ = false;
  bool as_written_;
};

}  // namespace

bool PathAutomaton::add(const PathPattern& pattern, int number, bool as_written) {
  const std::string regex = pattern.kind == PathPattern::Kind::regex ? pattern.text : regex_of_plain(pattern);
  const std::size_t before = states_.size();
  const auto whole = RegexReader(states_, regex, as_written).read();
  if (!whole || states_.size() > kMostStatesOfAll) {
    states_.resize(before);
    return false;
  }
  PathState accept;
  accept.kind = Step::accept;
  accept.pattern = number;
  states_.push_back(accept);
  states_[static_cast<std::size_t>(whole->end)].next = static_cast<int>(states_.size()) - 1;
  starts_.push_back(whole->start);
  return true;
}

}  // namespace lp
