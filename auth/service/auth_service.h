#pragma once
#include <memory>
#include <string>

#include "auth/realm/auth_questions.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/settings.h"

namespace lp {

struct Realm;

// The auth thread as workers see it: they post a question, it answers on their own loop. One per realm and process.
class AuthService final : public AuthQuestions {
 public:
  // Starts the thread. `settings` is shared; `clock` and `log` must outlive the service.
  AuthService(std::shared_ptr<const Settings> settings, const Clock& clock, Log& log);
  // Stops and joins the thread; answers that are under way are dropped. Asking loops may be gone by then if their
  // questions went first.
  ~AuthService() override;
  AuthService(const AuthService&) = delete;
  AuthService& operator=(const AuthService&) = delete;

  // Does the realm's upkeep from now on, and ends its sessions when Logto says so. Before the first worker starts; the
  // realm must outlive the service.
  void look_after(Realm& realm);

  [[nodiscard]] std::shared_ptr<const ProviderMetadata> metadata() const override;
  [[nodiscard]] std::unique_ptr<Question> need_metadata(EventLoop& asking, MetadataAnswer answer) override;
  [[nodiscard]] bool is_reachable() const override;
  [[nodiscard]] std::unique_ptr<Question> need_reachability(EventLoop& asking, ReachabilityAnswer answer) override;
  [[nodiscard]] Ways sign_in_ways() const override;
  [[nodiscard]] std::unique_ptr<Question> need_sign_in_ways(EventLoop& asking, WaysAnswer answer) override;
  [[nodiscard]] Resources unknown_resources() const override;
  [[nodiscard]] std::unique_ptr<Question> probe_resources(EventLoop& asking, ResourcesAnswer answer) override;
  [[nodiscard]] std::unique_ptr<Question> finish_sign_in(EventLoop& asking, OnBehalfOf whom, CallbackResponse response,
                                                         PendingSignIn pending, SignInAnswer answer) override;
  [[nodiscard]] std::unique_ptr<Question> refresh(EventLoop& asking, std::string request_id, Session session,
                                                  RefreshAnswer answer) override;
  [[nodiscard]] std::unique_ptr<Question> token_for(EventLoop& asking, std::string request_id, Session session,
                                                    TokenAudience audience, TokenAnswer answer) override;
  [[nodiscard]] std::unique_ptr<Question> patreon_of(EventLoop& asking, std::string request_id, std::string sub,
                                                     Secret account_token, PatreonAnswer answer) override;
  [[nodiscard]] std::unique_ptr<Question> judge_logout_token(EventLoop& asking, OnBehalfOf whom, std::string token,
                                                             LogoutAnswer answer) override;
  [[nodiscard]] bool has_replicas() const override;
  [[nodiscard]] std::unique_ptr<Question> hear_replicas(EventLoop& asking, HeardAnswer answer) override;
  [[nodiscard]] std::unique_ptr<Question> tell_replicas(EventLoop& asking, ToldAnswer answer) override;
  void revoke_refresh_token(std::string request_id, Secret refresh_token) override;
  [[nodiscard]] AccessTokenQuestions* access_tokens() override;

  // Any thread. Takes over the secrets that the auth thread uses, and nothing else, from a configuration that has been
  // checked; calls under way end with the secrets that they have.
  void replace_secrets(std::shared_ptr<const Settings> settings);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lp
