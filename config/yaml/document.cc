#include "config/yaml/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "base/encoding.h"
#include "base/one_of.h"
#include "base/result.h"
#include "config/yaml/usual_mistakes.h"

namespace lp {
namespace {

constexpr std::size_t kMaxTextBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxNodes = 10000;

Mark to_mark(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Ends the parse from inside a yaml-cpp callback; never leaves this file.
struct Stop {
  Mark mark;
  std::string message;
  bool is_odd = false;  // legal YAML, but hardly meant: usual_mistake() may know what was
};

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const auto& item : node.items) count += count_nodes(item);
  for (const auto& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

// Events rather than YAML::Load: limits are enforced while the text is read, aliases are counted before they are
// copied, and equal keys are seen (yaml-cpp 0.7 keeps the first of two silently).
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& path, const std::string& text, std::vector<ConfigProblem>& problems)
      : path_(path), text_(text), problems_(problems), lines_(lines_with_a_hash(text)) {}

  [[nodiscard]] Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (anchor != 0)
      throw Stop{to_mark(mark),
                 "a text that begins with '&' needs quotes around it: without them, & names what follows"};
    Node node;
    node.mark = to_mark(mark);
    node.said = is_null_said_at(mark);
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Stop{to_mark(mark), "an alias inside the node that it stands for"};
    spend(found->second.nodes, to_mark(mark));
    if (levels_.size() + found->second.depth > kMaxDepth) throw Stop{to_mark(mark), too_deep()};
    Node copy = found->second.node;
    copy.mark = to_mark(mark);
    place(std::move(copy));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    refuse_tag(mark, tag);
    Node node = Node::scalar(text);
    node.mark = to_mark(mark);
    node.quoted = tag == "!";
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::list);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::map);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    Node node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;  // maps: the next node is the value of `key`
    std::string key;
    Mark key_mark;
    std::size_t depth = 1;  // levels of this node and below
  };
  struct Anchored {
    Node node;
    std::size_t nodes = 0;
    std::size_t depth = 0;
  };

  static std::string too_deep() { return "nested deeper than " + std::to_string(kMaxDepth) + " levels"; }

  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw Stop{to_mark(mark), "a text that begins with '!' needs quotes around it: without them it is a YAML tag ('" +
                                  tag + "'), which are not used here"};
  }

  void spend(std::size_t nodes, Mark mark) {
    nodes_ += nodes;
    if (nodes_ > kMaxNodes)
      throw Stop{mark, "more than " + std::to_string(kMaxNodes) + " values, aliases counted as copies"};
  }

  void add(Node node, YAML::anchor_t anchor) {
    spend(1, node.mark);
    if (anchor != 0) anchors_[anchor] = Anchored{node, 1, 0};
    place(std::move(node));
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    refuse_tag(mark, tag);
    spend(1, to_mark(mark));
    if (levels_.size() >= kMaxDepth) throw Stop{to_mark(mark), too_deep()};
    Level level;
    level.node.kind = kind;
    level.node.mark = to_mark(mark);
    level.anchor = anchor;
    levels_.push_back(std::move(level));
  }

  void close() {
    Level done = std::move(levels_.back());
    levels_.pop_back();
    if (!levels_.empty()) levels_.back().depth = std::max(levels_.back().depth, done.depth + 1);
    if (done.anchor != 0) anchors_[done.anchor] = Anchored{done.node, count_nodes(done.node), done.depth};
    place(std::move(done.node));
  }

  void place(Node node) {
    if (levels_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& level = levels_.back();
    if (level.node.is_list()) {
      level.node.items.push_back(std::move(node));
    } else if (!level.has_key) {
      take_key(level, node);
    } else {
      level.has_key = false;
      add_entry(level, std::move(node));
    }
  }

  static void take_key(Level& level, const Node& node) {
    if (!node.is_scalar())
      throw Stop{node.mark,
                 "a key must be plain text, found " + node.describe() +
                     ": a text that begins with { or [ needs quotes around it",
                 true};
    if (node.text == "<<" && !node.quoted) throw Stop{node.mark, "merge keys (<<) are not supported: repeat the lines"};
    level.has_key = true;
    level.key = node.text;
    level.key_mark = node.mark;
  }

  void add_entry(Level& level, Node value) {
    for (const auto& entry : level.node.entries) {
      if (entry.key != level.key) continue;
      problems_.push_back({path_, level.key_mark.line, level.key_mark.column, key_path(),
                           "this key stands here twice, first in line " + std::to_string(entry.mark.line)});
      return;
    }
    value.hidden = value.is_null() && lines_.count(level.key_mark.line) > 0;
    level.node.entries.push_back({level.key, level.key_mark, std::move(value)});
  }

  // Those where a '#' follows a colon and has no blank behind it: "secret: #x", whose value nobody sees.
  static std::set<int> lines_with_a_hash(const std::string& text) {
    std::set<int> lines;
    for (std::size_t at = text.find(": #"), from = 0, line = 1; at != std::string::npos;
         at = text.find(": #", at + 1)) {
      line += static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(from),
                                                  text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
      from = at;
      const bool is_word =
          at + 3 < text.size() && static_cast<unsigned char>(text[at + 3]) > ' ' && text[at + 3] != '#';
      if (is_word) lines.insert(static_cast<int>(line));
    }
    return lines;
  }

  // Where there is no value, the mark is that of what comes next.
  [[nodiscard]] bool is_null_said_at(const YAML::Mark& mark) const {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    const std::string_view text = std::string_view(text_).substr(text_.starts_with(kByteOrderMark) ? 3 : 0);
    const auto at = static_cast<std::size_t>(mark.pos);
    if (mark.pos < 0 || at >= text.size()) return false;
    const std::string_view word = text.substr(at, std::min(text.find_first_of(" \t\r\n,]}#", at), text.size()) - at);
    return is_one_of(word, {"null", "Null", "NULL", "~"});
  }

  [[nodiscard]] std::string key_path() const {
    std::string path;
    for (const auto& level : levels_) {
      if (level.node.is_list()) {
        path += "[" + std::to_string(level.node.items.size() + 1) + "]";
      } else {
        path += (path.empty() ? "" : ".") + level.key;
      }
    }
    return path;
  }

  const std::string& path_;
  const std::string& text_;
  std::vector<ConfigProblem>& problems_;
  const std::set<int> lines_;
  Node root_;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
};

