#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "config/yaml/document.h"

namespace lp {

struct YamlMistake {
  Mark mark;
  std::string message;
};

// What a person did in a text that the parser refused at `refused`, in words for somebody who does not know YAML's: a
// tab, an indentation, a bracket, a quote, a text that needs quotes. The parser says where it could not go on; this
// says where it went wrong, which is there or before. Nothing where it is none of the usual. Only for refused texts: of
// a good one it may find fault with what is unusual.
[[nodiscard]] std::optional<YamlMistake> usual_mistake(std::string_view text, Mark refused);

}  // namespace lp
