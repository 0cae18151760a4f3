#pragma once
#include <string>

namespace lp {

// 32 random bytes in base64, a session secret: printed, or with a `file` written there (mode 0600) unless it has one
// already, so that a service that runs at every start of a composition makes it once.
[[nodiscard]] int run_secret(const std::string& file);

}  // namespace lp
