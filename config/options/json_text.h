#pragma once
#include <string>

#include "config/yaml/document.h"

namespace lp {

// A YAML value as JSON. What is not quoted and reads as a number, true or false in JSON is that; all else is a text.
[[nodiscard]] std::string json_of(const Node& node);

}  // namespace lp
