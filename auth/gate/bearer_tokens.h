#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "auth/oidc/bearer_answers.h"
#include "auth/realm/access_token_questions.h"
#include "auth/realm/realm.h"
#include "auth/session/opened_session.h"
#include "auth/visit/load_first.h"
#include "auth/visit/visit.h"
#include "base/bounded_cache.h"
#include "base/secret.h"

// Requests that bring an access token of their own to a route that accepts them (RFC 6750), on one worker.
namespace lp {

// A good token costs a warm request one SHA-256 and a look-up: no JSON, no signature, no other thread. What is kept is
// what every route needs alike; for which audience it is, and whether its person has been signed out, is judged for
// each request. Kept under the hash, so that the tokens themselves are nowhere. One per worker; not thread-safe.
class BearerTokens {
 public:
  // `realm` must outlive it, and it must outlive its waits.
  explicit BearerTokens(Realm& realm);
  BearerTokens(const BearerTokens&) = delete;
  BearerTokens& operator=(const BearerTokens&) = delete;

  // `visit` is that of a signed-out request with `field`, which is not none. Where the token is good, `judge` gets the
  // visit with the token's subject in place of a session; else the answer is 400, 401 or 503 and never a redirect.
  [[nodiscard]] Verdict judge(const Visit& visit, const BearerField& field, JudgeVisit judge, Waiting waiting);
  // For what goes on, as Gatekeeper::stand_of: the token has expired or its subject was signed out.
  [[nodiscard]] bool is_over(const OpenedSession& opened, std::int64_t now_s) const;

 private:
  struct Known {
    std::shared_ptr<const OpenedSession> opened;
    std::uint64_t keys_version = 0;
    std::uint64_t unrevoked_at_version = 0;
  };

  [[nodiscard]] Known* find(const std::string& hash, std::int64_t now_s);
  [[nodiscard]] std::shared_ptr<const OpenedSession> open(const std::string& hash, AcceptedToken accepted) const;
  [[nodiscard]] bool is_revoked(const OpenedSession& opened) const;
  [[nodiscard]] bool is_revoked(Known& known) const;
  [[nodiscard]] Verdict judge_unknown(const Visit& visit, std::string hash, Secret token, JudgeVisit judge,
                                      Waiting waiting);
  [[nodiscard]] Verdict take(Visit visit, const std::string& hash, const AccessTokenQuestions::Outcome& outcome,
                             const JudgeVisit& judge, Waiting waiting);
  [[nodiscard]] Verdict pass_on(Visit visit, Known& known, const JudgeVisit& judge, Waiting waiting) const;

  Realm& realm_;
  BoundedCache<Known> known_;  // by the token's hash
};

// 401 for a request without a token where nothing else counts: no page, and no way to sign in.
[[nodiscard]] Verdict token_missing_verdict(const Visit& visit);

}  // namespace lp
