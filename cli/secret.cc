#include "cli/secret.h"

#include <iostream>

#include "base/crypto.h"
#include "base/encoding.h"

namespace lp {

int run_secret() {
  constexpr std::size_t kSecretBytes = 32;
  std::cout << base64_encode(random_bytes(kSecretBytes)) << std::endl;
  return std::cout.good() ? 0 : 1;
}

}  // namespace lp
