#include "config/options/claims_binding.h"

#include <utility>

#include "config/options/binding.h"

namespace lp {
namespace {

constexpr const char* kForm = "expected a map such as { keep: \"app-.*\" }, found ";

// A path into an object would find nothing: sessions keep the object.
bool is_name(const std::string& claim) {
  return !claim.empty() && (claim.find("://") != std::string::npos || claim.find('.') == std::string::npos);
}

// What is said of its value is said of the key that the value stands at.
struct Kept {
  const Node* node = nullptr;  // null: it was reported
  std::string key;
};

Kept pattern_node(const Node& node, const Reading& reading) {
  if (node.is_scalar()) return {&node, reading.key};
  if (!node.is_map()) {
    reading.problem(node, kForm + node.describe());
    return {};
  }
  const Node* keep = node.find("keep");
  for (const Entry& entry : node.entries) {
    if (entry.key != "keep") reading.problem(entry.value, "expected the key keep, found '" + entry.key + "'");
  }
  if (keep == nullptr && node.entries.empty()) reading.problem(node, std::string(kForm) + "an empty map");
  return {keep, reading.key + ".keep"};
}

void read_claim(const Entry& entry, const Reading& reading) {
  if (!is_name(entry.key))
    return reading.problem(entry.value, "expected the name of a claim, not a path into one, found '" + entry.key + "'");
  if (entry.key == "sub")
    return reading.problem(entry.value, "sub is who somebody is, one text and no list: nothing of it can be left out");
  const auto [node, key] = pattern_node(entry.value, reading);
  if (node == nullptr) return;
  const Reading at{reading.option, reading.scope, key, reading.folder, reading.report};
  if (!node->is_scalar())
    return at.problem(*node, "expected one pattern such as \"app-.*\", found " + node->describe() +
                                 (node->is_list() ? ": write \"a|b\" for a or b" : ""));
  auto pattern = TextPattern::parse("~ " + node->text);
  if (!pattern) return at.problem(*node, pattern.error().message);
  reading.scope.settings->session.kept_items[entry.key] = std::move(pattern).value();
}

}  // namespace

Binding kept_items_binding() {
  return {[](const Node& node, const Reading& reading) {
            if (!node.is_map()) return reading.problem(node, "expected a map of claims, found " + node.describe());
            for (const Entry& entry : node.entries) {
              if (entry.value.broken) continue;
              const std::string key = reading.key + "." + entry.key;
              read_claim(entry, {reading.option, reading.scope, key, reading.folder, reading.report});
            }
          },
          [](const Scope& scope) {
            Node map = Node::empty_map();
            for (const auto& [claim, pattern] : scope.settings->session.kept_items) {
              Node keep = Node::empty_map();
              keep.entries.push_back({"keep", {}, Node::scalar(pattern.text().substr(2))});
              map.entries.push_back({claim, {}, std::move(keep)});
            }
            return map;
          }};
}

}  // namespace lp
