#include "config/file/schema.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "config/options/option_table.h"
#include "config/yaml/document.h"
#include "tests/support/config.h"

using namespace lp;
using namespace lp::test;
using nlohmann::json;

namespace {

// As an editor's YAML reader types it (YAML 1.2 core schema).
json value_of(const Node& node) {
  if (node.is_null()) return nullptr;
  if (node.is_scalar()) {
    if (!node.quoted && (node.text == "true" || node.text == "false")) return node.text == "true";
    const bool is_number = !node.text.empty() && node.text.find_first_not_of("0123456789") == std::string::npos;
    if (!node.quoted && is_number && node.text.size() < 18) return std::stoll(node.text);
    return node.text;
  }
  json out = node.is_list() ? json::array() : json::object();
  for (const Node& item : node.items) out.push_back(value_of(item));
  for (const Entry& entry : node.entries) out[entry.key] = value_of(entry.value);
  return out;
}

bool has_type(const json& value, const std::string& type) {
  return type == (value.is_null()      ? "null"
                  : value.is_boolean() ? "boolean"
                  : value.is_string()  ? "string"
                  : value.is_array()   ? "array"
                  : value.is_object()  ? "object"
                                       : "integer") ||
         (type == "number" && value.is_number());
}

bool type_fits(const json& value, const json& type) {
  if (type.is_string()) return has_type(value, type.get<std::string>());
  return std::any_of(type.begin(), type.end(),
                     [&](const json& one) { return has_type(value, one.get<std::string>()); });
}

// The part of draft 7 that the schema uses; any other keyword is a failure of the test.
std::string fault(const json& value, const json& schema, const std::string& where);

std::string object_fault(const json& value, const json& schema, const std::string& where) {
  for (const json& key : schema.value("required", json::array())) {
    if (!value.contains(key.get<std::string>())) return where + ": lacks " + key.get<std::string>();
  }
  if (!schema.contains("additionalProperties")) return "";
  for (const auto& [key, inner] : value.items()) {
    const bool is_named = schema.contains("properties") && schema["properties"].contains(key);
    const json& other = schema["additionalProperties"];
    if (!is_named && other.is_boolean()) return where + ": unknown " + key;
    const std::string below = fault(inner, is_named ? schema["properties"][key] : other, where + "." + key);
    if (!below.empty()) return below;
  }
  return "";
}

std::string fault(const json& value, const json& schema, const std::string& where) {
  for (const auto& [word, ignored] : schema.items()) {
    static const std::vector<std::string> kKnown{"$schema",
                                                 "title",
                                                 "type",
                                                 "enum",
                                                 "pattern",
                                                 "minimum",
                                                 "maximum",
                                                 "anyOf",
                                                 "properties",
                                                 "required",
                                                 "additionalProperties",
                                                 "items",
                                                 "description"};
    if (std::find(kKnown.begin(), kKnown.end(), word) == kKnown.end()) return where + ": keyword " + word;
  }
  if (schema.contains("anyOf")) {
    std::string all;
    for (const json& form : schema["anyOf"]) {
      const std::string one = fault(value, form, where);
      if (one.empty()) return "";
      all += " | " + one;
    }
    return all;
  }
  if (schema.contains("enum") && std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end())
    return where + ": not of " + schema["enum"].dump();
  if (schema.contains("type") && !type_fits(value, schema["type"])) return where + ": no " + schema["type"].dump();
  if (value.is_string() && schema.contains("pattern") &&
      !std::regex_search(value.get<std::string>(), std::regex(schema["pattern"].get<std::string>())))
    return where + ": not " + schema["pattern"].dump();
  if (value.is_number() && schema.contains("minimum") && (value < schema["minimum"] || value > schema["maximum"]))
    return where + ": out of range";
  if (value.is_array() && schema.contains("items")) {
    for (const json& item : value) {
      if (const std::string below = fault(item, schema["items"], where + "[]"); !below.empty()) return below;
    }
  }
  return value.is_object() ? object_fault(value, schema, where) : "";
}

std::string fault_of(const std::string& text) {
  static const json schema = json::parse(config_schema());
  std::vector<ConfigProblem> problems;
  const auto document = parse_document(text, "f", problems);
  REQUIRE(document.has_value());
  return fault(value_of(*document), schema, "");
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("what loads is valid by the schema: the example, and what is deployed") {
  const std::filesystem::path root = LP_SOURCE_DIR;
  CHECK(fault_of(read(root / "config.example.yaml")) == "");
  int found = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root / "deploy")) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || !name.ends_with(".yaml")) continue;
    const std::string text = read(entry.path());
    if (text.find("\nroutes:") == std::string::npos) continue;  // a compose file
    CAPTURE(entry.path().string());
    CHECK(fault_of(text) == "");
    ++found;
  }
  CHECK(found > 0);
}

TEST_CASE("what loads is valid by the schema: shorthands, nulls and variables") {
  for (const char* more :
       {"listen: 127.0.0.1:80\n", "listen: [127.0.0.1:80, { address: 127.0.0.1:81 }]\n", "access_log: off\n",
        "access_log: { output: /var/log/a, fields: [path, status], exclude: /healthz }\n", "log: debug\n",
        "limits: { request_body: none, target: 1024, request_head: 64KiB }\n", "limits: ~\n", "workers: auto\n",
        "workers: 4\n", "workers: ${N:-3}\n", "health: { robots_txt: true }\n", "health: { robots_txt: auto }\n",
        "session: { secret: [a, b], store: redis }\n",
        "bearer: { introspection: true, issuers: [{ issuer: https://x }] }\n",
        "identity_headers: { A: { value: x } }\n", "tests: [{ url: https://a, as: { sub: x }, expect: allow }]\n",
        "routes: [{ path: /*, unauthenticated: 401, forbidden: 403, require: { roles: [a] }, sign_in: { prompt: login "
        "} }]\n"}) {
    CAPTURE(more);
    CHECK(fault_of(more) == "");
  }
}

TEST_CASE("what does not load is marked while it is typed") {
  for (const char* text :
       {"lisen: x\n", "limits: { targte: 1KiB }\n", "limits: { target: big }\n", "workers: many\n",
        "session: { idle_timeout: 30 }\n", "routes: [{ upstream: app }]\n",
        "routes: [{ path: /*, access: everybody }]\n", "upstreams: [a]\n", "log: { level: loud }\n"}) {
    CAPTURE(text);
    CHECK(fault_of(text) != "");
  }
}

TEST_CASE("every key of the table that is built is in the schema, with its help") {
  const json schema = json::parse(config_schema());
  const std::string text = schema.dump();
  for (const Option& option : option_table()) {
    if (option.help.empty()) continue;
    CAPTURE(option.path);
    CHECK(text.find(json(option.help).dump().substr(1, option.help.size() / 2)) != std::string::npos);
  }
}
