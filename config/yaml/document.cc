#include "config/yaml/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "base/encoding.h"
#include "base/result.h"

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
  TreeBuilder(const std::string& path, std::vector<ConfigProblem>& problems) : path_(path), problems_(problems) {}

  [[nodiscard]] Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.mark = to_mark(mark);
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
    throw Stop{to_mark(mark), "YAML tags are not used here, found '" + tag + "'"};
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
    if (!node.is_scalar()) throw Stop{node.mark, "a key must be plain text, found " + node.describe()};
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
    level.node.entries.push_back({level.key, level.key_mark, std::move(value)});
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
  std::vector<ConfigProblem>& problems_;
  Node root_;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
};

// Reads the one document of `text`.
void build(const std::string& text, TreeBuilder& builder) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  parser.HandleNextDocument(builder);
  std::vector<ConfigProblem> ignored;
  const std::string no_path;
  TreeBuilder second(no_path, ignored);
  if (parser.HandleNextDocument(second)) throw Stop{second.take().mark, "expected one YAML document, found a second"};
}

// The likeliest cause of a syntax error: in flow style a '}' ends the map, also that of ${NAME}.
std::string hint(const std::string& text, Mark mark) {
  std::istringstream lines(text);
  std::string line;
  for (int number = 0; number < mark.line; ++number) std::getline(lines, line);
  return line.find("${") == line.npos ? "" : " (inside { } and [ ], ${...} needs quotes around it)";
}

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (const char c : text) {
    const bool good = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!good) return false;
  }
  return true;
}

// What "NAME" or "NAME:-default" between the braces stands for.
Result<std::string> variable(std::string_view inside, const Environment& env) {
  const auto split = inside.find(":-");
  const std::string name(inside.substr(0, split));
  if (!is_name(name)) return fail("expected ${NAME} or ${NAME:-default} (write $${ for a plain ${)");
  const auto value = env(name);
  const bool has_default = split != std::string_view::npos;
  if (value && !(value->empty() && has_default)) return *value;
  if (has_default) return std::string(inside.substr(split + 2));
  return fail("the environment variable " + name + " is not set");
}

Result<std::string> expand(std::string_view text, const Environment& env) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto dollar = text.find('$', at);
    if (dollar == std::string_view::npos) return out.append(text.substr(at));
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
      auto value = variable(text.substr(dollar + 2, end - dollar - 2), env);
      if (!value) return value;
      out += value.value();
      at = end + 1;
    }
  }
  return out;
}

struct Expansion {
  const std::string& path;
  const Environment& env;
  std::vector<ConfigProblem>& problems;

  void walk(Node& node, const std::string& key) {
    if (node.is_scalar()) scalar(node, key);
    for (std::size_t i = 0; i < node.items.size(); ++i) walk(node.items[i], key + "[" + std::to_string(i + 1) + "]");
    for (auto& entry : node.entries) walk(entry.value, key.empty() ? entry.key : key + "." + entry.key);
  }

  void scalar(Node& node, const std::string& key) {
    if (node.text.find("${") == std::string::npos) return;
    auto expanded = expand(node.text, env);
    if (!expanded) {
      problems.push_back({path, node.mark.line, node.mark.column, key, expanded.error().message});
      node.broken = true;
      return;
    }
    node.text = std::move(expanded).value();
    if (!is_valid_utf8(node.text) || node.text.find('\0') != std::string::npos) {
      problems.push_back({path, node.mark.line, node.mark.column, key, "the variable's value is not UTF-8 text"});
      node.broken = true;
    }
    if (node.text.empty() && !node.quoted) node.kind = Node::Kind::null;
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
  if (is_null()) return "nothing";
  if (is_list()) return "a list";
  if (is_map()) return "a map";
  return "'" + (text.size() > 80 ? replace_invalid_utf8(text.substr(0, 80)) + "..." : text) + "'";
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
  TreeBuilder builder(path, problems);
  try {
    build(text, builder);
  } catch (const Stop& stop) {
    return refuse(stop.mark, stop.message);
  } catch (const YAML::Exception& e) {
    const Mark mark = e.mark.is_null() ? Mark{} : to_mark(e.mark);
    return refuse(mark, "not valid YAML: " + e.msg + hint(text, mark));
  }
  return builder.take();
}

void expand_variables(Node& root, const std::string& path, const Environment& env,
                      std::vector<ConfigProblem>& problems) {
  Expansion{path, env, problems}.walk(root, "");
}

std::string write_yaml(const Node& node) {
  std::string out;
  write_map(node, out, 0, false);
  return out;
}

}  // namespace lp
