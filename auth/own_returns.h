#pragma once
#include <string>
#include <string_view>

// The own endpoints that a sign-in may end on. Any other below the prefix would loop or do something. Pure.
namespace lp {

[[nodiscard]] inline std::string resume_path(std::string_view auth_prefix) {
  return std::string(auth_prefix) + "/resume";
}
[[nodiscard]] inline std::string account_path(std::string_view auth_prefix) { return std::string(auth_prefix) + "/"; }

[[nodiscard]] inline bool is_own_return(std::string_view target, std::string_view auth_prefix) {
  return target == resume_path(auth_prefix) || target == account_path(auth_prefix);
}

}  // namespace lp
