#include "base/redis_greeting.h"

#include <doctest/doctest.h>

#include <string>

using namespace lp;
using Kind = RedisReply::Kind;
using Step = RedisGreetingStep;

namespace {

constexpr const char* kPassword = "correct-horse";

RedisAddress address(const std::string& username = "", const std::string& password = "", int database = 0) {
  RedisAddress address;
  address.host = "redis.example";
  address.username = username;
  address.password = Secret(password);
  address.database = database;
  return address;
}
RedisReply error(const char* text) { return RedisReply::of_text(Kind::error, text); }
RedisReply info(const char* text) { return RedisReply::of_text(Kind::string, text); }

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("the greeting says only what is needed") {
  CHECK(redis_greeting(address()) == std::vector{Step::info});
  CHECK(redis_greeting(address("", "", 3)) == std::vector{Step::select, Step::info});
  CHECK(redis_greeting(address("u", kPassword, 3)) == std::vector{Step::auth, Step::select, Step::info});
  using Words = std::vector<std::string>;
  CHECK(redis_greeting_command(Step::auth, address("", "p")) == Words{"AUTH", "p"});
  CHECK(redis_greeting_command(Step::auth, address("u", "p")) == Words{"AUTH", "u", "p"});
  CHECK(redis_greeting_command(Step::select, address("", "", 12)) == Words{"SELECT", "12"});
  CHECK(redis_greeting_command(Step::info, address()) == Words{"INFO"});
}

TEST_CASE("an address as it is written in messages") {
  RedisAddress a = address();
  CHECK(a.text() == "redis.example:6379");
  a.host = "::1";
  CHECK(a.text() == "[::1]:6379");
  a.unix_path = "/run/redis.sock";
  CHECK(a.text() == "unix:/run/redis.sock");
}

TEST_CASE("what a server may answer to the greeting, and what the operator reads") {
  const RedisReply ok = RedisReply::of_text(Kind::status, "OK");
  const RedisAddress plain = address();
  const RedisAddress user = address("app", kPassword, 7);
  const RedisAddress password = address("", kPassword);
  const struct {
    std::string says;
    Step step;
    const RedisAddress& to;
    RedisReply reply;
    const char* sentence;  // a part of it; empty: go on
  } cases[] = {
      {"welcome", Step::auth, user, ok, ""},
      {"a wrong password", Step::auth, user, error("WRONGPASS invalid username-password pair or user is disabled."),
       "the password of the user app, or knows no such user"},
      {"a wrong password of the default user", Step::auth, password, error("WRONGPASS invalid"),
       "the password of the default user"},
      {"a password too many, Redis 7", Step::auth, password,
       error("ERR AUTH <password> called without any password configured for the default user. Are you sure?"),
       "default user has none"},
      {"a password too many, Redis 5", Step::auth, password, error("ERR Client sent AUTH, but no password is set"),
       "default user has none"},
      {"users where there are none", Step::auth, user, error("ERR wrong number of arguments for 'auth' command"),
       "older than 6"},
      {"a server that quotes", Step::auth, user,
       error("ERR unknown command `AUTH`, with args beginning with: `app`, `correct-horse`, "),
       "refuses to let the user app in (ERR)"},
      {"AUTH answered by nonsense", Step::auth, user, RedisReply::of_integer(1), "refuses to let the user app in"},
      {"AUTH on a server in protected mode", Step::auth, user, error("DENIED Redis is running in protected mode"),
       "protected mode"},
      {"too many clients", Step::info, plain, error("ERR max number of clients reached"), "maxclients"},
      {"a database", Step::select, user, ok, ""},
      {"no such database", Step::select, user, error("ERR DB index is out of range"), "no database 7: ERR DB index"},
      {"SELECT not allowed", Step::select, user,
       error("NOPERM this user has no permissions to run the 'select' command"),
       "the user app lacks a permission that is needed: NOPERM"},
      {"a missing password", Step::info, plain, error("NOAUTH Authentication required."), "wants a password (NOAUTH)"},
      {"INFO not allowed", Step::info, user, error("NOPERM this user has no permissions to run the 'info' command"),
       ""},
      {"INFO unknown", Step::info, plain, error("ERR unknown command 'INFO'"), ""},
      {"a primary", Step::info, plain, info("# Replication\r\nrole:master\r\ncluster_enabled:0\r\nloading:0\r\n"), ""},
      {"cluster mode", Step::info, plain, info("role:master\r\n# Cluster\r\ncluster_enabled:1\r\n"), "cluster mode"},
      {"cluster mode in the last line", Step::info, plain, info("# Cluster\r\ncluster_enabled:1"), "cluster mode"},
      {"a server that starts", Step::info, plain, info("loading:1\r\nrole:master\r\n"), "LOADING"},
      {"not quite: async_loading", Step::info, plain, info("async_loading:1\r\nloading:0\r\nrole:master\r\n"), ""},
      {"not quite: loading:10", Step::info, plain, info("loading:10\r\n"), ""},
      {"a replica", Step::info, plain, info("role:slave\r\nslave_read_only:1\r\n"), "read-only replica"},
      {"a replica that takes writes", Step::info, plain, info("role:slave\r\nslave_read_only:0\r\n"), ""},
      {"INFO while it loads", Step::info, plain, error("LOADING Redis is loading the dataset in memory"), "LOADING"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    const auto sentence = judge_redis_greeting(c.step, c.to, c.reply);
    CHECK(sentence.has_value() == (*c.sentence != '\0'));
    CHECK(contains(sentence.value_or(""), c.sentence));
    CHECK_FALSE(contains(sentence.value_or(""), kPassword));
  }
}

TEST_CASE("refusals of later commands") {
  const struct {
    const char* error;
    const char* sentence;  // empty: nothing for the operator
    bool is_unusable;
  } cases[] = {
      {"MOVED 3999 127.0.0.1:6381", "cluster mode", true},
      {"CLUSTERDOWN Hash slot not served", "cluster mode", true},
      {"LOADING Redis is loading the dataset in memory", "LOADING", true},
      {"READONLY You can't write against a read only replica.", "primary", true},
      {"NOAUTH Authentication required.", "NOAUTH", true},
      {"NOPERM User app has no permissions to run the 'set' command", "'set' command", false},
      {"OOM command not allowed when used memory > 'maxmemory'.", "takes no writes: OOM", false},
      {"MISCONF Redis is configured to save RDB snapshots", "takes no writes: MISCONF", false},
      {"NOPERM \r\nforged line\x1b[0m \xff", "NOPERM ??forged line?[0m ?", false},
      {"WRONGTYPE Operation against a key", "", false},
      {"ERR no such thing", "", false},
      {"NOSCRIPT No matching script.", "", false},
      {"", "", false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.error);
    const auto trouble = redis_trouble(address("app", kPassword), c.error);
    CHECK(trouble.has_value() == (*c.sentence != '\0'));
    if (!trouble) continue;
    CHECK(contains(trouble->sentence, c.sentence));
    CHECK(trouble->is_unusable == c.is_unusable);
  }
}

TEST_CASE("the code of an error") {
  CHECK(redis_error_code("WRONGTYPE Operation") == "WRONGTYPE");
  CHECK(redis_error_code("NOSCRIPT") == "NOSCRIPT");
  CHECK(redis_error_code("Lower case") == "");
  CHECK(redis_error_code("ERRor") == "");
  CHECK(redis_error_code("") == "");
}

TEST_CASE("retries back off, spread by jitter, never beyond a second") {
  const struct {
    int failures;
    double jitter;
    std::int64_t delay_ms;
  } cases[] = {
      {0, 0, 0},     {0, 1, 0},          {1, 0, 100}, {2, 0, 200},  {3, 0, 400}, {4, 0, 800}, {5, 0, 1000},
      {60, 0, 1000}, {1 << 30, 0, 1000}, {1, 1, 50},  {1, 0.5, 75}, {9, 1, 500}, {9, 7, 500}, {9, -1, 1000},
  };
  for (const auto& c : cases) {
    CAPTURE(c.failures);
    CAPTURE(c.jitter);
    CHECK(redis_retry_delay_ms(c.failures, c.jitter) == c.delay_ms);
  }
}
