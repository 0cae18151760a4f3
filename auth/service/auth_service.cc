#include "auth/service/auth_service.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <thread>
#include <unordered_map>
#include <utility>

#include "auth/oidc/app_token_needs.h"
#include "auth/provider/client_fetch.h"
#include "auth/provider/pinned_fetch.h"
#include "auth/provider/provider.h"
#include "auth/provider/reachability.h"
#include "auth/realm/app_tokens.h"
#include "auth/realm/asked_question.h"
#include "auth/realm/end_sessions.h"
#include "auth/refresh/flights.h"
#include "auth/replicas/redis_link.h"
#include "auth/replicas/redis_sessions.h"
#include "auth/replicas/revocation_sharing.h"
#include "auth/service/access_token_queue.h"
#include "auth/service/known_ways.h"
#include "auth/service/logout_token_queue.h"
#include "auth/service/patreon_memberships.h"
#include "auth/service/resource_probe.h"
#include "auth/service/revoke_flow.h"
#include "auth/service/sign_in_flights.h"
#include "auth/service/upkeep.h"
#include "base/event.h"
#include "config/shared_ends.h"

namespace lp {
namespace {

constexpr std::size_t kMaxRevocations = 1'000;

// Things under way, each until it says that it is done.
template <class Thing>
class UnderWay {
 public:
  explicit UnderWay(EventLoop& loop) : loop_(loop) {}
  std::uint64_t next_id() { return ++last_id_; }
  void keep(std::uint64_t id, std::unique_ptr<Thing> thing) { things_.emplace(id, std::move(thing)); }
  // Inside the thing's own callback, too.
  void end(std::uint64_t id) {
    auto ended = things_.extract(id);
    if (!ended.empty()) loop_.defer_delete(std::move(ended.mapped()));
  }
  [[nodiscard]] std::size_t size() const { return things_.size(); }

 private:
  EventLoop& loop_;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<Thing>> things_;
};

using MetadataQuestion = AskedQuestion<Result<std::shared_ptr<const ProviderMetadata>>>;
using ReachabilityQuestion = AskedQuestion<Result<bool>>;
using WaysQuestion = AskedQuestion<AuthQuestions::Ways>;
using SignInQuestion = AskedQuestion<FinishSignIn::Outcome>;
using RefreshQuestion = AskedQuestion<RefreshOutcome>;
using TokenQuestion = AskedQuestion<GrantOutcome>;
using PatreonQuestion = AskedQuestion<PatreonOutcome>;
using LogoutQuestion = AskedQuestion<LogoutTokenQueue::Outcome>;
using ToldQuestion = AskedQuestion<bool>;
using HeardQuestion = AskedQuestion<bool>;
using AccessTokenQuestion = AskedQuestion<AccessTokenQueue::Outcome>;

// Whose key is gone from Logto's set must not pass for long where keys open doors without a sign-in.
Provider::Freshness freshness(const Settings& settings) {
  Provider::Freshness fresh;
  const bool takes_bearer = std::any_of(settings.routes.begin(), settings.routes.end(),
                                        [](const RouteSettings& route) { return route.accept.bearer; });
  if (takes_bearer) fresh.keys_ms = 10 * kMinute;
  return fresh;
}

}  // namespace

// Made and destroyed by the owner's thread, used by the auth thread in between.
struct AuthService::Impl final : AccessTokenQuestions {
  Impl(std::shared_ptr<const Settings> settings_in, const Clock& clock, Log& log_in)
      : settings(std::move(settings_in)),
        log(log_in),
        fetcher(loop, settings->logto),
        client_fetch(fetcher, log, settings->logto.app_secrets),
        provider(loop, fetcher, settings->logto, clock, log, freshness(*settings)),
        keep_id_token([this](const auto& session, const auto& token, auto end_s) { keep(session, token, end_s); }),
        flights(loop, world(clock), log),
        refreshes(loop, world(clock), log),
        logout_tokens(loop, provider, settings->logto, clock, log,
                      [this](const auto& token, auto done) { end_named(token, std::move(done)); }),
        access_tokens(loop, *settings, provider, client_fetch, clock, log),
        reachability(loop, fetcher, settings->logto, clock, log),
        resources(loop, fetcher, provider, *settings, clock, log),
        ways(loop, fetcher, settings->logto, clock, log),
        patreon(loop, fetcher, *settings, clock, log),
        metadata_waits(loop),
        reachability_waits(loop),
        resource_waits(loop),
        ways_waits(loop),
        revocations(loop) {
    fetcher.set_listener([this](const auto& reply) { reachability.heard(reply); });
  }

