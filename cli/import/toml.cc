#include "cli/import/toml.h"

#include <toml++/toml.h>

#include <string>

#include "base/encoding.h"
#include "cli/import/other_files.h"
#include "cli/import/yaml.h"

namespace lp {
namespace {

bool add_value(const toml::node& node, std::vector<std::string>& values) {
  if (const auto* text = node.as_string()) {
    values.push_back(without_variable_marks(text->get()));
  } else if (const auto* yes = node.as_boolean()) {
    values.emplace_back(yes->get() ? "true" : "false");
  } else if (const auto* number = node.as_integer()) {
    values.push_back(std::to_string(number->get()));
  } else if (const auto* array = node.as_array()) {
    for (const auto& item : *array) {
      if (item.is_array() || !add_value(item, values)) return false;
    }
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<void> read_oauth2_proxy_toml(std::string_view text, SourceOptions& options) {
  if (const auto other = what_else_it_is(text)) return fail(*other);
  try {
    for (const auto& [key, node] : toml::parse(text)) {
      SourceOption option{ascii_lower(key.str()), std::string(key.str()), {}, node.is_array()};
      if (!add_value(node, option.values))
        return fail(option.shown + ": expected a text, a number, true, false or a list");
      options.set(std::move(option));
    }
  } catch (const toml::parse_error& error) {
    const auto& begin = error.source().begin;
    return fail("line " + std::to_string(begin.line) + ", column " + std::to_string(begin.column) +
                ": not TOML: " + std::string(error.description()));
  }
  return {};
}

}  // namespace lp
