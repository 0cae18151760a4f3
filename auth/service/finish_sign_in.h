#pragma once
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "auth/oidc/token_endpoint.h"
#include "auth/provider/client_fetch.h"
#include "auth/provider/fetch.h"
#include "auth/provider/provider.h"
#include "auth/realm/auth_questions.h"
#include "auth/refresh/verify_tokens.h"
#include "base/clock.h"
#include "config/settings.h"

namespace lp {

// The rule of a sign-in that never reached Logto: too many were on their way.
inline constexpr const char* kBusySignIn = "busy";

// One sign-in from the callback to the session (OIDC Core 3.1.2.7 to 3.1.3.7): issuer of the response -> code exchange
// -> tokens verified -> session. The pending sign-in was opened by the caller, before any network call. Auth thread;
// dropping it cancels.
class FinishSignIn {
 public:
  using World = AuthWorld;
  using Outcome = Result<FinishedSignIn, SignInFailure>;
  // Runs later, never inside the constructor; the flow must not be destroyed inside it (loop.defer_delete).
  using Done = std::function<void(Outcome)>;

  // `client`: as base/client_group.h says.
  FinishSignIn(const World& world, std::string client, CallbackResponse response, PendingSignIn pending, Done done);
  FinishSignIn(const FinishSignIn&) = delete;
  FinishSignIn& operator=(const FinishSignIn&) = delete;

 private:
  void on_metadata(Result<std::shared_ptr<const ProviderMetadata>> known);
  void exchange_code();
  void on_token_reply(const Result<ProviderReply>& reply);
  void on_verified(VerifyTokens::Outcome verified);
  void succeed(VerifiedTokens verified);
  void fail_with(SignInFailure::Kind kind, std::string rule, std::string message);

  World world_;
  std::string client_;
  CallbackResponse response_;
  PendingSignIn pending_;
  Done done_;
  std::shared_ptr<const ProviderMetadata> metadata_;
  Secret refresh_token_;
  Secret id_token_;
  // The one thing that is waited for.
  std::variant<std::monostate, std::unique_ptr<Provider::Wait>, std::unique_ptr<Fetcher::Handle>,
               std::unique_ptr<VerifyTokens>>
      waiting_;
};

}  // namespace lp
