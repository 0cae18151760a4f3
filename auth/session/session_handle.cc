#include "auth/session/session_handle.h"

#include "base/check.h"
#include "base/crypto.h"
#include "base/encoding.h"

namespace lp {
namespace {

Xaes256Gcm sealer_of(const SessionHandle& handle) {
  return Xaes256Gcm(hkdf_sha256(handle.key, "logto-proxy stored session record"));
}

// The id has one length, so that no two pairs give the same bytes.
std::string associated_data(const SessionHandle& handle, std::string_view realm) {
  return "stored session\n" + handle.id + std::string(realm);
}

}  // namespace

SessionHandle make_session_handle(std::string_view random) {
  LP_CHECK(random.size() == SessionHandle::kIdBytes + SessionHandle::kKeyBytes, "a handle of another length");
  return {std::string(random.substr(0, SessionHandle::kIdBytes)),
          Secret(std::string(random.substr(SessionHandle::kIdBytes)))};
}

Secret encode_session_handle(const SessionHandle& handle) {
  const Secret bytes(handle.id + std::string(handle.key.reveal()));
  return Secret(base64url_encode(bytes.reveal()));
}

std::optional<SessionHandle> decode_session_handle(std::string_view text) {
  const auto bytes = base64url_decode(text);
  if (!bytes || bytes->size() != SessionHandle::kIdBytes + SessionHandle::kKeyBytes) return std::nullopt;
  return make_session_handle(*bytes);
}

std::string session_handle_hash(const SessionHandle& handle) { return hex_encode(sha256(handle.id)); }

std::string session_record_name(const Secret& encoded_handle) {
  const auto handle = decode_session_handle(encoded_handle.reveal());
  return handle ? session_handle_hash(*handle) : std::string();
}

std::string seal_session_record(const SessionHandle& handle, std::string_view realm, std::string_view record,
                                std::string_view nonce) {
  return sealer_of(handle).seal(nonce, record, associated_data(handle, realm));
}

std::optional<std::string> open_session_record(const SessionHandle& handle, std::string_view realm,
                                               std::string_view sealed) {
  return sealer_of(handle).open(sealed, associated_data(handle, realm));
}

}  // namespace lp
