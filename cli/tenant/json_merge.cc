#include "cli/tenant/json_merge.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/encoding.h"
#include "base/one_of.h"

namespace lp {
namespace {

constexpr std::string_view kSecretWords[] = {"secret", "key", "password", "token", "credential"};
constexpr std::string_view kPlainEnds[] = {"endpoint", "ttl", "ttlindays", "refreshtoken", "authmethod"};

bool speaks_of_secret(const std::string& name) {
  const std::string lower = ascii_lower(name);
  const auto ends = [&](std::string_view end) { return lower.ends_with(end); };
  if (std::any_of(std::begin(kPlainEnds), std::end(kPlainEnds), ends)) return false;
  const auto holds = [&](std::string_view word) { return lower.find(word) != std::string::npos; };
  return std::any_of(std::begin(kSecretWords), std::end(kSecretWords), holds);
}

// A switch is no secret, whatever its name: signUp.password.
bool may_be_shown(const std::string& name, const nlohmann::json& value, bool only_named) {
  if (value.is_boolean()) return true;
  if (speaks_of_secret(name)) return false;
  return !only_named || name == "clientId" || name == "scope" || name.ends_with("Endpoint");
}

bool is_text_list(const nlohmann::json& value) {
  return value.is_array() &&
         std::all_of(value.begin(), value.end(), [](const nlohmann::json& one) { return one.is_string(); });
}

std::string shown(const nlohmann::json& value) {
  return value.is_null() ? "none" : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// The order of a list of texts is a matter of its own.
void add_list_lines(const std::vector<std::string>& from, const std::vector<std::string>& to, const std::string& path,
                    std::vector<std::string>& lines) {
  const std::size_t before = lines.size();
  for (const std::string& one : to) {
    if (!is_one_of(one, from)) lines.push_back(path + ": + " + one);
  }
  for (const std::string& one : from) {
    if (!is_one_of(one, to)) lines.push_back(path + ": - " + one);
  }
  if (lines.size() == before) lines.push_back(path + ": in another order: " + shown(to));
}

}  // namespace

nlohmann::json merged(nlohmann::json base, const nlohmann::json& over) {
  if (!base.is_object() || !over.is_object()) return over;
  for (const auto& [name, value] : over.items()) {
    base[name] = base.contains(name) ? merged(std::move(base[name]), value) : value;
  }
  return base;
}

std::vector<std::string> difference(const nlohmann::json& from, const nlohmann::json& to, const std::string& path,
                                    bool only_named) {
  if (from == to) return {};
  std::vector<std::string> lines;
  if (!to.is_object()) {
    if (is_text_list(to) && (is_text_list(from) || from.is_null())) {
      add_list_lines(texts_of_json(from), texts_of_json(to), path, lines);
    } else {
      lines.push_back(path + ": " + shown(from) + " -> " + shown(to));
    }
    return lines;
  }
  for (const auto& [name, value] : to.items()) {
    const nlohmann::json before = from.is_object() && from.contains(name) ? from[name] : nlohmann::json();
    const std::string place = path.empty() ? name : path + "." + name;
    if (before == value) continue;
    if (!may_be_shown(name, value, only_named)) {
      lines.push_back(place + (before.is_null() ? ": set (not shown)" : ": changes (not shown)"));
    } else {
      for (std::string& line : difference(before, value, place, only_named)) lines.push_back(std::move(line));
    }
  }
  return lines;
}

std::vector<std::string> texts_of_json(const nlohmann::json& list) {
  std::vector<std::string> texts;
  if (!list.is_array()) return texts;
  for (const nlohmann::json& one : list) {
    if (one.is_string()) texts.push_back(one.get<std::string>());
  }
  return texts;
}

std::vector<std::string> with_missing(std::vector<std::string> list, const std::vector<std::string>& wanted) {
  for (const std::string& one : wanted) {
    if (!is_one_of(one, list)) list.push_back(one);
  }
  return list;
}

std::string text_at(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string id_in_path(const nlohmann::json& object) { return percent_encode(text_at(object, "id")); }

nlohmann::json object_at(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return nlohmann::json::object();
  const auto found = object.find(name);
  return found != object.end() && found->is_object() ? *found : nlohmann::json::object();
}

const nlohmann::json* find_by(const nlohmann::json& list, const char* name, std::string_view text) {
  if (!list.is_array()) return nullptr;
  for (const nlohmann::json& one : list) {
    if (text_at(one, name) == text) return &one;
  }
  return nullptr;
}

}  // namespace lp
