#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"

// Thin, total wrappers over OpenSSL 3. A failure of the library itself (out of memory, missing provider) is a broken
// invariant; wrong input from outside is a nullopt.
namespace lp {

[[nodiscard]] std::string random_bytes(std::size_t count);
[[nodiscard]] double random_fraction();  // from 0 up to 1: for jitter, not for secrets
[[nodiscard]] std::string sha256(std::string_view data);
[[nodiscard]] std::string sha384(std::string_view data);
[[nodiscard]] std::string sha512(std::string_view data);
[[nodiscard]] std::string hmac_sha256(const Secret& key, std::string_view data);
// RFC 5869 with SHA-256 and an empty salt.
[[nodiscard]] Secret hkdf_sha256(const Secret& key_material, std::string_view info, std::size_t length_bytes = 32);

// XAES-256-GCM as C2SP specifies it: 256-bit key, 192-bit random nonce, so that one key lasts for all practical
// numbers of messages. The sealed form is nonce (24) || ciphertext || tag (16).
inline constexpr std::size_t kXaesNonceBytes = 24;
inline constexpr std::size_t kXaesOverheadBytes = 40;

// seal() and open() may be called from any number of threads at once.
class Xaes256Gcm {
 public:
  explicit Xaes256Gcm(const Secret& key_32_bytes);
  ~Xaes256Gcm();
  Xaes256Gcm(Xaes256Gcm&&) noexcept;
  Xaes256Gcm& operator=(Xaes256Gcm&&) noexcept;
  Xaes256Gcm(const Xaes256Gcm&) = delete;
  Xaes256Gcm& operator=(const Xaes256Gcm&) = delete;

  // `nonce` is an argument so that sealing is a pure function: pass random_bytes(kXaesNonceBytes).
  [[nodiscard]] std::string seal(std::string_view nonce, std::string_view plaintext,
                                 std::string_view associated_data) const;
  // nullopt for anything that this key did not seal with this associated data; no difference between the reasons.
  [[nodiscard]] std::optional<std::string> open(std::string_view sealed, std::string_view associated_data) const;

 private:
  struct State;
  std::unique_ptr<const State> state_;
};

}  // namespace lp
