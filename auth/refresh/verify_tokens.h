#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>

#include "auth/jose/json_object.h"
#include "auth/oidc/id_token.h"
#include "auth/oidc/token_endpoint.h"
#include "auth/provider/client_fetch.h"
#include "auth/provider/pinned_fetch.h"
#include "auth/provider/provider.h"
#include "auth/session/session.h"
#include "base/clock.h"
#include "config/settings.h"

namespace lp {

// Told of each ID token that was verified, with its session: apps may get it. Auth thread.
using KeepIdToken = std::function<void(const Session&, const Secret& id_token, std::int64_t expires_at_s)>;

// What an auth flow works with. All must outlive the flow.
struct AuthWorld {
  const Settings& settings;
  Provider& provider;
  PinnedFetcher& fetcher;
  ClientFetch& client_fetch;  // for calls that we authenticate ourselves in
  const Clock& clock;
  const KeepIdToken* keep_id_token = nullptr;  // null: nobody wants to know
};

struct VerifiedTokens {
  std::string sub;
  std::string sid;
  std::string amr;    // authentication_methods()
  JsonObject claims;  // claims_to_keep()
  std::int64_t expire_at_s = 0;
  std::int64_t authenticated_at_s = 0;  // auth_time; 0: Logto did not say
  std::int64_t id_token_expires_at_s = 0;
  bool lacks_userinfo = false;  // a claim is needed from there, which the access token at hand does not open
};
struct VerifyFailure {
  enum class Kind { rejected, provider_unavailable, provider_error };
  Kind kind = Kind::rejected;
  std::string rule;
  std::string message;
  // Rejected, but not for what the token says: its key is not among those that Logto has published so far.
  bool unknown_key = false;
};

// From a reply of the token endpoint to the claims that a session keeps: signing key (known, or fetched at most once
// per interval) -> ID-token rules (OIDC Core 3.1.3.7, at a refresh 12.2) -> userinfo where a claim is needed from
// there. Auth thread; dropping it cancels.
class VerifyTokens {
 public:
  // What the tokens must answer to; one of the first two is set. See IdTokenExpectations.
  struct Binding {
    std::string nonce;
    std::string nonce_hash;
    std::int64_t max_age_s = -1;
  };
  using Outcome = Result<VerifiedTokens, VerifyFailure>;
  // Runs later, never inside the constructor; the flow must not be destroyed inside it (loop.defer_delete).
  using Done = std::function<void(Outcome)>;

  VerifyTokens(const AuthWorld& world, std::shared_ptr<const ProviderMetadata> metadata, TokenSet tokens,
               Binding binding, Done done);
  VerifyTokens(const VerifyTokens&) = delete;
  VerifyTokens& operator=(const VerifyTokens&) = delete;

 private:
  void on_keys(const Result<std::shared_ptr<const Jwks>>& keys);
  void complete_claims();
  void on_userinfo(const Result<ProviderReply>& reply);
  void succeed(const nlohmann::json& userinfo_claims);
  void fail_with(VerifyFailure::Kind kind, std::string rule, std::string message);

  AuthWorld world_;
  std::shared_ptr<const ProviderMetadata> metadata_;
  TokenSet tokens_;
  Binding binding_;
  Done done_;
  IdToken id_token_;
  // The one thing that is waited for.
  std::variant<std::monostate, std::unique_ptr<Provider::Wait>, std::unique_ptr<Fetcher::Handle>> waiting_;
};

}  // namespace lp
