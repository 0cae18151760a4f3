#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/options/option.h"

// THE option table: one row for each key that a configuration file may have. The loader, its messages,
// --print-config and the test of config.example.yaml walk it; nothing else knows the keys.
namespace lp {

[[nodiscard]] const std::vector<Option>& option_table();
[[nodiscard]] const Option* find_option(std::string_view path);
[[nodiscard]] const Group* find_group(std::string_view path);

// The keys directly below a path ("" is the top), in table order, each once.
[[nodiscard]] std::vector<std::string> child_keys(std::string_view path);
// "logto" + "endpoint" -> "logto.endpoint"; "" + "logto" -> "logto".
[[nodiscard]] std::string join_path(std::string_view path, std::string_view key);

}  // namespace lp
