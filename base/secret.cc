#include "base/secret.h"

#include <openssl/crypto.h>

#include <utility>

#include "base/wipe.h"

namespace lp {

Secret::Secret(std::string bytes) : bytes_(std::move(bytes)) { wipe_string(bytes); }

Secret::Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { wipe_string(other.bytes_); }

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) *this = Secret(other);
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe_string(bytes_);
  bytes_ = std::move(other.bytes_);
  wipe_string(other.bytes_);
  return *this;
}

Secret::~Secret() { wipe_string(bytes_); }

bool Secret::equals(std::string_view other) const { return equal_constant_time(bytes_, other); }

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace lp
