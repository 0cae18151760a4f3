#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "auth/jose/json_object.h"
#include "auth/oidc/patreon.h"
#include "auth/session/kept_claims.h"
#include "base/result.h"
#include "base/secret.h"

// The session as a value. Pure.
namespace lp {

inline constexpr std::size_t kSessionIdBytes = 16;

struct Session {
  std::string id;  // random, made at sign-in, the same over its whole life: what a sign-out ends
  std::string sub;
  std::string sid;                      // empty unless the app at Logto requires it (Logto fact 2)
  JsonObject claims;                    // only those that rules and headers need, plus how pages call the person
  Secret refresh_token;                 // empty: none came
  Secret store_handle;                  // sessions in a store: what its cookie holds; not a part of the record
  std::string nonce_hash;               // of the sign-in, for the ID tokens of refreshes (OIDC Core 12.2)
  std::int64_t signed_in_at_ms = 0;     // when the callback came; never changes
  std::int64_t tokens_expire_at_s = 0;  // what Logto said of the tokens behind it; means nothing without refresh_token
  std::int64_t validated_at_s = 0;      // when Logto last vouched for it
  std::int64_t authenticated_at_s = 0;  // when the person last proved who they are; 0: Logto did not say
  std::int64_t sealed_at_s = 0;         // when this cookie was written
  std::uint64_t generation = 0;         // grows with each write; an older one never overwrites a newer one
  std::shared_ptr<const PatreonStanding> patreon;  // null: no route has asked yet
};

// CBOR, with a version number first. Decoding judges every type and refuses what is not exactly of this form, deeper
// than 40 levels or longer than kMaxSessionBytes.
inline constexpr std::size_t kMaxSessionBytes = 256 * 1024;  // in a store; cookies hold less, see cookie_pieces.h
[[nodiscard]] std::string encode_session(const Session& session);
[[nodiscard]] Result<Session> decode_session(std::string_view bytes);

}  // namespace lp