  // What was to be revoked when the process ends lives on at Logto, with nobody to hold it.
  ~Impl() override {
    if (revocations.size() == 0) return;
    log.warning("refresh tokens of sessions that were signed out could not be revoked before the end of the process",
                {{"tokens", static_cast<std::int64_t>(revocations.size())}});
  }

  AuthWorld world(const Clock& clock) {
    return {*settings, provider, fetcher, client_fetch, clock, wants_id_tokens(*settings) ? &keep_id_token : nullptr};
  }

  void keep(const Session& session, const Secret& id_token, std::int64_t expires_at_s) {
    if (realm != nullptr) keep_id_token_of(*realm, session, id_token, expires_at_s);
  }

  void token_for(const std::string& request_id, const Session& session, const TokenAudience& audience,
                 RefreshFlights::GrantAnswer answer) {
    if (realm == nullptr) return refreshes.join_for(request_id, session, audience, std::move(answer));
    if (const auto known = known_token(*realm, session, audience)) return answer(*known);
    refreshes.join_for(
        request_id, session, audience,
        [this, owner = owner_of(*realm, session), audience, answer = std::move(answer)](const GrantOutcome& outcome) {
          keep_token(*realm, owner, audience, outcome);
          answer(outcome);
        });
  }

  std::unique_ptr<AuthQuestions::Question> judge(EventLoop& asking, OnBehalfOf whom, Secret token,
                                                 Answer answer) override {
    auto question = std::make_shared<AccessTokenQuestion>(asking, std::move(answer));
    loop.post([this, question, whom = std::move(whom), token = std::move(token)] {
      access_tokens.judge(whom, token, [question](const AccessTokenQueue::Outcome& outcome) {
        AccessTokenQuestion::answer(question, outcome);
      });
    });
    return std::make_unique<AccessTokenQuestion::Handle>(std::move(question));
  }
  std::uint64_t keys_version() const override { return access_tokens.keys_version(); }

  void need_metadata(std::shared_ptr<MetadataQuestion> question) {
    const std::uint64_t id = metadata_waits.next_id();
    metadata_waits.keep(id, provider.need_metadata([this, id, question = std::move(question)](auto known) {
      metadata_waits.end(id);
      MetadataQuestion::answer(question, std::move(known));
    }));
  }

  void need_reachability(std::shared_ptr<ReachabilityQuestion> question) {
    const std::uint64_t id = reachability_waits.next_id();
    reachability_waits.keep(id, std::make_unique<Reachability::Ticket>(
                                    reachability.ask([this, id, question = std::move(question)](auto is) {
                                      reachability_waits.end(id);
                                      ReachabilityQuestion::answer(question, std::move(is));
                                    })));
  }

  void probe_resources(std::shared_ptr<ReachabilityQuestion> question) {
    const std::uint64_t id = resource_waits.next_id();
    resource_waits.keep(
        id, std::make_unique<ResourceProbe::Ticket>(resources.ask([this, id, question = std::move(question)](auto is) {
          resource_waits.end(id);
          ReachabilityQuestion::answer(question, std::move(is));
        })));
  }

  void need_sign_in_ways(std::shared_ptr<WaysQuestion> question) {
    const std::uint64_t id = ways_waits.next_id();
    ways_waits.keep(
        id, std::make_unique<KnownWays::Ticket>(ways.ask([this, id, question = std::move(question)](auto known) {
          ways_waits.end(id);
          WaysQuestion::answer(question, std::move(known));
        })));
  }

