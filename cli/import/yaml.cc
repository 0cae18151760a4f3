#include "cli/import/yaml.h"

#include <utility>

namespace lp {
namespace {

// Two characters for private use, which no configuration has a reason to hold.
constexpr std::string_view kOpen = "\xEE\x80\x80", kClose = "\xEE\x80\x81";

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

bool is_name(std::string_view text) {
  if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
  return text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
         std::string_view::npos;
}

}  // namespace

std::string variable(std::string_view name) { return std::string(kOpen) + std::string(name) + std::string(kClose); }

std::string variable_or(std::string_view name, std::string_view otherwise) {
  return variable(std::string(name) + ":-" + std::string(otherwise));
}

std::string with_variables(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto open = text.find("${", at), close = open == text.npos ? text.npos : text.find('}', open);
    if (close == std::string_view::npos || !is_name(text.substr(open + 2, close - open - 2))) {
      return out + std::string(text.substr(at));
    }
    out += std::string(text.substr(at, open - at)) + variable(text.substr(open + 2, close - open - 2));
    at = close + 1;
  }
  return out;
}

std::string without_variable_marks(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto three = text.substr(i, kOpen.size());
    if (three == kOpen || three == kClose) {
      i += kOpen.size() - 1;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool has_variable(std::string_view text) { return text.find(kOpen) != std::string_view::npos; }

std::string variable_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    if (c >= 'a' && c <= 'z') {
      name += static_cast<char>(c - 'a' + 'A');
    } else {
      name += (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
    }
  }
  return name;
}

Node yaml_map() {
  Node node;
  node.kind = Node::Kind::map;
  return node;
}

Node yaml_list() {
  Node node;
  node.kind = Node::Kind::list;
  return node;
}

Node yaml_entry(std::string key, Node value) {
  Node map = yaml_map();
  put(map, std::move(key), std::move(value));
  return map;
}

void put(Node& map, std::string key, Node value) {
  for (auto& entry : map.entries) {
    if (entry.key == key) {
      entry.value = std::move(value);
      return;
    }
  }
  map.entries.push_back({std::move(key), {}, std::move(value)});
}

void put(Node& map, std::string key, std::string text) { put(map, std::move(key), Node::scalar(std::move(text))); }
void put(Node& map, std::string key, std::vector<std::string> texts) {
  put(map, std::move(key), Node::list(std::move(texts)));
}

Node& map_in(Node& map, const std::string& key) {
  for (auto& entry : map.entries) {
    if (entry.key == key) return entry.value;
  }
  put(map, key, yaml_map());
  return map.entries.back().value;
}

std::string write_imported(const Node& root) {
  std::string text = write_yaml(root);
  replace_all(text, kOpen, "${");
  replace_all(text, kClose, "}");
  return text;
}

}  // namespace lp
