#pragma once
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace lp {

// One P-256 key that signs what apps are told, made of a secret: whoever has the secret makes the same
// (docs/decisions/0019-signed-assertion.md). Immutable, for any thread.
class AssertionKey {
 public:
  // FIPS 186-5, A.2.1: 64 bits more than the order has, taken modulo order - 1, plus 1. Every output is a valid key and
  // no key is noticeably likelier than another, so there is nothing to reject and to try again.
  static AssertionKey derive(const Secret& secret, std::string_view realm, std::int64_t epoch);
  ~AssertionKey();
  AssertionKey(AssertionKey&&) noexcept;
  AssertionKey& operator=(AssertionKey&&) = delete;
  AssertionKey(const AssertionKey&) = delete;
  AssertionKey& operator=(const AssertionKey&) = delete;

  [[nodiscard]] const std::string& kid() const { return kid_; }  // RFC 7638 thumbprint
  [[nodiscard]] nlohmann::ordered_json public_jwk() const;       // RFC 7517
  // ES256 (RFC 7518 3.4): r and s, 32 bytes each. About 30 microseconds.
  [[nodiscard]] std::string sign(std::string_view text) const;

 private:
  struct Pair;
  explicit AssertionKey(std::unique_ptr<const Pair> pair, std::string x, std::string y);

  std::unique_ptr<const Pair> pair_;
  std::string x_;  // base64url
  std::string y_;
  std::string kid_;
};

}  // namespace lp
