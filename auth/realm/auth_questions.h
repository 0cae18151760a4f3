#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "auth/oidc/callback_response.h"
#include "auth/oidc/discovery.h"
#include "auth/oidc/logout_token.h"
#include "auth/oidc/patreon.h"
#include "auth/oidc/pending_sign_in.h"
#include "auth/session/refreshed.h"
#include "auth/session/session.h"
#include "base/event.h"
#include "base/result.h"

// What a worker may ask of the auth thread. AuthService answers them in the program, a fake world in tests.
namespace lp {

// A failed sign-in: what the person is told, and what the log was told.
struct SignInFailure {
  enum class Kind { rejected, provider_unavailable, provider_error };
  Kind kind = Kind::rejected;
  std::string rule;     // "iss", "nonce", "invalid_grant", "access_denied" ...: one word for page and log
  std::string message;  // for the log
};

// A logout token that ends nothing.
struct LogoutTokenFailure {
  enum class Kind { rejected, unavailable };  // unavailable: nobody knows whether it is good, its sender may try again
  Kind kind = Kind::rejected;
  std::string rule;     // see auth/oidc/logout_token.h; "jti" also for one that came before
  std::string message;  // for the log and for the sender; nothing of the token is in it
};

// For which request a question is asked: its id for log lines, and its client, so that one address does not take the
// turns of all.
struct OnBehalfOf {
  OnBehalfOf(std::string id, std::string address = {})  // NOLINT(google-explicit-constructor)
      : request_id(std::move(id)), client(std::move(address)) {}
  OnBehalfOf(const char* id) : request_id(id) {}  // NOLINT(google-explicit-constructor)
  std::string request_id;
  std::string client;  // address; empty: unknown
};

struct SignInWays;           // auth/oidc/sign_in_ways.h
class AccessTokenQuestions;  // auth/realm/access_token_questions.h

// What a successful exchange yields; the worker seals it.
struct FinishedSignIn : Session {
  FinishedSignIn(Session session) : Session(std::move(session)) {}  // NOLINT(google-explicit-constructor)
  std::string amr;  // how the person proved who they are, for the log (RFC 8176); empty: Logto did not say
};

class AuthQuestions {
 public:
  virtual ~AuthQuestions() = default;

  // A question under way; destroying it (on the asking loop's thread) cancels: its callback never runs afterwards.
  class Question {
   public:
    virtual ~Question() = default;
  };

  // Any thread; no waiting. Null until Logto has been discovered.
  [[nodiscard]] virtual std::shared_ptr<const ProviderMetadata> metadata() const = 0;

  // From a worker's loop; the callback runs on that loop, later. The loop must outlive the question.
  using MetadataAnswer = std::function<void(Result<std::shared_ptr<const ProviderMetadata>>)>;
  [[nodiscard]] virtual std::unique_ptr<Question> need_metadata(EventLoop& asking, MetadataAnswer answer) = 0;

  // Any thread; no waiting. Whether Logto has answered us a moment ago; where it has not, nobody is sent there before
  // need_reachability() said so.
  [[nodiscard]] virtual bool is_reachable() const { return true; }
  // Any thread; no waiting. The ways to sign in that Logto offers; null where need_sign_in_ways() must be asked, which
  // answers null where they are not to be had.
  using Ways = std::shared_ptr<const SignInWays>;
  [[nodiscard]] virtual Ways sign_in_ways() const { return nullptr; }
  using WaysAnswer = std::function<void(Ways)>;
  [[nodiscard]] virtual std::unique_ptr<Question> need_sign_in_ways(EventLoop& asking, WaysAnswer answer) = 0;

  using ReachabilityAnswer = std::function<void(Result<bool>)>;
  [[nodiscard]] virtual std::unique_ptr<Question> need_reachability(EventLoop& asking, ReachabilityAnswer answer) = 0;

