#include "auth/replicas/redis_session_store.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "tests/support/redis_server.h"
#include "tests/support/turn_loop.h"

using namespace lp;
using namespace lp::test;

namespace {

using Loaded = StoredSession::Kind;
RedisReply text(std::string bytes) { return RedisReply::of_text(RedisReply::Kind::string, std::move(bytes)); }
RedisReply list(std::vector<RedisReply> elements) { return RedisReply::of_array(std::move(elements)); }

// Two replicas of the proxy on one loop, each with its own connection.
struct Replicas {
  RedisServer server;
  EventLoop loop;
  RedisClient client_one{loop, server.options(), {}};
  RedisClient client_two{loop, server.options(), {}};
  RedisSessionStore one{client_one, "lp", "default"};
  RedisSessionStore two{client_two, "lp", "default"};

  template <class Answer, class Start>
  Result<Answer> wait(Start start) {
    std::optional<Result<Answer>> answer;
    const auto handle = start([&](const Result<Answer>& a) { answer.emplace(a); });
    CHECK_FALSE(answer);
    REQUIRE(wait_until(loop, [&] { return answer.has_value(); }));
    return *answer;
  }
  Result<StoredSession> load(RedisSessionStore& store, const std::string& hash = "h") {
    return wait<StoredSession>([&](auto done) { return store.load(hash, done); });
  }
  Result<SessionSaved> save(RedisSessionStore& store, const std::string& bytes, std::uint64_t generation,
                            std::int64_t ttl_ms = 60'000) {
    return wait<SessionSaved>([&](auto done) { return store.save("h", bytes, generation, ttl_ms, done); });
  }
  Result<void> remove(RedisSessionStore& store, std::int64_t ttl_ms = 60'000) {
    return wait<void>([&](auto done) { return store.remove("h", ttl_ms, done); });
  }
};

}  // namespace

TEST_CASE("answers to a load") {
  CHECK(judge_loaded_session(list({RedisReply(), RedisReply(), RedisReply()}))->kind == Loaded::missing);
  CHECK(judge_loaded_session(list({RedisReply(), RedisReply(), text("1")}))->kind == Loaded::ended);
  CHECK(judge_loaded_session(list({text("7"), text("b"), text("1")}))->kind == Loaded::ended);
  const auto found = judge_loaded_session(list({text("7"), text("b"), RedisReply()}));
  CHECK(found->kind == Loaded::found);
  CHECK(found->generation == 7);
  CHECK(found->bytes == "b");
  for (const RedisReply& reply :
       {RedisReply(), list({}), list({text("7"), text("b")}), list({text("7"), RedisReply(), RedisReply()}),
        list({RedisReply(), text("b"), RedisReply()}), list({text("x"), text("b"), RedisReply()}),
        list({text("-1"), text("b"), RedisReply()}), list({text(""), text("b"), RedisReply()})}) {
    CHECK_FALSE(judge_loaded_session(reply).ok());
  }
  CHECK_FALSE(judge_saved_session(text("OK")).ok());
  CHECK_FALSE(judge_removed_session(RedisReply::of_integer(1)).ok());
}

TEST_CASE("what one replica saves the other loads") {
  LP_NEED_REDIS_SERVER();
  Replicas replicas;
  CHECK(replicas.load(replicas.two)->kind == Loaded::missing);
  const std::string bytes("sealed\r\n\0bytes", 14);
  CHECK(*replicas.save(replicas.one, bytes, 1) == SessionSaved::saved);
  const auto found = replicas.load(replicas.two);
  REQUIRE(found->kind == Loaded::found);
  CHECK(found->generation == 1);
  CHECK(found->bytes == bytes);
  CHECK(replicas.load(replicas.two, "another")->kind == Loaded::missing);
}

TEST_CASE("an older generation never replaces a newer one, nor one of two equals the other") {
  LP_NEED_REDIS_SERVER();
  Replicas replicas;
  CHECK(*replicas.save(replicas.one, "ten", 10) == SessionSaved::saved);
  CHECK(*replicas.save(replicas.two, "nine", 9) == SessionSaved::newer);
  CHECK(*replicas.save(replicas.two, "another ten", 10) == SessionSaved::newer);
  CHECK(*replicas.save(replicas.two, "ten", 10) == SessionSaved::saved);  // an answer that was lost
  CHECK(*replicas.save(replicas.two, "eleven", 11) == SessionSaved::saved);
  CHECK(replicas.load(replicas.one)->bytes == "eleven");
}

TEST_CASE("a removed session stays removed, whoever writes") {
  LP_NEED_REDIS_SERVER();
  Replicas replicas;
  CHECK(*replicas.save(replicas.one, "one", 1) == SessionSaved::saved);
  CHECK(replicas.remove(replicas.two).ok());
  CHECK(replicas.remove(replicas.two).ok());
  CHECK(replicas.load(replicas.one)->kind == Loaded::ended);
  CHECK(*replicas.save(replicas.one, "two", 2) == SessionSaved::ended);
  CHECK(replicas.load(replicas.one)->kind == Loaded::ended);
}

TEST_CASE("records and tombstones expire, and a save moves the end") {
  LP_NEED_REDIS_SERVER();
  Replicas replicas;
  const auto until_missing = [&] {
    while (replicas.load(replicas.one)->kind != Loaded::missing) {
    }
  };
  CHECK(*replicas.save(replicas.one, "one", 1, 30) == SessionSaved::saved);
  until_missing();
  CHECK(*replicas.save(replicas.one, "one", 1, 30) == SessionSaved::saved);
  CHECK(*replicas.save(replicas.one, "one", 1, 600'000) == SessionSaved::saved);
  CHECK(replicas.load(replicas.one)->kind == Loaded::found);
  CHECK(replicas.remove(replicas.one, 30).ok());
  until_missing();
}

TEST_CASE("a store that is away is told apart from a session that is not there") {
  LP_NEED_REDIS_SERVER();
  Replicas replicas;
  CHECK(*replicas.save(replicas.one, "one", 1) == SessionSaved::saved);
  replicas.server.kill();
  const auto loaded = replicas.load(replicas.one);
  REQUIRE_FALSE(loaded.ok());
  CHECK(loaded.error().message.find("Redis at unix:") == 0);
  CHECK_FALSE(replicas.save(replicas.one, "two", 2).ok());
  CHECK_FALSE(replicas.remove(replicas.one).ok());
  replicas.server.start();  // without its data
  wait_until(replicas.loop, [&] { return replicas.client_one.state().connected; });
  CHECK(replicas.load(replicas.one)->kind == Loaded::missing);
  CHECK(*replicas.save(replicas.one, "two", 2) == SessionSaved::saved);
}
