#include "auth/provider/client_fetch.h"

#include <cstdint>
#include <utility>

#include "auth/oidc/client_auth.h"

namespace lp {

class ClientFetch::Call final : public Fetcher::Handle {
 public:
  Call(ClientFetch& owner, Build build, Fetcher::Done done)
      : owner_(owner), build_(std::move(build)), done_(std::move(done)) {
    attempt(*owner_.secrets_.untried({}));
  }

 private:
  void attempt(const Secret& secret) {
    sent_ = secret;
    fetch_ = owner_.fetcher_.fetch(build_(sent_), [this](auto reply) { on_reply(std::move(reply)); });
  }
  void on_reply(Result<ProviderReply> reply) {
    const auto verdict = reply ? judge_client_secret(*reply) : ClientSecretVerdict::unknown;
    if (verdict == ClientSecretVerdict::accepted) owner_.accepted(sent_, refused_);
    if (verdict == ClientSecretVerdict::refused) {
      refused_.push_back(sent_);
      if (const Secret* next = owner_.secrets_.untried(refused_)) return attempt(*next);
    }
    const Fetcher::Done done = std::move(done_);
    done(std::move(reply));  // `this` may be gone afterwards
  }

  ClientFetch& owner_;
  Build build_;
  Fetcher::Done done_;
  Secret sent_;
  std::vector<Secret> refused_;
  std::unique_ptr<Fetcher::Handle> fetch_;
};

ClientFetch::ClientFetch(PinnedFetcher& fetcher, Log& log, std::vector<Secret> secrets)
    : fetcher_(fetcher), log_(log), secrets_(std::move(secrets)) {}

std::unique_ptr<Fetcher::Handle> ClientFetch::fetch(Build build, Fetcher::Done done) {
  return std::make_unique<Call>(*this, std::move(build), std::move(done));
}

void ClientFetch::accepted(const Secret& secret, const std::vector<Secret>& refused) {
  const auto fall_over = secrets_.accept(secret, refused);
  if (!fall_over) return;
  log_.warning(
      "Logto refuses one secret of logto.app_secret, another one is used from now on",
      {{"refused", static_cast<std::int64_t>(fall_over->from)}, {"used", static_cast<std::int64_t>(fall_over->to)}});
}

}  // namespace lp
