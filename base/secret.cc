#include "base/secret.h"

#include <openssl/crypto.h>

#include <utility>

#include "base/wipe.h"

namespace lp {
namespace {

// Nothing of a secret is left where one is empty: whatever makes it so wipes it. Most that are carried about are empty.
void wipe_if_any(std::string& bytes) {
  if (!bytes.empty()) wipe_string(bytes);
}

// A short string moved from keeps its bytes behind its length.
void wipe_moved(std::string& from, const std::string& to) {
  if (!to.empty()) wipe_string(from);
}

}  // namespace

Secret::Secret(std::string bytes) : bytes_(std::move(bytes)) { wipe_string(bytes); }

Secret::Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { wipe_moved(other.bytes_, bytes_); }

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) *this = Secret(other);
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe_if_any(bytes_);
  bytes_ = std::move(other.bytes_);
  wipe_moved(other.bytes_, bytes_);
  return *this;
}

Secret::~Secret() { wipe_if_any(bytes_); }

bool Secret::equals(std::string_view other) const { return equal_constant_time(bytes_, other); }

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace lp
