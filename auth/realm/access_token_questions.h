#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "auth/oidc/access_token.h"
#include "auth/oidc/access_token_failure.h"
#include "auth/realm/auth_questions.h"
#include "base/secret.h"

namespace lp {

// A good token, and the version of all key sets under which it is good.
struct AcceptedToken {
  std::shared_ptr<const AccessToken> token;
  std::uint64_t keys_version = 0;
};

// What a worker may ask of the auth thread about access tokens that clients bring.
class AccessTokenQuestions {
 public:
  virtual ~AccessTokenQuestions() = default;

  using Outcome = Result<AcceptedToken, AccessTokenFailure>;
  using Answer = std::function<void(Outcome)>;
  // As AuthQuestions: the answer comes on the asking loop, later; dropping the question cancels. For which audience the
  // token is stays with the asker. One verification, or call to Logto, per token, whoever asks meanwhile.
  [[nodiscard]] virtual std::unique_ptr<AuthQuestions::Question> judge(EventLoop& asking, OnBehalfOf whom, Secret token,
                                                                       Answer answer) = 0;
  // Any thread; one atomic load. While it stays the same, what was accepted under it stays good until it expires.
  [[nodiscard]] virtual std::uint64_t keys_version() const = 0;
};

}  // namespace lp