// Reads the one document of `text`. Without the blanks at its end: yaml-cpp 0.7 takes a quote that is never closed for
// a text up to there if only blanks come last.
void build(const std::string& text, TreeBuilder& builder) {
  std::istringstream stream(text.substr(0, text.find_last_not_of(" \t\r\n") + 1));
  YAML::Parser parser(stream);
  parser.HandleNextDocument(builder);
  std::vector<ConfigProblem> ignored;
  const std::string no_path;
  TreeBuilder second(no_path, no_path, ignored);
  if (parser.HandleNextDocument(second)) {
    throw Stop{second.take().mark, "expected one YAML document, found a second",
               text.find("\n---") == std::string::npos};
  }
}

// What the parser says, for those mistakes that nobody else knows a word for.
std::string in_plain_words(const std::string& message) {
  static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"illegal map value",
       "a ':' that ends no key here: is this line indented as the others, or does a text need quotes?"},
      {"illegal map key", "a '?' that begins no key here: does a text need quotes?"},
      {"illegal block entry", "a '- ' that begins no list item here: is this line indented as the others?"},
      {"illegal flow end", "a ] or } without its opening bracket"},
      {"end of map not found", "this does not go on with the map above: is it indented as its other keys?"},
      {"end of sequence not found", "this does not go on with the list above: is it indented as its other items?"},
      {"end of map flow not found", "a { above is not closed before this"},
      {"end of sequence flow not found", "a [ above is not closed before this"},
      {"unknown token", "no text begins like this: put quotes around it"}};
  for (const auto& [theirs, ours] : kWords) {
    if (message == theirs) return "not valid YAML: " + std::string(ours);
  }
  return "not valid YAML: " + message;
}

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (const char c : text) {
    const bool good = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!good) return false;
  }
  return true;
}

struct Expanded {
  std::string text;
  std::string names;   // ", " between them
  bool lost = false;   // one of them is empty
  bool silent = true;  // where it is: it has a default, so that this is meant
};

// What "NAME" or "NAME:-default" between the braces stands for.
Result<std::string> variable(std::string_view inside, const Environment& env, Expanded& about) {
  const auto split = inside.find(":-");
  const std::string name(inside.substr(0, split));
  if (!is_name(name))
    return fail("expected ${NAME} or ${NAME:-default}, NAME of letters, digits and '_' (write $${ for a plain ${)");
  const auto value = env(name);
  const bool has_default = split != std::string_view::npos;
  about.names += (about.names.empty() ? "" : ", ") + name;
  const std::string fallback(has_default ? inside.substr(split + 2) : std::string_view());
  if ((!value || value->empty()) && fallback.empty()) {
    about.lost = true;
    about.silent = about.silent && has_default;
  }
  if (value && !(value->empty() && has_default)) return *value;
  if (has_default) return fallback;
  return fail("the environment variable " + name + " is not set");
}

