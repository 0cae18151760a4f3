#include "config/file/print.h"

#include <algorithm>

#include "config/options/option_table.h"
#include "config/yaml/document.h"
#include "config/yaml/report.h"

namespace lp {
namespace {

bool says_something(const Node& node) { return !node.is_null() && !(node.is_map() && node.entries.empty()); }

// What stands in each realm does not stand at the top, and the other way round.
bool is_elsewhere(std::string_view path, const Settings& settings) {
  return settings.realms.empty() ? path == "realms" : Report::stands_in_realms(path);
}

Node print_value(const std::string& path, const Scope& scope, bool only_what_is_set);

bool is_default(const std::string& map_path, const Entry& entry) {
  const Option* option = find_option(join_path(map_path, entry.key));
  return option != nullptr && entry.value.text == option->default_text;
}

// A map that is there says that the route answers by it.
bool says_nothing_of_its_own(const std::string& path, const Node& map) {
  return std::all_of(map.entries.begin(), map.entries.end(),
                     [&](const Entry& entry) { return is_default(path, entry); });
}

// Inside elements of lists, what is not set is left out; elsewhere every key is shown.
Node print_map(const std::string& path, const Scope& scope, bool only_what_is_set) {
  Node map = Node::empty_map();
  for (auto& key : child_keys(path)) {
    const std::string child = join_path(path, key);
    const Option* option = find_option(child);
    if (option != nullptr && !option->binding.print) continue;
    if (is_elsewhere(child, *scope.settings)) continue;
    Node value = print_value(child, scope, only_what_is_set);
    const bool is_group = option == nullptr && find_group(child) == nullptr;
    if (!says_something(value) && (only_what_is_set || is_group)) continue;
    if (only_what_is_set && option == nullptr && value.is_map() && says_nothing_of_its_own(child, value)) continue;
    map.entries.push_back({std::move(key), {}, std::move(value)});
  }
  return map;
}

// { address: x } is written as x.
Node shortened(const Group& group, const std::string& path, Node element) {
  const Node* main = element.find(group.shorthand);
  if (main == nullptr) return element;
  const bool rest_is_default = std::all_of(element.entries.begin(), element.entries.end(), [&](const Entry& entry) {
    return entry.key == group.shorthand || is_default(path, entry);
  });
  if (!rest_is_default) return element;
  Node copy = *main;
  return copy;
}

Node print_group(const Group& group, const Scope& scope) {
  Node out = Node::empty_map();
  if (group.kind == Group::Kind::list) out.kind = Node::Kind::list;
  const std::string path = group.element_path();
  for (const auto& [name, inner] : group.elements(*scope.settings)) {
    Node element = shortened(group, path, print_map(path, inner, true));
    if (group.kind == Group::Kind::list) {
      out.items.push_back(std::move(element));
    } else {
      out.entries.push_back({name, {}, std::move(element)});
    }
  }
  return out;
}

Node print_value(const std::string& path, const Scope& scope, bool only_what_is_set) {
  if (const Option* option = find_option(path)) return option->binding.print(scope);
  const Group* group = find_group(path);
  if (group != nullptr && group->kind != Group::Kind::map) return print_group(*group, scope);
  return print_map(path, scope, only_what_is_set);
}

Scope scope_of(Settings& settings) {
  Scope top;
  top.settings = &settings;
  return top;
}

bool same_value(const Node& a, const Node& b) {
  const auto same_entry = [](const Entry& x, const Entry& y) { return x.key == y.key && same_value(x.value, y.value); };
  return a.kind == b.kind && a.text == b.text &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same_value) &&
         std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(), same_entry);
}

// A map of plain keys is compared key by key; lists and named maps are one value.
void add_differing(const Node& a, const Node& b, const std::string& path, std::vector<std::string>& keys) {
  if (same_value(a, b)) return;
  const bool is_one_value = !a.is_map() || !b.is_map() || find_option(path) != nullptr || find_group(path) != nullptr;
  if (is_one_value && !path.empty()) return keys.push_back(path);
  for (const std::string& key : child_keys(path)) {
    const Node* in_a = a.find(key);
    const Node* in_b = b.find(key);
    add_differing(in_a == nullptr ? Node() : *in_a, in_b == nullptr ? Node() : *in_b, join_path(path, key), keys);
  }
}

}  // namespace

std::string print_config(const Settings& settings) {
  Settings copy = settings;
  return write_yaml(print_map("", scope_of(copy), false));
}

std::vector<std::string> differing_keys(const Settings& a, const Settings& b) {
  Settings copy_a = a;
  Settings copy_b = b;
  std::vector<std::string> keys;
  add_differing(print_map("", scope_of(copy_a), false), print_map("", scope_of(copy_b), false), "", keys);
  return keys;
}

}  // namespace lp