  void revoke(std::string request_id, Secret refresh_token) {
    if (revocations.size() >= kMaxRevocations) {
      log.warning("too many revocations at once, one was dropped", {{"id", request_id}});
      return;
    }
    const std::uint64_t id = revocations.next_id();
    revocations.keep(
        id, std::make_unique<RevokeFlow>(loop, provider, client_fetch, settings->logto, log, std::move(request_id),
                                         std::move(refresh_token), [this, id] { revocations.end(id); }));
  }

  // Other replicas may have got it before, and hear of what it ends before its sender gets an answer.
  void end_named(const LogoutToken& token, LogoutTokenQueue::Ended done) {
    if (realm == nullptr) return done(true);
    if (!sharing) return done(end_once(token));
    sharing->when_heard([this, token, done = std::move(done)] {
      if (!end_once(token)) return done(false);
      loop.post([this, done] { sharing->when_told([done](bool) { done(true); }); });  // behind what it has published
    });
  }
  bool end_once(const LogoutToken& token) {
    const std::string id = settings->logto.issuer() + "\n" + token.jti;
    if (!is_first_delivery(*realm, id, token.sub, token.remember_until_s)) return false;
    end_sessions(*realm, token);
    return true;
  }

  // Before all questions: it is posted before anybody could ask.
  void look_after(Realm& looked_after) {
    realm = &looked_after;
    patreon.keep_in(looked_after.patreon);
    const Settings& s = *realm->settings;
    if (!s.revocations.journal.empty()) refreshes.keep_journal(s.revocations.journal + ".refreshed", *realm);
    upkeep = std::make_unique<Upkeep>(*realm, loop, [this] { refreshes.upkeep(); });
    start_probe = resources.begin([this](const auto&) { reachability.forget(); });
    if (!s.redis.is_configured()) return;
    redis = std::make_unique<RedisLink>(loop, realm->clock, realm->log, s.redis);
    refreshes.share(*redis, *realm);
    if (shares_ended_sessions(s)) sharing = std::make_unique<RevocationSharing>(loop, *redis, *realm);
    if (stored) stored->connect(redis->client());
  }

  // The one place on the auth thread where secrets are replaced.
  void on_new_secrets(const Settings& fresh) {
    client_fetch.replace_secrets(fresh.logto.app_secrets);
    refreshes.retry_now();
    refreshes.on_new_keyring();
    if (redis) redis->replace_password(fresh.redis.password);
    if (sharing) sharing->replace_password(fresh.redis.password);
  }