  // Any thread; no waiting. API resources of routes that Logto does not know, for sign-ins to leave them out; null:
  // none that we have heard of.
  using Resources = std::shared_ptr<const std::vector<std::string>>;
  [[nodiscard]] virtual Resources unknown_resources() const { return nullptr; }
  // Asks Logto which they are now, in place of a person, unless that was done a moment ago; the answer comes when
  // unknown_resources() says it. False: Logto could not be asked, says nothing of them, or takes long.
  using ResourcesAnswer = std::function<void(Result<bool>)>;
  [[nodiscard]] virtual std::unique_ptr<Question> probe_resources(EventLoop& asking, ResourcesAnswer answer) = 0;

  // One flight per state in the process: a repeated callback shares the first one's result, also for 60 s after it
  // has landed (a replayed code would revoke the whole grant at Logto). The flight goes on when all askers are gone.
  using SignInAnswer = std::function<void(Result<FinishedSignIn, SignInFailure>)>;
  [[nodiscard]] virtual std::unique_ptr<Question> finish_sign_in(EventLoop& asking, OnBehalfOf whom,
                                                                 CallbackResponse response, PendingSignIn pending,
                                                                 SignInAnswer answer) = 0;

  // One flight per refresh token in the process: everybody who holds it, or one that it has replaced, shares the
  // outcome, also those who ask later. The flight goes on when all askers are gone.
  using RefreshAnswer = std::function<void(const RefreshOutcome&)>;
  [[nodiscard]] virtual std::unique_ptr<Question> refresh(EventLoop& asking, std::string request_id, Session session,
                                                          RefreshAnswer answer) = 0;

  // As refresh(), for a token that an app gets: an access token for `audience`, or with none the ID token. What this
  // process has and what Logto refused a moment ago is answered without a call; what comes is kept in Realm::tokens. A
  // call also refreshes the session: GrantedTokens::refreshed must be taken over as after refresh().
  using TokenAnswer = std::function<void(const GrantOutcome&)>;
  [[nodiscard]] virtual std::unique_ptr<Question> token_for(EventLoop& asking, std::string request_id, Session session,
                                                            TokenAudience audience, TokenAnswer answer) = 0;

  // What Patreon says of a person, by their opaque access token (token_for() with TokenAudience::account): one flight
  // for each person in the process. What is learnt is in Realm::patreon before the answer comes.
  using PatreonAnswer = std::function<void(const PatreonOutcome&)>;
  [[nodiscard]] virtual std::unique_ptr<Question> patreon_of(EventLoop& asking, std::string request_id, std::string sub,
                                                             Secret account_token, PatreonAnswer answer) = 0;

  // Judges a logout token by every rule of Back-Channel Logout 2.6, and ends what it names before the answer comes,
  // also if whoever asked is gone by then: the token works once. One log line, whatever comes of it.
  using LogoutAnswer = std::function<void(Result<LogoutToken, LogoutTokenFailure>)>;
  [[nodiscard]] virtual std::unique_ptr<Question> judge_logout_token(EventLoop& asking, OnBehalfOf whom,
                                                                     std::string token, LogoutAnswer answer) = 0;

  // Whether other processes must hear of sessions that end here.
  [[nodiscard]] virtual bool has_replicas() const { return false; }
  // For has_replicas(): answers when all that they told until now is known here; within about a second also where that
  // cannot be.
  using HeardAnswer = std::function<void()>;
  [[nodiscard]] virtual std::unique_ptr<Question> hear_replicas(EventLoop& asking, HeardAnswer answer) = 0;
  // For has_replicas(): answers when all that this thread has ended before is told to them, with true; or within about
  // a second with false, where they cannot be told now and hear of it later.
  using ToldAnswer = std::function<void(bool)>;
  [[nodiscard]] virtual std::unique_ptr<Question> tell_replicas(EventLoop& asking, ToldAnswer answer) = 0;

  // Fire and forget: revokes at Logto, tries again for a while where that fails, and logs it.
  virtual void revoke_refresh_token(std::string request_id, Secret refresh_token) = 0;

  // About access tokens that clients bring; null where nobody can judge them. Lives as long as this.
  [[nodiscard]] virtual AccessTokenQuestions* access_tokens() { return nullptr; }
};

}  // namespace lp
