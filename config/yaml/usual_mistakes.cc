#include "config/yaml/usual_mistakes.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/encoding.h"

namespace lp {
namespace {

constexpr auto npos = std::string_view::npos;

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 60;
  return text.size() <= kMost ? std::string(text) : replace_invalid_utf8(text.substr(0, kMost)) + "...";
}
std::string blanks(std::size_t count) { return std::to_string(count) + (count == 1 ? " blank" : " blanks"); }
std::string in_line(std::size_t line) { return "line " + std::to_string(line + 1); }

// Characters that look like a blank, or like nothing, and are not YAML's.
struct OddBlank {
  std::string_view bytes;
  std::string_view name;
};
constexpr OddBlank kOddBlanks[] = {{"\xc2\xa0", "a no-break space (U+00A0)"},
                                   {"\xe3\x80\x80", "a full-width space (U+3000)"},
                                   {"\xe2\x80\x8b", "a space of no width (U+200B)"},
                                   {"\xef\xbb\xbf", "a byte order mark (U+FEFF)"}};
// Of a word processor, where a list item begins.
constexpr std::string_view kDashes[] = {"\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x88\x92"};

std::vector<std::string_view> lines_of(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::set<std::string_view> anchors_of(const std::vector<std::string_view>& lines) {
  std::set<std::string_view> names;
  for (const auto line : lines) {
    for (auto at = line.find('&'); at != npos; at = line.find('&', at + 1)) {
      const auto end = std::min(line.find_first_of(" \t,]}", at), line.size());
      names.insert(line.substr(at + 1, end - at - 1));
    }
  }
  return names;
}

// Of a plain text: up to a comment, without blanks at its end.
std::string_view without_comment(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '#' && is_blank(text[i - 1])) text = text.substr(0, i);
  }
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// The ':' that ends a key: a blank or nothing follows it.
std::size_t colon_in(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '#' && i > 0 && is_blank(text[i - 1])) return npos;
    if (text[i] == ':' && (i + 1 == text.size() || is_blank(text[i + 1]))) return i;
  }
  return npos;
}

// "endpoint" of "endpoint:https://x": a key whose colon has no blank behind it; empty: not that.
std::string_view key_without_blank(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_word);
  const auto size = static_cast<std::size_t>(end - text.begin());
  return size > 0 && size + 1 < text.size() && text[size] == ':' ? text.substr(0, size) : std::string_view();
}

class Scan {
 public:
  explicit Scan(std::string_view text) : lines_(lines_of(text)), anchors_(anchors_of(lines_)) {}

  std::optional<YamlMistake> run() {
    for (; line_ < lines_.size() && !found_; ++line_) read_line();
    return std::move(found_);
  }

 private:
  enum class Value { none, plain, other };
  struct Level {
    std::size_t indent;
    bool is_list;
    std::size_t line;  // of its latest key or item
    Value value = Value::none;
  };
  struct Bracket {
    char open;
    std::size_t line;
    std::size_t column;
    bool has_colon = false;  // since the last comma
  };

  void find(std::size_t line, std::size_t column, std::string message) {
    if (found_) return;
    found_ = YamlMistake{{static_cast<int>(line) + 1, static_cast<int>(column) + 1}, std::move(message)};
  }
  [[nodiscard]] std::string_view line() const { return lines_[line_]; }
  [[nodiscard]] bool ends_at(std::size_t at) const { return at >= line().size() || line()[at] == '#'; }
  [[nodiscard]] std::size_t skip_blanks(std::size_t at) const {
    while (at < line().size() && is_blank(line()[at])) ++at;
    return at;
  }

  // ---- lines and their indentation ----

  void read_line() {
    const std::size_t first = skip_blanks(0);
    if (ends_at(first) || is_marker()) return;
    if (is_conflict()) {
      return find(line_, 0,
                  "a conflict of git that nobody has resolved: keep one side, and leave out the lines of '<<<<<<<', "
                  "'=======' and '>>>>>>>'");
    }
    const auto tab = line().substr(0, first).find('\t');
    if (tab != npos) {
      return find(line_, tab, "a tab in the indentation: YAML indents by blanks only, put blanks in its place");
    }
    for (const OddBlank& odd : kOddBlanks) {
      if (!line().substr(first).starts_with(odd.bytes)) continue;
      return find(line_, first, std::string(odd.name) + " in the indentation: put a plain blank in its place");
    }
    read_entry(first);
  }

