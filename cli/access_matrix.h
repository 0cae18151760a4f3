#pragma once
#include <string>
#include <vector>

namespace lp {

struct AccessMatrixOptions {
  std::string config_path;
  std::vector<std::string> roles;  // empty: all that rules name
  bool json = false;
  bool csv = false;
};
// Prints who may use which route, by roles.
[[nodiscard]] int run_access_matrix(const AccessMatrixOptions& options);

}  // namespace lp
