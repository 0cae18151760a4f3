#pragma once
#include <string>
#include <string_view>

// The own endpoints that a sign-in may end on. Any other below the prefix would loop or do something. Pure.
namespace lp {

[[nodiscard]] inline std::string resume_path(std::string_view auth_prefix) {
  return std::string(auth_prefix) + "/resume";
}
[[nodiscard]] inline std::string account_path(std::string_view auth_prefix) { return std::string(auth_prefix) + "/"; }
[[nodiscard]] inline std::string apps_path(std::string_view auth_prefix) { return std::string(auth_prefix) + "/apps"; }

[[nodiscard]] inline std::string organizations_path(std::string_view auth_prefix) {
  return std::string(auth_prefix) + "/organizations";
}

[[nodiscard]] inline bool is_own_return(std::string_view target, std::string_view auth_prefix) {
  return target == resume_path(auth_prefix) || target == account_path(auth_prefix) ||
         target == apps_path(auth_prefix) || target == organizations_path(auth_prefix);
}

// A target of ours without its origin, where it has one.
[[nodiscard]] inline std::string_view without_origin(std::string_view target) {
  const std::size_t scheme = target.starts_with('/') ? std::string_view::npos : target.find("://");
  if (scheme == std::string_view::npos) return target;
  const std::size_t path = target.find('/', scheme + 3);
  return path == std::string_view::npos ? "/" : target.substr(path);
}

}  // namespace lp