  [[nodiscard]] bool is_marker() const {
    return line().starts_with("---") || line().starts_with("...") || line().starts_with('%');
  }

  [[nodiscard]] bool is_conflict() const {
    return line().starts_with("<<<<<<< ") || line().starts_with(">>>>>>> ") || line() == "=======";
  }

  // Items ("- "), then a key with its value, or a value alone.
  void read_entry(std::size_t at) {
    while (!found_ && line()[at] == '-' && (at + 1 == line().size() || is_blank(line()[at + 1]))) {
      enter(at, true);
      at = skip_blanks(at + 1);
      if (ends_at(at)) return;
    }
    if (found_) return;
    for (const std::string_view dash : kDashes) {
      if (line().substr(at).starts_with(dash))
        return find(line_, at, "a dash of a word processor where a list item begins: write '- '");
    }
    if (is_item_without_blank(at)) return find_no_key(at);
    if (const auto colon = key_end(at); colon != npos) {
      enter(at, false);
      return read_value(skip_blanks(colon + 1));
    }
    read_without_key(at);
  }

  // -path: /*
  [[nodiscard]] bool is_item_without_blank(std::size_t at) const {
    return line()[at] == '-' && at + 1 < line().size() && is_word(line()[at + 1]) && line()[at + 1] != '-';
  }

  // What a secret may stand in is never shown.
  [[nodiscard]] bool is_private() const {
    const auto names_secret = [](std::string_view text) {
      const std::string lower = ascii_lower(text);
      for (const std::string_view word : {"secret", "password", "token", "key"}) {
        if (lower.find(word) != std::string::npos) return true;
      }
      return false;
    };
    const auto is_in = [&](const Level& level) { return names_secret(lines_[level.line]); };
    return names_secret(line()) || std::any_of(levels_.begin(), levels_.end(), is_in);
  }
  [[nodiscard]] std::string value_shown(std::string_view text) const { return is_private() ? "..." : shown(text); }

  // Of the colon behind the key that begins here.
  [[nodiscard]] std::size_t key_end(std::size_t at) const {
    const char first = line()[at];
    if (std::string_view("[{|>*&!@%`#").find(first) != npos) return npos;
    if (first != '"' && first != '\'') {
      const auto colon = colon_in(line().substr(at));
      return colon == npos ? npos : at + colon;
    }
    const auto close = line().find(first, at + 1);
    if (close == npos) return npos;
    const auto colon = skip_blanks(close + 1);
    const bool is_key =
        colon < line().size() && line()[colon] == ':' && (colon + 1 == line().size() || is_blank(line()[colon + 1]));
    return is_key ? colon : npos;
  }

  // A key or an item begins in this column: of which map or list is it?
  void enter(std::size_t indent, bool is_list) {
    std::optional<Level> left;
    while (!levels_.empty() && levels_.back().indent > indent) {
      left = levels_.back();
      levels_.pop_back();
    }
    const bool goes_on = !levels_.empty() && levels_.back().indent == indent;
    if (goes_on ? !goes_on_with(is_list) : !may_begin(indent, is_list, left)) return;
    levels_.back().line = line_;
    levels_.back().value = Value::none;
  }

  // In the column of an open map or list.
  bool goes_on_with(bool is_list) {
    Level& top = levels_.back();
    const std::size_t indent = top.indent;
    if (top.is_list == is_list) return true;
    if (is_list && top.value == Value::none) {
      levels_.push_back({indent, true, line_});
      return true;
    }
    if (is_list) {
      find(line_, indent,
           "a list item ('- ') where the keys of " + in_line(top.line) + " go on: indent it below its key");
      return false;
    }
    const std::size_t list_line = top.line;
    levels_.pop_back();
    if (!levels_.empty() && levels_.back().indent == indent) return true;
    find(line_, indent,
         "a key where the list of " + in_line(list_line) +
             " goes on: begin it with '- ', or indent it as the keys of that item");
    return false;
  }

  static std::string as(const Level& level) {
    return blanks(level.indent) + " as the " + (level.is_list ? "'-'" : "key") + " in " + in_line(level.line);
  }

