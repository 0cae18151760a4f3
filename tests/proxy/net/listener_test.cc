#include "proxy/net/listener.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "tests/support/wire.h"

using namespace lp;
using namespace lp::test;

namespace {

ListenSettings tcp(const std::string& host, std::uint16_t port) { return {ListenSettings::Kind::tcp, host, port, ""}; }
ListenSettings unix_socket(const std::string& path) { return {ListenSettings::Kind::unix_socket, "", 0, path}; }

std::uint16_t port_of(const Listener& listener) {
  return static_cast<std::uint16_t>(std::stoi(listener.address().substr(listener.address().rfind(':') + 1)));
}

struct TemporaryFolder {
  std::string path = (std::filesystem::temp_directory_path() / "logto-proxy-XXXXXX").string();
  TemporaryFolder() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
};

bool connects_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const Socket socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  return ::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

TEST_CASE("every worker gets a socket of its own on the one address") {
  const auto listener = Listener::open(tcp("127.0.0.1", 0), 3);
  REQUIRE(listener);
  CHECK(listener->address().starts_with("127.0.0.1:"));
  CHECK(port_of(*listener) != 0);
  CHECK(listener->fd_for(0) != listener->fd_for(1));
  CHECK(listener->fd_for(1) != listener->fd_for(2));
  CHECK(listener->fd_for(3) == listener->fd_for(0));
}

TEST_CASE("an address in use is an error that names it, also for another that shares ports") {
  const auto first = Listener::open(tcp("127.0.0.1", 0), 2);
  REQUIRE(first);
  const auto second = Listener::open(tcp("127.0.0.1", port_of(*first)), 1);
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find(first->address()) != std::string::npos);
  CHECK(second.error().message.find("another process") != std::string::npos);
}

TEST_CASE("an IPv6 address is shown in brackets") {
  const auto listener = Listener::open(tcp("::1", 0), 1);
  if (!listener) {
    MESSAGE("SKIP: no IPv6 here: " << listener.error().message);
    return;
  }
  CHECK(listener->address().starts_with("[::1]:"));
}

TEST_CASE("a name is no address to listen on") {
  const auto listener = Listener::open(tcp("wiki.example", 8080), 1);
  REQUIRE_FALSE(listener);
  CHECK(listener.error().message.find("wiki.example:8080") != std::string::npos);
}

TEST_CASE("a unix socket is the first worker's, and its file goes at the end") {
  const TemporaryFolder folder;
  const std::string path = folder.path + "/http.sock";
  {
    auto opened = Listener::open(unix_socket(path), 2);
    REQUIRE(opened);
    const Listener listener = std::move(*opened);
    CHECK(listener.address() == "unix:" + path);
    CHECK(listener.fd_for(0) >= 0);
    CHECK(listener.fd_for(1) == -1);
    CHECK(connects_to(path));
    const auto second = Listener::open(unix_socket(path), 1);
    CHECK_FALSE(second);
    CHECK(connects_to(path));  // the living one has lost nothing
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("the socket file of a dead process is replaced, any other file is not") {
  const TemporaryFolder folder;
  const std::string path = folder.path + "/http.sock";
  {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    const Socket dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    REQUIRE(::bind(dead.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  CHECK(std::filesystem::exists(path));
  {
    const auto listener = Listener::open(unix_socket(path), 1);
    CHECK(listener.ok());
  }
  std::filesystem::create_directory(path);
  CHECK_FALSE(Listener::open(unix_socket(path), 1));
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("the file of a unix socket has the mode and the group that it is to have") {
  const TemporaryFolder folder;
  ListenSettings settings = unix_socket(folder.path + "/http.sock");
  settings.mode = 0620;
  settings.group = std::to_string(::getgid());
  const auto listener = Listener::open(settings, 1);
  REQUIRE(listener);
  struct stat about {};
  REQUIRE(::stat(settings.path.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0620);
  CHECK(about.st_gid == ::getgid());
}

TEST_CASE("a group that is not there, and a folder that is not, are told by their names") {
  const TemporaryFolder folder;
  ListenSettings settings = unix_socket(folder.path + "/http.sock");
  settings.group = "no-such-group";
  const auto without_group = Listener::open(settings, 1);
  REQUIRE_FALSE(without_group);
  CHECK(without_group.error().message.find("there is no group 'no-such-group'") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(settings.path));
  const auto without_folder = Listener::open(unix_socket(folder.path + "/none/http.sock"), 1);
  REQUIRE_FALSE(without_folder);
  CHECK(without_folder.error().message.find("the folder does not exist") != std::string::npos);
}

TEST_CASE("who comes after us at the same place keeps his file") {
  const TemporaryFolder folder;
  const std::string path = folder.path + "/http.sock";
  std::optional<Listener> later;
  {
    const auto first = Listener::open(unix_socket(path), 1);
    REQUIRE(first);
    std::filesystem::rename(path, path + ".old");
    auto second = Listener::open(unix_socket(path), 1);
    REQUIRE(second);
    later.emplace(std::move(*second));
  }
  CHECK(connects_to(path));
}

TEST_CASE("a socket whose queue is full is somebody's") {
  const TemporaryFolder folder;
  const std::string path = folder.path + "/http.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const Socket busy(::socket(AF_UNIX, SOCK_STREAM, 0));
  REQUIRE(::bind(busy.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(busy.fd(), 0) == 0);
  const Socket waits(::socket(AF_UNIX, SOCK_STREAM, 0));
  REQUIRE(::connect(waits.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  const auto listener = Listener::open(unix_socket(path), 1);
  REQUIRE_FALSE(listener);
  CHECK(listener.error().message.find("another process serves there") != std::string::npos);
}

TEST_CASE("an abstract name needs no file") {
  const std::string name = "@logto-proxy-test-" + std::to_string(::getpid());
  const auto listener = Listener::open(unix_socket(name), 1);
  REQUIRE(listener);
  CHECK(listener->address() == "unix:" + name);
  CHECK_FALSE(std::filesystem::exists(name));
  CHECK_FALSE(Listener::open(unix_socket(name), 1));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data() + 1, name.size() - 1);
  const Socket client(::socket(AF_UNIX, SOCK_STREAM, 0));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  CHECK(::connect(client.fd(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
}

TEST_CASE("a path that no unix socket can have") {
  const auto listener = Listener::open(unix_socket("/" + std::string(200, 'x')), 1);
  REQUIRE_FALSE(listener);
  CHECK(listener.error().message.find("too long") != std::string::npos);
}
