#pragma once
#include <functional>
#include <optional>
#include <string>

namespace lp {

// One mistake in a configuration file. Lines and columns count from 1; 0 where the file as a whole is meant.
struct ConfigProblem {
  std::string file;
  int line = 0;
  int column = 0;
  std::string key;      // dotted path, elements from 1, "routes[2].require.roles"; may be empty
  std::string message;  // what was expected, what was found, what to do

  [[nodiscard]] std::string text() const;  // FILE:LINE:COL: key: message
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

}  // namespace lp
