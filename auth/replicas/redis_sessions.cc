#include "auth/replicas/redis_sessions.h"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include "auth/realm/asked_question.h"

namespace lp {
namespace {

using LoadQuestion = AskedQuestion<Result<StoredSession>>;
using SaveQuestion = AskedQuestion<Result<SessionSaved>>;

constexpr std::size_t kMaxUnderWay = 100'000;
constexpr std::size_t kMaxKept = 100'000;
constexpr std::size_t kToldAtATime = 100;
constexpr std::int64_t kTellAgainMs = 500;

}  // namespace

// Auth thread, apart from its making and its end.
struct RedisSessions::Impl {
  struct Removal {
    std::int64_t tombstone_ttl_ms = 0;
    LastSeen last_seen;
  };

  Impl(EventLoop& loop_in, Log& log_in, std::string prefix_in, std::string realm_in)
      : loop(loop_in), log(log_in), prefix(std::move(prefix_in)), realm(std::move(realm_in)) {}

  // Keeps the handle of one command until its answer is there. `start` gets what to call then.
  template <class Start>
  void run(Start start) {
    const std::uint64_t id = ++last_id;
    under_way.emplace(id, start([this, id] { end(id); }));
  }
  void end(std::uint64_t id) {
    auto ended = under_way.extract(id);
    if (!ended.empty()) loop.defer_delete(std::move(ended.mapped()));
  }
  [[nodiscard]] bool is_full() const { return under_way.size() >= kMaxUnderWay; }

  void save(SessionToStore session) {
    if (is_full()) return keep(std::move(session));
    run([&](auto done) {
      return store->save(session.handle_hash, session.sealed, session.generation, session.ttl_ms,
                         [this, session, done](const Result<SessionSaved>& saved) {
                           if (!saved) keep(session);
                           if (saved && *saved != SessionSaved::saved) on_newer(session);
                           done();
                         });
    });
  }
  // Between the two steps others may save again, which says that the session is in use.
  void on_newer(const SessionToStore& session) {
    if (session.outdated) session.outdated->store(true, std::memory_order_relaxed);
    if (!session.with_this_use || is_full()) return;
    run([&](auto done) {
      return store->load(session.handle_hash, [this, session, done](const Result<StoredSession>& newer) {
        if (auto joined = newer ? session.with_this_use(*newer) : std::nullopt) save(std::move(*joined));
        done();
      });
    });
  }
  // The record that says so in the stream of revocations is what counts; the tombstone keeps slow writers out.
  void remove(const std::string& hash, const Removal& removal) {
    if (is_full()) return keep_removal(hash, removal);
    if (removal.last_seen) return look_and_remove(hash, removal);
    run([&](auto done) {
      return store->remove(hash, removal.tombstone_ttl_ms, [this, hash, removal, done](const Result<void>& removed) {
        if (!removed) keep_removal(hash, removal);
        done();
      });
    });
  }
  void look_and_remove(const std::string& hash, const Removal& removal) {
    run([&](auto done) {
      return store->load(hash, [this, hash, removal, done](const Result<StoredSession>& last) {
        if (last) removal.last_seen(*last);
        if (last) remove(hash, {removal.tombstone_ttl_ms, {}});
        if (!last) keep_removal(hash, removal);
        done();
      });
    });
  }

