#pragma once
#include <string>
#include <string_view>

namespace lp {

// The own endpoint where a held request is taken up again. The only one that a sign-in may end on.
[[nodiscard]] inline std::string resume_path(std::string_view auth_prefix) {
  return std::string(auth_prefix) + "/resume";
}

}  // namespace lp
