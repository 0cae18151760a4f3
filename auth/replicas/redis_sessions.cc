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

}  // namespace

// Auth thread, apart from its making and its end.
struct RedisSessions::Impl {
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

  EventLoop& loop;
  Log& log;
  std::string prefix;
  std::string realm;
  std::optional<RedisSessionStore> store;  // from connect() on
  std::uint64_t last_id = 0;
  std::unordered_map<std::uint64_t, RedisSessionStore::Handle> under_way;
};

RedisSessions::RedisSessions(EventLoop& auth_loop, Log& log, std::string prefix, std::string realm)
    : impl_(std::make_unique<Impl>(auth_loop, log, std::move(prefix), std::move(realm))) {}
RedisSessions::~RedisSessions() = default;

void RedisSessions::connect(RedisClient& redis) { impl_->store.emplace(redis, impl_->prefix, impl_->realm); }

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
  impl_->loop.post([impl = impl_.get(), session = std::move(session)] {
    if (impl->is_full()) return;
    impl->run([&](auto done) {
      return impl->store->save(session.handle_hash, session.sealed, session.generation, session.ttl_ms,
                               [done](const Result<SessionSaved>&) { done(); });
    });
  });
}

// The record that says so in the stream of revocations is what counts; the tombstone keeps slow writers out.
void RedisSessions::remove_later(std::string handle_hash, std::int64_t tombstone_ttl_ms) {
  impl_->loop.post([impl = impl_.get(), hash = std::move(handle_hash), tombstone_ttl_ms] {
    if (impl->is_full()) return;
    impl->run([&](auto done) {
      return impl->store->remove(hash, tombstone_ttl_ms, [impl, done](const Result<void>& removed) {
        if (!removed) {
          impl->log.warning("a session that ended is still in the store, where it opens nothing",
                            {{"reason", removed.error().message}});
        }
        done();
      });
    });
  });
}

}  // namespace lp
