#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"

// Sessions in a store: what the cookie holds then, and what the store holds. Pure.
//
// The cookie is a handle: an id, which names the record, and a key, which alone opens it. The store knows the hash of
// the id and the sealed record: whoever steals the store can neither read a session nor forge a cookie for one, and
// whoever can write to it can't give one session's record to another's cookie, or one realm's to another's.
namespace lp {

struct SessionHandle {
  static constexpr std::size_t kIdBytes = 16;
  static constexpr std::size_t kKeyBytes = 32;
  std::string id;
  Secret key;
};
// From random_bytes(kIdBytes + kKeyBytes): new at each sign-in, never changed (threat C13: no fixation).
[[nodiscard]] SessionHandle make_session_handle(std::string_view random);
// base64url, 64 characters; to be sealed like any cookie.
[[nodiscard]] Secret encode_session_handle(const SessionHandle& handle);
[[nodiscard]] std::optional<SessionHandle> decode_session_handle(std::string_view text);

// What the record is called in the store and in logs: hex(SHA-256(id)).
[[nodiscard]] std::string session_handle_hash(const SessionHandle& handle);

// The same, of what a cookie holds; empty where that is no handle.
[[nodiscard]] std::string session_record_name(const Secret& encoded_handle);

// XAES-256-GCM under HKDF(key), with realm and id in the associated data. `nonce`: random_bytes(kXaesNonceBytes).
[[nodiscard]] std::string seal_session_record(const SessionHandle& handle, std::string_view realm,
                                              std::string_view record, std::string_view nonce);
// nullopt for anything that was not sealed for this handle and realm.
[[nodiscard]] std::optional<std::string> open_session_record(const SessionHandle& handle, std::string_view realm,
                                                             std::string_view sealed);

}  // namespace lp
