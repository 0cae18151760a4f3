#pragma once
#include <map>
#include <string>

#include "config/file/load.h"

// Configurations as text, and what is wrong with them.
namespace lp::test {

Environment environment(std::map<std::string, std::string> values);

// 32 zero bytes and 32 others.
inline const std::string kSecretA = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
inline const std::string kSecretB = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

Environment usual_environment();

// A configuration that is right; `replace` swaps whole top-level sections, other names add text at the end.
std::string good_config(std::map<std::string, std::string> replace = {});

// All problems, one a line, under the file name "f".
std::string problems_of(const std::string& text, const Environment& env = usual_environment());

std::string first_line(const std::string& text);

}  // namespace lp::test