Result<Expanded> expand(std::string_view text, const Environment& env) {
  Expanded about;
  std::string& out = about.text;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto dollar = text.find('$', at);
    if (dollar == std::string_view::npos) {
      out.append(text.substr(at));
      break;
    }
    out.append(text.substr(at, dollar - at));
    if (text.substr(dollar, 3) == "$${") {
      out += "${";
      at = dollar + 3;
    } else if (text.substr(dollar, 2) != "${") {
      out += '$';
      at = dollar + 1;
    } else {
      const auto end = text.find('}', dollar);
      if (end == std::string_view::npos) return fail("'${' without its '}'");
      auto value = variable(text.substr(dollar + 2, end - dollar - 2), env, about);
      if (!value) return value.error();
      out += value.value();
      at = end + 1;
    }
  }
  return about;
}

// $NAME and nothing else: of those who know it from a shell.
bool is_shell_variable(std::string_view text, const Environment& env) {
  if (text.size() < 2 || text.front() != '$' || !is_name(text.substr(1))) return false;
  const bool lower = std::any_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  return !lower || env(std::string(text.substr(1))).has_value();
}

struct Expansion {
  const std::string& path;
  const Environment& env;
  const Environment& values;  // the same, or without a variable that is missing
  std::vector<ConfigProblem>& problems;

  void walk(Node& node, const std::string& key) {
    if (node.is_scalar()) scalar(node, key);
    for (std::size_t i = 0; i < node.items.size(); ++i) walk(node.items[i], key + "[" + std::to_string(i + 1) + "]");
    for (auto& entry : node.entries) walk(entry.value, key.empty() ? entry.key : key + "." + entry.key);
  }

  void scalar(Node& node, const std::string& key) {
    if (is_shell_variable(node.text, env)) return refuse(node, key, name_taken(node.text));
    if (node.text.find("${") == std::string::npos) return;
    auto expanded = expand(node.text, values);
    if (!expanded) return refuse(node, key, expanded.error().message);
    if (is_shell_variable(expanded->text, env))
      return refuse(node, key,
                    "the environment variable " + expanded->names +
                        " holds the name of another one: variables are not expanded twice");
    node.text = std::move(expanded->text);
    node.variables = std::move(expanded->names);
    node.lost = expanded->lost;
    node.lost_is_meant = expanded->silent;
    if (!is_valid_utf8(node.text) || node.text.find('\0') != std::string::npos) {
      refuse(node, key, "the value of the environment variable " + node.variables + " is not UTF-8 text");
    }
    if (node.text.empty() && !node.quoted) node.kind = Node::Kind::null;
  }

  static std::string name_taken(const std::string& text) {
    return "'" + text + "' would be taken as it is: a variable is written ${" + text.substr(1) + "}";
  }

  void refuse(Node& node, const std::string& key, std::string message) {
    problems.push_back({path, node.mark.line, node.mark.column, key, std::move(message)});
    node.broken = true;
  }
};

// Text that YAML reads back as the same string when it stands without quotes, also inside [ ].
bool is_plain(std::string_view text) {
  if (text.empty() || text == "null" || text == "Null" || text == "NULL") return false;
  const auto plain = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '_';
  };
  if (!plain(text.front()) || text.back() == ':') return false;
  for (const char c : text) {
    if (!plain(c) && std::string_view("-.+=@:*").find(c) == std::string_view::npos) return false;
  }
  return true;
}

std::string quote(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (text.substr(i, 2) == "${") out += '$';
    if (byte == '"' || byte == '\\') out += '\\';
    if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += text[i];
    }
  }
  return out + '"';
}

std::string write_scalar(std::string_view text) { return is_plain(text) ? std::string(text) : quote(text); }

bool is_flat(const Node& list) {
  for (const auto& item : list.items) {
    if (!item.is_scalar()) return false;
  }
  return true;
}

void write(const Node& node, std::string& out, std::size_t indent);

void write_map(const Node& node, std::string& out, std::size_t indent, bool first_is_indented) {
  for (const auto& entry : node.entries) {
    if (!first_is_indented) out.append(indent, ' ');
    first_is_indented = false;
    out += write_scalar(entry.key) + ":";
    write(entry.value, out, indent);
  }
}

void write_list(const Node& node, std::string& out, std::size_t indent) {
  for (const auto& item : node.items) {
    out.append(indent + 2, ' ');
    out += '-';
    if (item.is_map() && !item.entries.empty()) {
      out += ' ';
      write_map(item, out, indent + 4, true);
    } else {
      write(item, out, indent + 2);
    }
  }
}