  // In a column of its own: below a key or an item that has no value yet.
  bool may_begin(std::size_t indent, bool is_list, const std::optional<Level>& left) {
    const bool is_first = levels_.empty() && !left;
    const bool is_below = !levels_.empty() && !left && levels_.back().value == Value::none;
    if (is_first || is_below) {
      levels_.push_back({indent, is_list, line_});
      return true;
    }
    if (left) {
      std::string where = as(*left);
      if (!levels_.empty()) where += ", or by " + as(levels_.back());
      find(line_, indent,
           "this line is indented by " + blanks(indent) +
               ", and no line above it that it could go on with: indent it by " + where);
    } else {
      const Level& top = levels_.back();
      find(line_, indent,
           "this line is indented by " + blanks(indent) + ", " + in_line(top.line) +
               " above it, which has its value already, by " + blanks(top.indent) + ": indent both alike");
    }
    return false;
  }

  // ---- values ----

  void read_without_key(std::size_t at) {
    const bool is_item = !levels_.empty() && levels_.back().is_list && levels_.back().line == line_;
    const bool is_below = !levels_.empty() && at > levels_.back().indent;
    if (is_item) return read_value(at);
    if (is_below && levels_.back().value == Value::none && !is_first_of_map(at)) return read_value(at);
    if (is_below && levels_.back().value == Value::plain) return;  // a text of several lines
    if (levels_.empty() && (line()[at] == '[' || line()[at] == '{')) return read_flow(at);
    find_no_key(at);
  }

  // endpoint:https://x, and a key in the same column below it.
  [[nodiscard]] bool is_first_of_map(std::size_t at) const {
    if (key_without_blank(line().substr(at)).empty()) return false;
    for (std::size_t next = line_ + 1; next < lines_.size(); ++next) {
      const auto first = lines_[next].find_first_not_of(' ');
      if (first == npos || lines_[next][first] == '#') continue;
      const auto rest = lines_[next].substr(first);
      return first == at && (colon_in(rest) != npos || !key_without_blank(rest).empty());
    }
    return false;
  }

  void find_no_key(std::size_t at) {
    const std::string_view rest = without_comment(line().substr(at));
    const std::string_view key = key_without_blank(rest);
    if (is_item_without_blank(at)) {
      return find(line_, at, "no blank behind the '-' of a list item: write '- " + value_shown(rest.substr(1)) + "'");
    }
    for (const OddBlank& odd : kOddBlanks) {
      if (key.empty() || !rest.substr(key.size() + 1).starts_with(odd.bytes)) continue;
      return find(line_, at + key.size() + 1,
                  std::string(odd.name) + " behind the colon: put a plain blank in its place");
    }
    if (!key.empty()) {
      return find(line_, at + key.size(),
                  "no blank behind the colon: write '" + std::string(key) + ": " +
                      value_shown(rest.substr(key.size() + 1)) + "'");
    }
    if (const auto wide = rest.find("\xef\xbc\x9a"); wide != npos)
      return find(line_, at + wide, "a full-width colon (U+FF1A): write ':' and a blank in its place");
    std::string message = "expected 'key: value', found '" + value_shown(rest) + "'";
    if (rest.find('=') != npos) message += ": a key and its value have ': ' between them, not '='";
    find(line_, at, std::move(message));
  }

  void set_value(Value value) {
    if (!levels_.empty()) levels_.back().value = value;
  }

  void read_value(std::size_t at) {
    if (ends_at(at)) return;
    const char first = line()[at];
    set_value(Value::other);
    if (first == '"' || first == '\'') return read_quoted_value(at);
    if (first == '[' || first == '{') return read_flow(at);
    if (first == '|' || first == '>') return read_block(at);
    if (first == '&') return read_value(skip_blanks(std::min(line().find_first_of(" \t", at), line().size())));
    if (needs_quotes(at, line().size())) return;
    set_value(Value::plain);
    const std::string_view text = without_comment(line().substr(at));
    const auto colon = colon_in(text);
    if (colon == npos || first == '!') return;
    find(line_, at + colon,
         "a text with ': ' in it needs quotes around it: write \"" + value_shown(text) + "\"" +
             or_a_key(text.substr(0, colon)));
  }

  // "/* upstream": the next key in the same line.
  static std::string or_a_key(std::string_view before) {
    const auto blank = before.find_last_of(" \t");
    if (blank == npos) return "";
    const std::string_view word = before.substr(blank + 1);
    const bool is_key = !word.empty() && std::all_of(word.begin(), word.end(), is_word);
    return is_key ? "; or '" + std::string(word) + "' is a key, which begins a line of its own" : "";
  }

