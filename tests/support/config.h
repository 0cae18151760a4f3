#pragma once
#include <map>
#include <string>

#include "config/file/load.h"

// Configurations as text, and what is wrong with them.
namespace lp::test {

Environment environment(std::map<std::string, std::string> values);

// Random ones.
inline const std::string kSecretA = "har6yZOaDknReW49sUGPNJnBb8tbZgF4VMz1oS0XP3U=";
inline const std::string kSecretB = "51c5HD7bLMWhenUoGhHXDcDEvxo7ZlTsolyChfatYkQ=";

Environment usual_environment();

// A configuration that is right; `replace` swaps whole top-level sections, other names add text at the end.
std::string good_config(std::map<std::string, std::string> replace = {});

// All problems, one a line, under the file name "f".
std::string problems_of(const std::string& text, const Environment& env = usual_environment());

std::string first_line(const std::string& text);

}  // namespace lp::test
