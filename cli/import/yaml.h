#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml/document.h"

// Building the configuration that an import writes. Pure.
namespace lp {

// A value that only its reader knows: written as ${NAME}. Texts from elsewhere are written so that they are read back
// as they are, also with a ${ in them.
[[nodiscard]] std::string variable(std::string_view name);
[[nodiscard]] std::string variable_or(std::string_view name, std::string_view otherwise);
// ${NAME} in a text of a format that expands variables itself becomes variable(NAME).
[[nodiscard]] std::string with_variables(std::string_view text);
// The text without what only variable() may write into one.
[[nodiscard]] std::string without_variable_marks(std::string_view text);
[[nodiscard]] bool has_variable(std::string_view text);
// A name for a variable out of any text: "X-Api-Key" is X_API_KEY.
[[nodiscard]] std::string variable_name(std::string_view text);

[[nodiscard]] Node yaml_map();
[[nodiscard]] Node yaml_list();
// A map of one entry.
[[nodiscard]] Node yaml_entry(std::string key, Node value);
// A key that is there already gets the new value.
void put(Node& map, std::string key, Node value);
void put(Node& map, std::string key, std::string text);
void put(Node& map, std::string key, std::vector<std::string> texts);
// The map under `key`, made where there is none.
Node& map_in(Node& map, const std::string& key);

[[nodiscard]] std::string write_imported(const Node& root);

}  // namespace lp