  // What YAML takes for something of its own.
  bool needs_quotes(std::size_t at, std::size_t end) {
    const std::string_view text = without_comment(line().substr(at, end - at));
    static constexpr std::pair<char, std::string_view> kMeanings[] = {{'*', "stands for what was named with & before"},
                                                                      {'@', "is reserved"},
                                                                      {'`', "is reserved"},
                                                                      {'%', "begins a directive"}};
    for (const auto& [sign, meaning] : kMeanings) {
      if (text.empty() || text.front() != sign) continue;
      if (sign == '*' && anchors_.count(text.substr(1)) > 0) return false;
      find(line_, at,
           "a text that begins with '" + std::string(1, sign) + "' needs quotes around it: write \"" +
               value_shown(text) + "\" (without them, " + sign + " " + std::string(meaning) + " in YAML)");
      return true;
    }
    return false;
  }

  // Lines that are indented deeper belong to it, whatever they say.
  void read_block(std::size_t at) {
    const std::string_view header = without_comment(line().substr(at));
    if (header.substr(1).find_first_not_of("+-0123456789") != npos) {
      return find(line_, at,
                  "a text that begins with '" + std::string(1, header.front()) + "' needs quotes around it: write \"" +
                      value_shown(header) + "\"");
    }
    const std::size_t indent = levels_.empty() ? 0 : levels_.back().indent;
    while (line_ + 1 < lines_.size()) {
      const auto first = lines_[line_ + 1].find_first_not_of(" \t");
      if (first != npos && first <= indent) return;
      ++line_;
    }
  }

  void read_quoted_value(std::size_t at) {
    const std::size_t opened = line_;
    const auto end = close_quote(at);
    if (!end) return;
    const std::size_t rest = skip_blanks(*end);
    if (ends_at(rest)) return;
    find_behind_quote(opened, at, rest);
  }

  void find_behind_quote(std::size_t opened, std::size_t at, std::size_t rest) {
    const char quote = lines_[opened][at];
    if (opened != line_) {
      return find(opened, at,
                  "the quote that opens here is not closed in its line: the next one is in " + in_line(line_) +
                      ", with text behind it");
    }
    find(line_, rest,
         std::string("text behind the closing quote; a ") + quote + " inside is written " +
             (quote == '"' ? "\\\"" : "''"));
  }

  // From an opening quote to the place behind the closing one, which may be in a later line.
  std::optional<std::size_t> close_quote(std::size_t at) {
    const char quote = line()[at];
    const std::size_t opened = line_;
    for (std::size_t i = at + 1;; ++i) {
      while (i >= line().size()) {
        if (line_ + 1 == lines_.size()) {
          find(opened, at, "the quote that opens here is never closed");
          return std::nullopt;
        }
        ++line_;
        i = 0;
      }
      if (line()[i] == quote && quote == '\'' && line().substr(i, 2) == "''") {
        ++i;
      } else if (line()[i] == quote) {
        return i + 1;
      } else if (quote == '"' && line()[i] == '\\') {
        if (!is_escape(++i)) return std::nullopt;
      }
    }
  }

  bool is_escape(std::size_t at) {
    constexpr std::string_view kEscapes = "0abt\tnvfre \"/\\N_LPxuU";
    if (at >= line().size() || kEscapes.find(line()[at]) != npos) return true;
    const std::string escape = std::string("\\") + line()[at];
    find(line_, at - 1, escape + " means nothing in \"double quotes\": write '...' in place of them, or \\" + escape);
    return false;
  }

  // ---- [ ] and { } ----

  void read_flow(std::size_t at) {
    std::vector<Bracket> open;
    bool at_start = true;  // of a text
    for (std::size_t i = at; !found_;) {
      if (i >= line().size()) {
        if (!next_line_of_flow(open)) return;
        i = skip_blanks(0);
        continue;
      }
      i = read_flow_char(i, open, at_start);
      if (!open.empty() || found_) continue;
      const std::size_t rest = skip_blanks(i);
      if (!ends_at(rest)) find_behind_bracket(at, i, rest);
      return;
    }
  }

  // listen: [::]:8080
  void find_behind_bracket(std::size_t at, std::size_t end, std::size_t rest) {
    const bool is_text = rest == end && at < end && std::string_view(",]}").find(line()[rest]) == npos;
    if (!is_text)
      return find(line_, rest, "text behind the closing bracket: is a bracket missing before, or one too many?");
    find(line_, at,
         std::string("a text that begins with '") + line()[at] + "' needs quotes around it: write \"" +
             value_shown(without_comment(line().substr(at))) + "\"");
  }

