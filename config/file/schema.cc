#include "config/file/schema.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "config/options/option_table.h"

namespace lp {
namespace {

using Json = nlohmann::ordered_json;

Json of_type(const char* type) { return {{"type", type}}; }
Json with_pattern(const char* pattern) { return {{"type", "string"}, {"pattern", pattern}}; }
Json any_of(Json::array_t forms) { return {{"anyOf", std::move(forms)}}; }

bool says(std::string_view type, std::string_view word) { return type.find(word) != std::string_view::npos; }

// ${NAME} may stand for each text, and null for each default.
constexpr const char* kVariable = R"(\$\{)";

Json in_range(const Option& option) {
  Json number = of_type("integer");
  if (option.max > 0) number.update({{"minimum", option.min}, {"maximum", option.max}});
  return number;
}

Json any_text() { return {{"type", {"string", "number", "boolean"}}}; }

Json choices_of(const Option& option) {
  Json::array_t all;
  for (const std::string& text : option.binding.choices) {
    all.emplace_back(text);
    if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos) all.emplace_back(std::stoi(text));
    if (text.find('.') != std::string::npos && text.find_first_not_of("0123456789.") == std::string::npos)
      all.emplace_back(std::stod(text));
    if (text == "true" || text == "false") all.emplace_back(text == "true");
    if (text == "off") all.emplace_back(false);  // to readers of YAML 1.1
    if (text == "on") all.emplace_back(true);
  }
  return {{"enum", std::move(all)}};
}

// What one value looks like, without null and variables.
Json::array_t forms_of(const Option& option) {
  const std::string_view type = option.type;
  if (!option.binding.choices.empty()) return {choices_of(option)};
  if (says(type, "a map of claims")) return {of_type("object"), of_type("string")};
  if (type.starts_with("a map")) return {of_type("object")};
  if (says(type, "a list of maps")) return {of_type("object"), {{"type", "array"}, {"items", of_type("object")}}};
  if (says(type, "list")) return {any_text(), {{"type", "array"}, {"items", any_text()}}};
  if (type == "true or false") return {of_type("boolean"), {{"enum", {"true", "false"}}}};
  if (type == "a duration") return {with_pattern("^[0-9]+(ms|s|m|h|d)$")};
  if (type == "a whole number") return {in_range(option), with_pattern("^[0-9]+$")};
  if (type == "auto or a whole number") return {in_range(option), with_pattern("^(auto|[0-9]+)$")};
  if (type == "a size") return {of_type("integer"), with_pattern("^[0-9]+(KiB|MiB|GiB)?$")};
  if (type == "a size or none") return {of_type("integer"), with_pattern("^([0-9]+(KiB|MiB|GiB)?|none)$")};
  return {any_text()};
}

Json value_schema(const Option& option) {
  Json::array_t forms = forms_of(option);
  forms.push_back(with_pattern(kVariable));
  forms.push_back(of_type("null"));
  Json schema = any_of(std::move(forms));
  std::string help(option.help);
  if (!option.default_text.empty())
    help += (help.empty() ? "" : " ") + ("Default: " + std::string(option.default_text));
  schema["description"] = help;
  return schema;
}

Json schema_of(const std::string& path);

// Keys that must be there. At the top another key may stand in for each (realms, *_file).
Json::array_t required_below(const std::string& path) {
  Json::array_t keys;
  if (path.empty()) return keys;
  for (const std::string& key : child_keys(path)) {
    const Option* option = find_option(join_path(path, key));
    const bool has_twin = find_option(join_path(path, key + "_file")) != nullptr;  // which may stand in its place
    if (option != nullptr && option->is(kRequired) && !has_twin) keys.emplace_back(key);
  }
  return keys;
}

Json map_schema(const std::string& path) {
  Json properties = Json::object();
  for (const std::string& key : child_keys(path)) properties[key] = schema_of(join_path(path, key));
  Json schema = {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (auto required = required_below(path); !required.empty()) schema["required"] = std::move(required);
  return schema;
}

Json with_shorthand(const Group& group, Json map) {
  if (group.shorthand.empty()) return map;
  return any_of({std::move(map), any_text()});
}

Json group_schema(const Group& group) {
  const bool is_map = group.kind == Group::Kind::map;
  Json element = with_shorthand(group, map_schema(is_map ? std::string(group.path) : group.element_path()));
  if (is_map) return any_of({std::move(element), of_type("null")});
  if (group.kind == Group::Kind::named)
    return any_of({{{"type", "object"}, {"additionalProperties", std::move(element)}}, of_type("null")});
  Json::array_t forms = {{{"type", "array"}, {"items", std::move(element)}}, of_type("null")};
  if (!group.shorthand.empty()) forms.push_back(any_text());
  return any_of(std::move(forms));
}

Json schema_of(const std::string& path) {
  if (const Option* option = find_option(path)) return value_schema(*option);
  if (const Group* group = find_group(path)) return group_schema(*group);
  return any_of({map_schema(path), of_type("null")});
}

}  // namespace

std::string config_schema() {
  Json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", "logto-proxy configuration"}};
  schema.update(map_schema(""));
  return schema.dump(2) + "\n";
}

}  // namespace lp
