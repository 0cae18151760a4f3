#include "base/wipe.h"

#include <openssl/crypto.h>

namespace lp {

void wipe_string(std::string& bytes) {
  bytes.resize(bytes.capacity());
  OPENSSL_cleanse(bytes.data(), bytes.size());
  bytes.clear();
}

}  // namespace lp