  // False, and found: the next line is one of the map or list around it.
  bool next_line_of_flow(const std::vector<Bracket>& open) {
    const Bracket& last = open.back();
    const std::string what = std::string("the ") + last.open + " that opens here is not closed" +
                             (hidden_end_ == line_ ? ": behind a blank, # begins a comment, which hides what would "
                                                     "close it; a text that begins with # needs quotes around it"
                                                   : "");
    if (line_ + 1 == lines_.size()) {
      find(last.line, last.column, what);
      return false;
    }
    ++line_;
    const std::size_t first = skip_blanks(0);
    const std::size_t indent = levels_.empty() ? 0 : levels_.back().indent;
    if (ends_at(first) || first > indent || line()[first] == '"' || line()[first] == '\'') return true;
    if (colon_in(line().substr(first)) == npos && !line().substr(first).starts_with("- ")) return true;
    find(last.line, last.column, what + " before " + in_line(line_) + ", where something else begins");
    return false;
  }

  // Answers where to go on.
  std::size_t read_flow_char(std::size_t i, std::vector<Bracket>& open, bool& at_start) {
    const char c = line()[i];
    const bool was_start = std::exchange(at_start, false);
    if (is_blank(c)) {
      at_start = was_start;
    } else if (c == '#' && (i == 0 || is_blank(line()[i - 1]))) {
      at_start = was_start;
      if (line().find_first_of("]}", i) != npos) hidden_end_ = line_;
      return line().size();
    } else if ((c == '"' || c == '\'') && was_start) {
      return read_flow_quoted(i);
    } else if (c == '[' || c == '{') {
      open_bracket(i, open, was_start);
      at_start = true;
    } else if (c == ']' || c == '}') {
      close_bracket(c, open);
    } else if (c == ',') {
      at_start = true;
      open.back().has_colon = false;
    } else if (c == ':' && (i + 1 == line().size() || std::string_view(" \t,]}").find(line()[i + 1]) != npos)) {
      at_start = true;
      if (std::exchange(open.back().has_colon, true))
        find(line_, i, "a text with ': ' in it needs quotes around it, or a comma is missing before its key");
    } else if (was_start) {
      constexpr std::size_t kLongest = 256;  // in a line of any length every text is looked at
      const std::string_view rest = line().substr(i, kLongest);
      needs_quotes(i, i + std::min(rest.find_first_of(",]}"), rest.size()));
    }
    return i + 1;
  }

  std::size_t read_flow_quoted(std::size_t i) {
    const std::size_t opened = line_;
    const auto end = close_quote(i);
    if (!end) return line().size();
    const std::size_t rest = skip_blanks(*end);
    if (!ends_at(rest) && std::string_view(",]}:").find(line()[rest]) == npos) find_behind_quote(opened, i, rest);
    return *end;
  }

  void open_bracket(std::size_t i, std::vector<Bracket>& open, bool is_start) {
    const char c = line()[i];
    if (i > 0 && c == '{' && line()[i - 1] == '$')
      return find(line_, i - 1, "inside { } and [ ], ${...} needs quotes around it: write \"${...}\"");
    if (c == '{' && line().substr(i, 2) == "{{")
      return find(line_, i,
                  "a text that begins with '{{' needs quotes around it; or nobody has filled in this template");
    if (!is_start && !open.empty())
      return find(line_, i,
                  std::string("a text with ") + c + " in it needs quotes around it here, or a comma is missing");
    open.push_back({c, line_, i});
  }

  void close_bracket(char c, std::vector<Bracket>& open) {
    const Bracket& last = open.back();
    if ((last.open == '[') == (c == ']')) return open.pop_back();
    find(last.line, last.column,
         std::string("the ") + last.open + " that opens here is not closed before the " + c + " in " + in_line(line_));
  }

  const std::vector<std::string_view> lines_;
  const std::set<std::string_view> anchors_;
  std::size_t line_ = 0;
  std::size_t hidden_end_ = npos;  // of a [ or {: the line of a comment that has a ] or }
  std::vector<Level> levels_;
  std::optional<YamlMistake> found_;
};

}  // namespace

std::optional<YamlMistake> usual_mistake(std::string_view text, Mark refused) {
  auto found = Scan(text).run();
  // What the parser took without a word is no reason for what it refused before.
  if (found && refused.line > 0 && found->mark.line > refused.line + 1) return std::nullopt;
  return found;
}

}  // namespace lp