// `out` ends just behind "key:" or "-".
void write(const Node& node, std::string& out, std::size_t indent) {
  if (node.is_null()) {
    out += " null\n";
  } else if (node.is_scalar()) {
    out += " " + write_scalar(node.text) + "\n";
  } else if (node.is_map()) {
    if (node.entries.empty()) {
      out += " {}\n";
      return;
    }
    out += '\n';
    write_map(node, out, indent + 2, false);
  } else if (is_flat(node)) {
    out += " [";
    for (const auto& item : node.items) out += (&item == node.items.data() ? "" : ", ") + write_scalar(item.text);
    out += "]\n";
  } else {
    out += '\n';
    write_list(node, out, indent);
  }
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const auto& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

std::string Node::describe() const {
  if (is_null()) return "nothing" + why_empty();
  if (is_list()) return "a list";
  if (is_map()) return "a map";
  return "'" + (text.size() > 80 ? replace_invalid_utf8(text.substr(0, 80)) + "..." : text) + "'";
}

std::string Node::why_empty() const {
  if (hidden) return ": what begins with '#' is a comment, put quotes around it";
  return lost ? ": the environment variable " + variables + " is empty" : "";
}

// Characters of a word processor, or of another keyboard, that are taken as they are.
constexpr std::pair<std::string_view, std::string_view> kLookAlikes[] = {
    {"\xe2\x80\x9c", "a typographic quote is part of it: write \" or '"},
    {"\xe2\x80\x9d", "a typographic quote is part of it: write \" or '"},
    {"\xe2\x80\x98", "a typographic quote is part of it: write \" or '"},
    {"\xe2\x80\x99", "a typographic quote is part of it: write \" or '"},
    {"\xe3\x80\x80", "a full-width space (U+3000) is part of it"},
    {"\xc2\xa0", "a no-break space (U+00A0) is part of it"},
    {"\xef\xbc\x9a", "a full-width colon (U+FF1A) is part of it"},
    {"\xef\xbc\x8c", "a full-width comma (U+FF0C) is part of it"},
    {"\xe3\x80\x81", "an ideographic comma (U+3001) is part of it"},
    {"\xe2\x80\x93", "a dash (U+2013) is part of it: write -"},
    {"\xe2\x80\x94", "a dash (U+2014) is part of it: write -"},
    {"\xe2\x88\x92", "a minus sign (U+2212) is part of it: write -"},
    {"\xe2\x80\x8b", "a space of no width (U+200B), which nobody sees, is part of it"},
    {"\xe2\x80\x8e", "a mark of direction (U+200E), which nobody sees, is part of it"},
    {"\xc2\xad", "a soft hyphen (U+00AD), which nobody sees, is part of it"},
    {"\xef\xbb\xbf", "a byte order mark (U+FEFF), which nobody sees, is part of it"}};

std::string Node::origin() const {
  if (lost) return " (the environment variable " + variables + " is empty)";
  if (!variables.empty()) return " (from the environment variable " + variables + ")";
  for (const auto& [bytes, words] : kLookAlikes) {
    if (text.find(bytes) != std::string::npos) return " (" + std::string(words) + ")";
  }
  const auto dollar = text.find('$');
  const bool of_a_shell = dollar != std::string::npos && is_name(text.substr(dollar + 1, 1));
  return of_a_shell ? " (a variable is written ${NAME})" : "";
}

Node Node::scalar(std::string text) {
  Node node;
  node.kind = Kind::scalar;
  node.text = std::move(text);
  return node;
}

Node Node::empty_map() {
  Node node;
  node.kind = Kind::map;
  return node;
}

Node Node::list(std::vector<std::string> texts) {
  Node node;
  node.kind = Kind::list;
  for (auto& text : texts) node.items.push_back(scalar(std::move(text)));
  return node;
}

std::optional<Node> parse_document(const std::string& text, const std::string& path,
                                   std::vector<ConfigProblem>& problems) {
  const auto refuse = [&](Mark mark, std::string message) {
    problems.push_back({path, mark.line, mark.column, "", std::move(message)});
    return std::nullopt;
  };
  if (text.size() > kMaxTextBytes) return refuse({}, "the file is larger than 1 MiB");
  if (!is_valid_utf8(text) || text.find('\0') != std::string::npos) return refuse({}, "the file is not UTF-8 text");
  TreeBuilder builder(path, text, problems);
  try {
    build(text, builder);
  } catch (const Stop& stop) {
    const auto mistake = stop.is_odd ? usual_mistake(text, stop.mark) : std::nullopt;
    if (mistake) return refuse(mistake->mark, mistake->message);
    return refuse(stop.mark, stop.message);
  } catch (const YAML::Exception& e) {
    const Mark mark = e.mark.is_null() ? Mark{} : to_mark(e.mark);
    if (const auto mistake = usual_mistake(text, mark)) return refuse(mistake->mark, mistake->message);
    return refuse(mark, in_plain_words(e.msg));
  }
  return builder.take();
}

void expand_variables(Node& root, const std::string& path, const Environment& env, std::vector<ConfigProblem>& problems,
                      MissingVariable missing) {
  const Environment forgiving = [&env](const std::string& name) { return env(name).value_or(""); };
  Expansion{path, env, missing == MissingVariable::is_empty ? forgiving : env, problems}.walk(root, "");
}

std::string write_yaml(const Node& node) {
  std::string out;
  write_map(node, out, 0, false);
  return out;
}

}  // namespace lp
