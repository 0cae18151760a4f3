#include "tests/support/redis_server.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace lp::test {

bool has_redis_server() {
  if (::access(kRedisServer, X_OK) == 0) return true;
  std::printf("SKIP: %s is not installed\n", kRedisServer);
  return false;
}

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "lp-redis-XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

RedisServer::RedisServer(Arguments arguments, std::uint16_t port) : arguments_(std::move(arguments)), port_(port) {
  start();
}

void RedisServer::start() {
  int out[2];
  REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
  std::vector<std::string> words = {kRedisServer,
                                    "--port",
                                    std::to_string(port_),
                                    "--bind",
                                    "127.0.0.1",
                                    "--save",
                                    "",
                                    "--appendonly",
                                    "no",
                                    "--unixsocket",
                                    socket_path(),
                                    "--dir",
                                    folder_.file(""),
                                    "--enable-debug-command",
                                    "yes"};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(out[1], 1);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(out[1]);
  wait_until_ready(out[0]);
}

RedisAddress RedisServer::address() const {
  RedisAddress address;
  if (port_ == 0) {
    address.unix_path = socket_path();
  } else {
    address.host = "127.0.0.1";
    address.port = port_;
  }
  return address;
}

RedisOptions RedisServer::options() const {
  RedisOptions options;
  options.address = address();
  return options;
}

void RedisServer::wait_until_ready(int out) {
  std::string said;
  char part[512];
  ssize_t got = 0;
  while (said.find("eady to accept connections") == said.npos && (got = ::read(out, part, sizeof part)) > 0) {
    said.append(part, static_cast<std::size_t>(got));
  }
  REQUIRE_MESSAGE(got > 0, "redis-server did not start: " << said);
  log_ = out;
}

void RedisServer::end(int signal_number) {
  if (pid_ <= 0) return;
  ::kill(pid_, signal_number);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  ::close(log_);
  std::filesystem::remove(socket_path());
}

}  // namespace lp::test
