#pragma once
#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/redis_client.h"

// A real redis-server of its own in a folder of its own, on a unix socket and, where asked for, a port.
namespace lp::test {

inline constexpr const char* kRedisServer = "/usr/bin/redis-server";

// False after a line that says so; tests/run.sh installs it.
bool has_redis_server();
#define LP_NEED_REDIS_SERVER() \
  if (!lp::test::has_redis_server()) return

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::uint16_t free_port();

class RedisServer {
 public:
  using Arguments = std::vector<std::string>;
  // `port` 0: the unix socket only.
  explicit RedisServer(Arguments arguments = {}, std::uint16_t port = 0);
  ~RedisServer() { kill(); }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // Returns when it accepts connections: it says so.
  void start();

  void kill() { end(SIGKILL); }

  // Stops or continues the process, as a machine that hangs does.
  void freeze() const { ::kill(pid_, SIGSTOP); }
  void thaw() const { ::kill(pid_, SIGCONT); }

  [[nodiscard]] std::string socket_path() const { return folder_.file("redis.sock"); }
  [[nodiscard]] RedisAddress address() const;
  [[nodiscard]] RedisOptions options() const;

 private:
  void wait_until_ready(int out);
  void end(int signal_number);

  const TemporaryFolder folder_;
  const Arguments arguments_;
  const std::uint16_t port_;
  pid_t pid_ = -1;
  int log_ = -1;  // its standard output: kept, not read
};

}  // namespace lp::test