  void keep(SessionToStore session) {
    if (kept_removals.contains(session.handle_hash) || kept.size() >= kMaxKept) return;
    SessionToStore& newest = kept[session.handle_hash];
    if (newest.generation <= session.generation) newest = std::move(session);
    tell_again->start_ms(kTellAgainMs);
  }
  void keep_removal(const std::string& hash, const Removal& removal) {
    kept.erase(hash);
    if (kept_removals.empty()) {
      log.warning("sessions that ended are still in the store, where they open nothing, until Redis is back");
    }
    if (kept_removals.size() < kMaxKept || kept_removals.contains(hash)) {
      Removal& kept_one = kept_removals[hash];
      kept_one.tombstone_ttl_ms = removal.tombstone_ttl_ms;
      if (removal.last_seen) kept_one.last_seen = removal.last_seen;
    }
    tell_again->start_ms(kTellAgainMs);
  }
  void tell_some() {
    if (kept.empty() && kept_removals.empty()) return;
    tell_again->start_ms(kTellAgainMs);
    if (!redis->state().connected) return;
    for (std::size_t i = 0; i < kToldAtATime && !kept_removals.empty(); ++i) {
      const auto node = kept_removals.extract(kept_removals.begin());
      remove(node.key(), node.mapped());
    }
    for (std::size_t i = 0; i < kToldAtATime && !kept.empty(); ++i) save(kept.extract(kept.begin()).mapped());
  }

  EventLoop& loop;
  Log& log;
  std::string prefix;
  std::string realm;
  RedisClient* redis = nullptr;            // as `store`
  std::optional<RedisSessionStore> store;  // from connect() on
  std::uint64_t last_id = 0;
  std::unordered_map<std::uint64_t, RedisSessionStore::Handle> under_way;
  // By the record's name: what Redis has not taken.
  std::unordered_map<std::string, SessionToStore> kept;
  std::unordered_map<std::string, Removal> kept_removals;
  std::optional<Timer> tell_again;  // as `store`
};

RedisSessions::RedisSessions(EventLoop& auth_loop, Log& log, std::string prefix, std::string realm)
    : impl_(std::make_unique<Impl>(auth_loop, log, std::move(prefix), std::move(realm))) {}
RedisSessions::~RedisSessions() = default;

void RedisSessions::connect(RedisClient& redis) {
  impl_->redis = &redis;
  impl_->tell_again.emplace(impl_->loop, [impl = impl_.get()] { impl->tell_some(); });
  impl_->store.emplace(redis, impl_->prefix, impl_->realm);
}

std::unique_ptr<StoredSessions::Question> RedisSessions::load(EventLoop& asking, std::string handle_hash,
                                                              Loaded answer) {
  auto question = std::make_shared<LoadQuestion>(asking, std::move(answer));
  impl_->loop.post([impl = impl_.get(), question, hash = std::move(handle_hash)] {
    if (impl->is_full()) return LoadQuestion::answer(question, fail("too many questions to the store at once"));
    impl->run([&](auto done) {
      return impl->store->load(hash, [question, done](const Result<StoredSession>& loaded) {
        LoadQuestion::answer(question, loaded);
        done();
      });
    });
  });
  return std::make_unique<LoadQuestion::Handle>(std::move(question));
}

std::unique_ptr<StoredSessions::Question> RedisSessions::save(EventLoop& asking, SessionToStore session, Saved answer) {
  auto question = std::make_shared<SaveQuestion>(asking, std::move(answer));
  impl_->loop.post([impl = impl_.get(), question, session = std::move(session)] {
    if (impl->is_full()) return SaveQuestion::answer(question, fail("too many questions to the store at once"));
    impl->run([&](auto done) {
      return impl->store->save(session.handle_hash, session.sealed, session.generation, session.ttl_ms,
                               [question, done](const Result<SessionSaved>& saved) {
                                 SaveQuestion::answer(question, saved);
                                 done();
                               });
    });
  });
  return std::make_unique<SaveQuestion::Handle>(std::move(question));
}

void RedisSessions::save_later(SessionToStore session) {
  impl_->loop.post([impl = impl_.get(), session = std::move(session)] { impl->save(session); });
}

void RedisSessions::remove_later(std::string handle_hash, std::int64_t tombstone_ttl_ms, LastSeen last_seen) {
  impl_->loop.post([impl = impl_.get(), hash = std::move(handle_hash),
                    removal = Impl::Removal{tombstone_ttl_ms, std::move(last_seen)}] { impl->remove(hash, removal); });
}

}  // namespace lp
