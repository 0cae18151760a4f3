#pragma once

namespace lp {

// Prints 32 random bytes in base64: a session secret.
[[nodiscard]] int run_secret();

}  // namespace lp
