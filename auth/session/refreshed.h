#pragma once
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "auth/jose/json_object.h"
#include "auth/oidc/app_token.h"
#include "auth/oidc/token_endpoint.h"
#include "auth/session/session.h"
#include "base/result.h"
#include "base/secret.h"

// What a refresh (RFC 6749 6, OIDC Core 12) says of a session. Pure.
namespace lp {

// What everybody who holds the refresh token gets, whichever cookie they hold it in. Immutable once made.
struct Refreshed {
  JsonObject claims;
  Secret refresh_token;
  std::string sid;
  std::int64_t tokens_expire_at_s = 0;
  std::int64_t validated_at_s = 0;
  std::uint64_t generation = 0;
};

struct RefreshFailure {
  enum class Kind {
    ended,               // Logto vouches no more, or for somebody else: the session is over
    unavailable,         // no answer, or none that could be judged: what is in hand goes on while it lives
    client_credentials,  // the operator's fault: it ends nobody's session
    refused,             // no access token for this audience: the session, and its other tokens, are none the worse
  };
  Kind kind = Kind::unavailable;
  std::string rule;     // one word for the log
  std::string message;  // for the log
  // A token that came with an answer which could not be judged to its end: the old one may be spent.
  Secret successor;
  // The newest that is known of the session, where that is more than the asker has; it may be too old to pass on alone.
  std::shared_ptr<const Refreshed> known{};
};
using RefreshOutcome = Result<std::shared_ptr<const Refreshed>, RefreshFailure>;

// What one refresh at Logto yields besides: the tokens that apps get.
struct GrantedTokens {
  std::shared_ptr<const Refreshed> refreshed;       // null: it says nothing new of the session
  std::shared_ptr<const AppToken> access_token{};   // null: it was not asked for an audience
  std::shared_ptr<const AppToken> id_token{};       // null: this outcome was remembered, or came from another replica
  std::shared_ptr<const AppToken> account_token{};  // opaque, for Logto's own endpoints; null: likewise, or none came
};
using GrantOutcome = Result<GrantedTokens, RefreshFailure>;

// The session as it stands after the refresh; id, sub, signed_in_at_ms and nonce stay.
[[nodiscard]] Session with_refreshed(Session session, const Refreshed& refreshed);
// Whether it is newer than what the session holds.
[[nodiscard]] bool says_more(const Refreshed& refreshed, const Session& than);
// As with_refreshed, where all that is new is the token.
[[nodiscard]] Session with_successor(Session session, const Secret& refresh_token);
// The same as an outcome: the session as it was, with another token.
[[nodiscard]] std::shared_ptr<const Refreshed> with_new_token(const Session& session, const Secret& refresh_token);

// CBOR, for journals and stores; sealed by the caller, since it holds a token.
[[nodiscard]] std::string encode_refreshed(const Refreshed& refreshed);
[[nodiscard]] Result<Refreshed> decode_refreshed(std::string_view bytes);

// The moment at which what Logto sent runs out: the ID token's exp, and the access token's where it is said.
[[nodiscard]] std::int64_t tokens_expire_at_s(const nlohmann::json& id_token_claims, const TokenSet& tokens,
                                              std::int64_t now_s);

// Which kind of failure an answer of the token endpoint is for a session. `access_denied` and the like are Logto's word
// on this user (Logto fact 14); only what may be different tomorrow is not.
[[nodiscard]] RefreshFailure refresh_failure(const TokenError& error);
// As refresh_failure, where an access token for one audience was asked for: that the person may not have it, or that
// the grant does not cover it, is no word on the session.
[[nodiscard]] RefreshFailure grant_failure(const TokenError& error);

}  // namespace lp
