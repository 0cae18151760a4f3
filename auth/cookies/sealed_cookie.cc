#include "auth/cookies/sealed_cookie.h"

#include <utility>

#include "base/check.h"
#include "base/encoding.h"

namespace lp {
namespace {

std::string purpose_name(CookiePurpose purpose) {
  switch (purpose) {
    case CookiePurpose::session:
      return "session";
    case CookiePurpose::pending_sign_in:
      return "pending-sign-in";
    case CookiePurpose::state:
      return "state";
    case CookiePurpose::refreshed:
      return "refreshed";
  }
  LP_CHECK(false, "a purpose outside its enum");
}

// No member can hold a line feed, so that no two triples give the same bytes.
std::string associated_data(std::string_view purpose, std::string_view cookie_name, std::string_view realm) {
  std::string data;
  data.reserve(purpose.size() + cookie_name.size() + realm.size() + 2);
  data.append(purpose).append(1, '\n').append(cookie_name).append(1, '\n').append(realm);
  return data;
}

}  // namespace

CookieSealer::CookieSealer(const std::vector<Secret>& ring, CookiePurpose purpose, std::string realm)
    : purpose_(purpose_name(purpose)), realm_(std::move(realm)) {
  keys_.reserve(ring.size());
  for (const Secret& secret : ring) keys_.emplace_back(hkdf_sha256(secret, "logto-proxy v1 " + purpose_));
}

std::string CookieSealer::seal(std::string_view cookie_name, std::string_view plaintext, std::string_view nonce) const {
  LP_CHECK(!keys_.empty(), "a cookie sealer without a secret");
  return base64url_encode(keys_.front().seal(nonce, plaintext, associated_data(purpose_, cookie_name, realm_)));
}

std::optional<std::string> CookieSealer::open(std::string_view cookie_name, std::string_view text,
                                              std::size_t* place) const {
  const std::optional<std::string> sealed = base64url_decode(text);
  if (!sealed || sealed->size() < kXaesOverheadBytes) return std::nullopt;
  const std::string data = associated_data(purpose_, cookie_name, realm_);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    std::optional<std::string> plaintext = keys_[i].open(*sealed, data);
    if (!plaintext) continue;
    if (place != nullptr) *place = i;
    return plaintext;
  }
  return std::nullopt;
}

}  // namespace lp
