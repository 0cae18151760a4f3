#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/redis_reply.h"
#include "base/secret.h"

// Where a Redis server is, what is said to it first, and what its refusals mean for the operator. Pure.
namespace lp {

struct RedisAddress {
  std::string host;  // name or IP literal (IPv6 without brackets)
  std::uint16_t port = 6379;
  std::string unix_path;  // not empty: this instead of host and port, and never with TLS
  bool tls = false;       // the certificate must be for `host`
  std::string ca_file;    // PEM; empty: the system's authorities
  std::string username;   // ACL user; empty: the default one
  Secret password;        // empty: none
  int database = 0;

  [[nodiscard]] std::string text() const;  // host:port or unix:path, for messages
};

// AUTH, SELECT where they are needed, and INFO, which tells a cluster, a replica and a server that still loads before
// any command of ours fails on them. The first holds the password.
enum class RedisGreetingStep { auth, select, info };
[[nodiscard]] std::vector<RedisGreetingStep> redis_greeting(const RedisAddress& address);
[[nodiscard]] std::vector<std::string> redis_greeting_command(RedisGreetingStep step, const RedisAddress& address);
// The sentence for the operator; nullopt: go on. It never holds words of the server about AUTH, because some servers
// quote a command that they don't know with its arguments.
[[nodiscard]] std::optional<std::string> judge_redis_greeting(RedisGreetingStep step, const RedisAddress& address,
                                                              const RedisReply& reply);

// The same for a command that is refused later.
struct RedisTrouble {
  bool is_unusable = false;  // no command will work on this connection: leave it and try again
  std::string sentence;
};
[[nodiscard]] std::optional<RedisTrouble> redis_trouble(const RedisAddress& address, std::string_view error_text);

// The word in capitals that an error begins with: "NOPERM", "ERR", ...; empty where there is none.
[[nodiscard]] std::string_view redis_error_code(std::string_view error_text);
// 100 ms, doubling to 5 s, of which `jitter` (0 to 1) takes away up to a half, so that the replicas of a proxy don't
// come back all at once. `failures` counts those in a row: 0 is no wait.
[[nodiscard]] std::int64_t redis_retry_delay_ms(int failures, double jitter);

}  // namespace lp
