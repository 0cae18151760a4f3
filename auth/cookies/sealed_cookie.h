#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/secret.h"

// Values sealed into cookies (and into the `state` parameter): XAES-256-GCM under keys derived by HKDF for each purpose
// from the ring of secrets; purpose, cookie name and realm are the associated data, so a pending cookie never opens as
// a session, nor one realm's as another's (threats C05, C18, C19). Pure: nonces are arguments.
namespace lp {

// `refreshed` is no cookie, but is sealed in the same way (auth/refresh/record.h).
enum class CookiePurpose { session, pending_sign_in, state, refreshed };

class CookieSealer {
 public:
  CookieSealer(const std::vector<Secret>& ring, CookiePurpose purpose, std::string realm);
  // Text fit for a cookie value (base64url).
  [[nodiscard]] std::string seal(std::string_view cookie_name, std::string_view plaintext,
                                 std::string_view nonce) const;
  // Tries the ring; nullopt for anything not sealed here, without telling why. `place`: in the ring, of the secret that
  // opened it; what the first one did not open is worth re-sealing.
  [[nodiscard]] std::optional<std::string> open(std::string_view cookie_name, std::string_view text,
                                                std::size_t* place = nullptr) const;

 private:
  std::vector<Xaes256Gcm> keys_;
  std::string purpose_;
  std::string realm_;
};

}  // namespace lp