  std::shared_ptr<const Settings> settings;
  bool shares_endings = false;  // set before the first worker starts
  Log& log;
  EventLoop loop;
  PinnedFetcher fetcher;
  ClientFetch client_fetch;
  Provider provider;
  const KeepIdToken keep_id_token;
  SignInFlights flights;
  std::unique_ptr<RedisLink> redis;            // null: not configured
  std::unique_ptr<RevocationSharing> sharing;  // null: nothing is shared
  std::unique_ptr<RedisSessions> stored;       // null: sessions are in cookies
  RefreshFlights refreshes;
  LogoutTokenQueue logout_tokens;
  AccessTokenQueue access_tokens;
  Reachability reachability;
  ResourceProbe resources;
  KnownWays ways;
  PatreonMemberships patreon;
  ResourceProbe::Ticket start_probe;
  UnderWay<Provider::Wait> metadata_waits;
  UnderWay<Reachability::Ticket> reachability_waits;
  UnderWay<ResourceProbe::Ticket> resource_waits;
  UnderWay<KnownWays::Ticket> ways_waits;
  UnderWay<RevokeFlow> revocations;
  Realm* realm = nullptr;
  std::unique_ptr<Upkeep> upkeep;
  std::thread thread;
};

namespace {

// Signals are for the main thread's loop: a thread inherits the mask of the one that starts it.
template <class Body>
std::thread start_without_signals(Body body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(body));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

AuthService::AuthService(std::shared_ptr<const Settings> settings, const Clock& clock, Log& log)
    : impl_(std::make_unique<Impl>(std::move(settings), clock, log)) {
  impl_->thread = start_without_signals([impl = impl_.get()] {
    pthread_setname_np(pthread_self(), "auth");
    impl->loop.run();
  });
}

AuthService::~AuthService() {
  impl_->loop.stop();
  impl_->thread.join();
  impl_->loop.delete_deferred();
}

void AuthService::look_after(Realm& realm) {
  impl_->shares_endings = shares_ended_sessions(*realm.settings);
  if (impl_->shares_endings) {
    realm.revocations.set_listener([impl = impl_.get()](const Revocation& revocation) {
      impl->loop.post([impl, revocation] { impl->sharing->publish(revocation); });
    });
  }
  if (realm.settings->session.store == SessionStore::redis) {
    impl_->stored =
        std::make_unique<RedisSessions>(impl_->loop, realm.log, realm.settings->redis.prefix, realm.settings->realm);
    realm.stored = impl_->stored.get();
  }
  impl_->loop.post([impl = impl_.get(), &realm] { impl->look_after(realm); });
}

std::shared_ptr<const ProviderMetadata> AuthService::metadata() const { return impl_->provider.metadata(); }

std::unique_ptr<AuthQuestions::Question> AuthService::need_metadata(EventLoop& asking, MetadataAnswer answer) {
  auto question = std::make_shared<MetadataQuestion>(asking, std::move(answer));
  impl_->loop.post([impl = impl_.get(), question] { impl->need_metadata(question); });
  return std::make_unique<MetadataQuestion::Handle>(std::move(question));
}

bool AuthService::is_reachable() const { return impl_->reachability.is_known(); }

std::unique_ptr<AuthQuestions::Question> AuthService::need_reachability(EventLoop& asking, ReachabilityAnswer answer) {
  auto question = std::make_shared<ReachabilityQuestion>(asking, std::move(answer));
  impl_->loop.post([impl = impl_.get(), question] { impl->need_reachability(question); });
  return std::make_unique<ReachabilityQuestion::Handle>(std::move(question));
}

AuthQuestions::Ways AuthService::sign_in_ways() const { return impl_->ways.fresh(); }

std::unique_ptr<AuthQuestions::Question> AuthService::need_sign_in_ways(EventLoop& asking, WaysAnswer answer) {
  auto question = std::make_shared<WaysQuestion>(asking, std::move(answer));
  impl_->loop.post([impl = impl_.get(), question] { impl->need_sign_in_ways(question); });
  return std::make_unique<WaysQuestion::Handle>(std::move(question));
}

AuthQuestions::Resources AuthService::unknown_resources() const { return impl_->resources.unknown(); }

std::unique_ptr<AuthQuestions::Question> AuthService::probe_resources(EventLoop& asking, ResourcesAnswer answer) {
  auto question = std::make_shared<ReachabilityQuestion>(asking, std::move(answer));
  impl_->loop.post([impl = impl_.get(), question] { impl->probe_resources(question); });
  return std::make_unique<ReachabilityQuestion::Handle>(std::move(question));
}

std::unique_ptr<AuthQuestions::Question> AuthService::finish_sign_in(EventLoop& asking, OnBehalfOf whom,
                                                                     CallbackResponse response, PendingSignIn pending,
                                                                     SignInAnswer answer) {
  auto question = std::make_shared<SignInQuestion>(asking, std::move(answer));
  impl_->loop.post([impl = impl_.get(), question, whom = std::move(whom), response = std::move(response),
                    pending = std::move(pending)] {
    impl->flights.join(whom, response, pending,
                       [question](const FinishSignIn::Outcome& outcome) { SignInQuestion::answer(question, outcome); });
  });
  return std::make_unique<SignInQuestion::Handle>(std::move(question));
}

std::unique_ptr<AuthQuestions::Question> AuthService::refresh(EventLoop& asking, std::string request_id,
                                                              Session session, RefreshAnswer answer) {
  auto question = std::make_shared<RefreshQuestion>(asking, std::move(answer));
  impl_->loop.post([impl = impl_.get(), question, request_id = std::move(request_id), session = std::move(session)] {
    impl->refreshes.join(request_id, session,
                         [question](const RefreshOutcome& outcome) { RefreshQuestion::answer(question, outcome); });
  });
  return std::make_unique<RefreshQuestion::Handle>(std::move(question));
}

std::unique_ptr<AuthQuestions::Question> AuthService::token_for(EventLoop& asking, std::string request_id,
                                                                Session session, TokenAudience audience,
                                                                TokenAnswer answer) {
  auto question = std::make_shared<TokenQuestion>(asking, std::move(answer));
  impl_->loop.post([impl = impl_.get(), question, request_id = std::move(request_id), session = std::move(session),
                    audience = std::move(audience)] {
    impl->token_for(request_id, session, audience,
                    [question](const GrantOutcome& outcome) { TokenQuestion::answer(question, outcome); });
  });
  return std::make_unique<TokenQuestion::Handle>(std::move(question));
}

std::unique_ptr<AuthQuestions::Question> AuthService::patreon_of(EventLoop& asking, std::string request_id,
                                                                 std::string sub, Secret account_token,
                                                                 PatreonAnswer answer) {
  auto question = std::make_shared<PatreonQuestion>(asking, std::move(answer));
  impl_->loop.post([impl = impl_.get(), question, request_id = std::move(request_id), sub = std::move(sub),
                    account_token = std::move(account_token)] {
    impl->patreon.ask(request_id, sub, account_token,
                      [question](const PatreonOutcome& outcome) { PatreonQuestion::answer(question, outcome); });
  });
  return std::make_unique<PatreonQuestion::Handle>(std::move(question));
}

std::unique_ptr<AuthQuestions::Question> AuthService::judge_logout_token(EventLoop& asking, OnBehalfOf whom,
                                                                         std::string token, LogoutAnswer answer) {
  auto question = std::make_shared<LogoutQuestion>(asking, std::move(answer));
  impl_->loop.post([impl = impl_.get(), question, whom = std::move(whom), token = std::move(token)] {
    impl->logout_tokens.judge(whom, token, [question](const LogoutTokenQueue::Outcome& outcome) {
      LogoutQuestion::answer(question, outcome);
    });
  });
  return std::make_unique<LogoutQuestion::Handle>(std::move(question));
}

bool AuthService::has_replicas() const { return impl_->shares_endings; }

std::unique_ptr<AuthQuestions::Question> AuthService::hear_replicas(EventLoop& asking, HeardAnswer answer) {
  auto question = std::make_shared<HeardQuestion>(asking, [answer = std::move(answer)](bool) { answer(); });
  impl_->loop.post([impl = impl_.get(), question] {
    impl->sharing->when_heard([question] { HeardQuestion::answer(question, true); });
  });
  return std::make_unique<HeardQuestion::Handle>(std::move(question));
}

std::unique_ptr<AuthQuestions::Question> AuthService::tell_replicas(EventLoop& asking, ToldAnswer answer) {
  auto question = std::make_shared<ToldQuestion>(asking, std::move(answer));
  impl_->loop.post([impl = impl_.get(), question] {
    impl->sharing->when_told([question](bool told) { ToldQuestion::answer(question, told); });
  });
  return std::make_unique<ToldQuestion::Handle>(std::move(question));
}

void AuthService::revoke_refresh_token(std::string request_id, Secret refresh_token) {
  impl_->loop.post([impl = impl_.get(), request_id = std::move(request_id), refresh_token = std::move(refresh_token)] {
    impl->revoke(request_id, refresh_token);
  });
}

AccessTokenQuestions* AuthService::access_tokens() { return impl_.get(); }

void AuthService::replace_secrets(std::shared_ptr<const Settings> settings) {
  impl_->loop.post([impl = impl_.get(), settings = std::move(settings)] { impl->on_new_secrets(*settings); });
}

}  // namespace lp
