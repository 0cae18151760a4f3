#pragma once
#include <string>

namespace lp {

// The version, then in further lines what this binary was built from and with, for whoever reports a mistake.
[[nodiscard]] std::string version_text();

}  // namespace lp
