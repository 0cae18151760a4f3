#pragma once
#include <cstddef>
#include <string>

#include "base/secret.h"

namespace lp {

// Eight hex digits that tell two secrets apart and say nothing else of them. Pure.
inline constexpr std::size_t kSecretFingerprintDigits = 8;
[[nodiscard]] std::string secret_fingerprint(const Secret& secret);

}  // namespace lp
