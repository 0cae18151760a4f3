#pragma once
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "auth/refresh/verify_tokens.h"
#include "auth/session/refreshed.h"

namespace lp {

// One refresh of one session's tokens (RFC 6749 6, OIDC Core 12): metadata -> token request -> tokens verified, the
// subject the same -> outcome. For an audience it yields an access token too (RFC 8707 2.2), and what it says of the
// session as far as that goes: such an access token does not open userinfo. Auth thread; dropping it cancels, but a
// token that Logto has spent by then is lost: the owner lets it finish.
class RefreshFlow {
 public:
  // Runs later, never inside the constructor; the flow must not be destroyed inside it (loop.defer_delete).
  using Done = std::function<void(GrantOutcome)>;

  RefreshFlow(const AuthWorld& world, Session session, TokenAudience audience, Done done);
  RefreshFlow(const RefreshFlow&) = delete;
  RefreshFlow& operator=(const RefreshFlow&) = delete;

 private:
  void on_metadata(const Result<std::shared_ptr<const ProviderMetadata>>& known);
  void send();
  void on_token_reply(const Result<ProviderReply>& reply);
  [[nodiscard]] bool asks_for_less(const TokenError& error);
  void on_verified(const VerifyTokens::Outcome& verified);
  void succeed(const VerifiedTokens& verified);
  [[nodiscard]] std::shared_ptr<const Refreshed> refreshed_by(const VerifiedTokens& verified) const;
  [[nodiscard]] std::shared_ptr<const Refreshed> replaced_token_only() const;
  [[nodiscard]] bool is_replaced() const { return !refresh_token_.equals(session_.refresh_token.reveal()); }
  void fail_with(RefreshFailure failure);

  AuthWorld world_;
  Session session_;
  TokenAudience audience_;
  Done done_;
  std::shared_ptr<const ProviderMetadata> metadata_;
  std::vector<std::string> not_granted_;           // scopes that Logto does not give for this session
  Secret refresh_token_;                           // the newest one
  std::shared_ptr<const AppToken> access_token_;   // for the audience
  std::shared_ptr<const AppToken> account_token_;  // without one
  Secret id_token_;
  // The one thing that is waited for.
  std::variant<std::monostate, std::unique_ptr<Provider::Wait>, std::unique_ptr<Fetcher::Handle>,
               std::unique_ptr<VerifyTokens>>
      waiting_;
};

}  // namespace lp
