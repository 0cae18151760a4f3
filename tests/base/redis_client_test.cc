#include "base/redis_client.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/redis_server.h"
#include "tests/support/test_certificates.h"
#include "tests/support/turn_loop.h"

using namespace lp;
using namespace lp::test;
using Kind = RedisError::Kind;

namespace {

using Outcome = Result<RedisReply, RedisError>;
using Words = std::vector<std::string>;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

// A client on a loop, and what it says.
struct Client {
  EventLoop loop;
  std::vector<RedisState> states;
  std::unique_ptr<RedisClient> redis;

  explicit Client(RedisOptions options) {
    redis =
        std::make_unique<RedisClient>(loop, std::move(options), [this](const RedisState& s) { states.push_back(s); });
  }
  Outcome ask(Words argv, std::int64_t timeout_ms = 0) {
    std::optional<Outcome> outcome;
    bool inside = true;
    const auto handle = redis->command(
        std::move(argv),
        [&](Outcome o) {
          CHECK_FALSE(inside);
          outcome.emplace(std::move(o));
        },
        timeout_ms);
    inside = false;
    REQUIRE(wait_until(loop, [&] { return outcome.has_value(); }));
    return std::move(*outcome);
  }
  bool wait_for_state(bool connected, std::size_t after = 0) {
    return wait_until(loop, [&] { return states.size() > after && states.back().connected == connected; });
  }
  // Of the state that the client is in once it has tried.
  std::string reason() {
    wait_until(loop, [&] { return !states.empty(); });
    return states.back().reason;
  }
};

std::string text_of(const Outcome& outcome) {
  return outcome ? std::string(outcome->text()) : "failed: " + outcome.error().message;
}
bool failed_as(const Outcome& outcome, Kind kind) { return !outcome && outcome.error().kind == kind; }

// A listener that says `greeting` to whoever connects and keeps the connections.
class FakeServer {
 public:
  FakeServer(EventLoop& loop, std::string greeting) : greeting_(std::move(greeting)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd_, 16) == 0);
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    accepting_ = std::make_unique<IoEvent>(loop, fd_, kReadable, [this] { accept(); });
    accepting_->enable();
  }
  ~FakeServer() {
    accepting_.reset();
    ::close(fd_);
    close_all();
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] RedisOptions options() const {
    RedisOptions options;
    options.address.host = "127.0.0.1";
    options.address.port = port_;
    return options;
  }
  void say(std::string_view bytes) {
    for (const int peer : peers_) REQUIRE(::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0);
  }
  // What the newest peer sent beyond the greeting, which is "INFO" alone.
  [[nodiscard]] bool was_asked_more() const {
    int bytes = 0;
    return !peers_.empty() && ::ioctl(peers_.back(), FIONREAD, &bytes) == 0 && bytes > 14;
  }
  void close_all() {
    for (const int peer : peers_) ::close(peer);
    peers_.clear();
  }
  [[nodiscard]] int accepted() const { return accepted_; }

 private:
  void accept() {
    const int peer = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (peer < 0) return;
    ++accepted_;
    peers_.push_back(peer);
    if (!greeting_.empty()) ::send(peer, greeting_.data(), greeting_.size(), MSG_NOSIGNAL);
  }
  const std::string greeting_;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  int accepted_ = 0;
  std::vector<int> peers_;
  std::unique_ptr<IoEvent> accepting_;
};
constexpr const char* kEmptyInfo = "$0\r\n\r\n";

}  // namespace

TEST_CASE("commands over TCP and over a unix socket") {
  LP_NEED_REDIS_SERVER();
  for (const std::uint16_t port : {std::uint16_t{0}, free_port()}) {
    CAPTURE(port);
    const RedisServer server({}, port);
    Client client(server.options());
    CHECK_FALSE(client.redis->state().connected);
    CHECK(text_of(client.ask({"SET", "key", std::string("a\r\n\0b", 5)})) == "OK");
    CHECK(client.ask({"GET", "key"})->string() == std::string("a\r\n\0b", 5));
    CHECK(client.ask({"GET", "nothing"})->is_nil());
    CHECK(client.ask({"INCR", "count"})->integer() == 1);
    CHECK(client.ask({"MGET", "key", "nothing"})->size() == 2);
    CHECK(client.states == std::vector{RedisState{true, ""}});
    const auto refused = client.ask({"LPUSH", "key", "x"});
    REQUIRE(failed_as(refused, Kind::server_error));
    CHECK(refused.error().code() == "WRONGTYPE");
    CHECK(text_of(client.ask({"PING"})) == "PONG");
  }
}

TEST_CASE("a name from the hosts file or DNS is looked up without blocking; localhost needs none") {
  LP_NEED_REDIS_SERVER();
  const RedisServer server({}, free_port());
  RedisOptions options = server.options();
  options.address.host = "localhost";
  CHECK(text_of(Client(options).ask({"PING"})) == "PONG");
  options.address.host = std::string(70, 'a');  // no name: refused without asking anybody
  Client client(options);
  CHECK(failed_as(client.ask({"PING"}), Kind::unreachable));
  CHECK(contains(client.reason(), "has no address"));
}

TEST_CASE("a thousand commands of one turn are answered in order, large ones too") {
  LP_NEED_REDIS_SERVER();
  const RedisServer server;
  Client client(server.options());
  std::vector<std::unique_ptr<RedisClient::Handle>> handles;
  std::string order, expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string word = std::to_string(i) + (i % 100 == 0 ? std::string(100'000, 'x') : "") + ",";
    expected += word;
    handles.push_back(client.redis->command({"ECHO", word}, [&](const Outcome& o) { order += text_of(o); }));
  }
  wait_until(client.loop, [&] { return order.size() >= expected.size(); });
  CHECK(order == expected);
}

TEST_CASE("a dropped handle is not called back, and its reply is not taken for another's") {
  LP_NEED_REDIS_SERVER();
  const RedisServer server;
  Client client(server.options());
  CHECK(text_of(client.ask({"PING"})) == "PONG");
  std::string order;
  const auto note = [&](const Outcome& o) { order += text_of(o); };
  auto first = client.redis->command({"ECHO", "1"}, note);
  auto unsent = client.redis->command({"INCR", "n"}, note);
  unsent.reset();  // nobody heard of it yet, and nobody will
  std::unique_ptr<RedisClient::Handle> third;
  third = client.redis->command({"ECHO", "3"}, [&](const Outcome& o) {
    note(o);
    first.reset();  // over already
    third.reset();  // its own
  });
  wait_until(client.loop, [&] { return order == "13"; });
  CHECK(client.ask({"GET", "n"})->is_nil());
  // Sent, and dropped before its reply.
  std::unique_ptr<RedisClient::Handle> sent;
  auto before = client.redis->command({"ECHO", "4"}, [&](const Outcome& o) {
    note(o);
    sent.reset();
  });
  sent = client.redis->command({"ECHO", "5"}, note);
  CHECK(text_of(client.ask({"ECHO", "6"})) == "6");
  CHECK(order == "134");
}

TEST_CASE("handles may outlive the client, which calls nobody once it is gone") {
  LP_NEED_REDIS_SERVER();
  const RedisServer server;
  Client client(server.options());
  CHECK(text_of(client.ask({"PING"})) == "PONG");
  const auto waits = client.redis->command({"PING"}, [](const Outcome&) { FAIL("the client is gone"); });
  client.redis.reset();
  bool turned = false;
  client.loop.post([&] { turned = true; });
  wait_until(client.loop, [&] { return turned; });
}

TEST_CASE("a callback may ask again") {
  LP_NEED_REDIS_SERVER();
  const RedisServer server;
  Client client(server.options());
  int left = 50;
  std::unique_ptr<RedisClient::Handle> handle;
  std::function<void(const Outcome&)> again = [&](const Outcome& o) {
    CHECK(o.ok());
    if (--left > 0) handle = client.redis->command({"PING"}, again);
  };
  handle = client.redis->command({"PING"}, again);
  wait_until(client.loop, [&] { return left == 0; });
}

TEST_CASE("passwords and users") {
  LP_NEED_REDIS_SERVER();
  const RedisServer server({"--requirepass", "correct-horse", "--user", "app", "on", ">app-secret", "~app:*", "+@all",
                            "-flushall", "-info", "-select"});
  const struct {
    std::string says;
    const char* username;
    const char* password;
    int database;
    const char* reason;  // empty: let in
  } cases[] = {
      {"the default user", "", "correct-horse", 0, ""},
      {"the default user by name", "default", "correct-horse", 0, ""},
      {"another user, who may not even ask INFO", "app", "app-secret", 0, ""},
      {"no password", "", "", 0, "wants a password (NOAUTH)"},
      {"a wrong password", "", "battery-staple", 0, "refuses the password of the default user"},
      {"a wrong password of a user", "app", "battery-staple", 0, "refuses the password of the user app"},
      {"no such user", "nobody", "battery-staple", 0, "refuses the password of the user nobody"},
      {"SELECT not allowed", "app", "app-secret", 3, "lacks a permission that is needed: NOPERM"},
      {"a database", "", "correct-horse", 15, ""},
      {"a database too far", "", "correct-horse", 16, "no database 16"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    RedisOptions options = server.options();
    options.address.username = c.username;
    options.address.password = Secret(c.password);
    options.address.database = c.database;
    Client client(options);
    const auto outcome = client.ask({"SET", "app:key", c.says});
    CHECK(outcome.ok() == (*c.reason == '\0'));
    CHECK(contains(client.reason(), c.reason));
    CHECK(contains(text_of(outcome), c.reason));
    CHECK_FALSE(contains(client.reason(), "battery-staple"));
  }
  RedisOptions options = server.options();
  options.address.password = Secret("correct-horse");
  CHECK(Client(options).ask({"GET", "app:key"})->string() == "another user, who may not even ask INFO");
  options.address.database = 15;
  CHECK(Client(options).ask({"GET", "app:key"})->string() == "a database");
}

TEST_CASE("a password where none is set") {
  LP_NEED_REDIS_SERVER();
  const RedisServer server;
  RedisOptions options = server.options();
  options.address.password = Secret("correct-horse");
  CHECK(contains(Client(options).reason(), "default user has none"));
}

TEST_CASE("a missing permission is told once, and the connection goes on") {
  LP_NEED_REDIS_SERVER();
  const RedisServer server({"--user", "app", "on", ">app-secret", "~app:*", "+get", "+ping"});
  RedisOptions options = server.options();
  options.address.username = "app";
  options.address.password = Secret("app-secret");
  Client client(options);
  for (int i = 0; i < 3; ++i) {
    const auto outcome = client.ask({"SET", "app:key", "x"});
    REQUIRE(failed_as(outcome, Kind::server_error));
    CHECK(outcome.error().code() == "NOPERM");
  }
  CHECK(text_of(client.ask({"PING"})) == "PONG");
  REQUIRE(client.states.size() == 2);
  CHECK(client.states[1].connected);
  CHECK(contains(client.states[1].reason, "the user app lacks a permission that is needed: NOPERM"));
}

TEST_CASE("servers that are no use are told apart") {
  LP_NEED_REDIS_SERVER();
  const std::string nowhere = std::to_string(free_port());
  const struct {
    std::string says;
    RedisServer::Arguments arguments;
    std::uint16_t port;
    const char* reason;
  } cases[] = {
      {"cluster mode",
       {"--cluster-enabled", "yes", "--cluster-port", std::to_string(free_port())},
       free_port(),
       "cluster mode"},
      {"a replica", {"--replicaof", "127.0.0.1", nowhere}, 0, "read-only replica"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    const RedisServer server(c.arguments, c.port);
    Client client(server.options());
    CHECK(failed_as(client.ask({"SET", "key", "x"}), Kind::unreachable));
    CHECK_FALSE(client.redis->state().connected);
    CHECK(contains(client.reason(), c.reason));
  }
}

TEST_CASE("a primary that becomes a replica is left, and found again when it is a primary") {
  LP_NEED_REDIS_SERVER();
  const RedisServer server;
  Client operators(server.options());
  Client client(server.options());
  CHECK(text_of(client.ask({"SET", "key", "x"})) == "OK");
  CHECK(text_of(operators.ask({"REPLICAOF", "127.0.0.1", std::to_string(free_port())})) == "OK");
  const auto outcome = client.ask({"SET", "key", "y"});
  REQUIRE(failed_as(outcome, Kind::server_error));
  CHECK(outcome.error().code() == "READONLY");
  CHECK_FALSE(client.redis->state().connected);
  CHECK(contains(client.states.back().reason, "read-only replica"));
  const std::size_t told = client.states.size();
  CHECK(text_of(operators.ask({"REPLICAOF", "NO", "ONE"})) == "OK");
  CHECK(client.wait_for_state(true, told));
  CHECK(text_of(client.ask({"SET", "key", "z"})) == "OK");
  CHECK(client.states.size() == told + 1);  // the attempts in between told nothing new
}

TEST_CASE("a server that was killed and restarted is found again, and commands meanwhile fail at once") {
  LP_NEED_REDIS_SERVER();
  RedisServer server;
  Client client(server.options());
  CHECK(text_of(client.ask({"PING"})) == "PONG");
  std::vector<Kind> lost;
  std::vector<std::unique_ptr<RedisClient::Handle>> handles;
  const auto note = [&](const Outcome& o) { lost.push_back(o.error().kind); };
  handles.push_back(client.redis->command({"BLPOP", "nothing", "0"}, note, 60'000));
  handles.push_back(client.redis->command({"PING"}, note));
  server.kill();
  wait_until(client.loop, [&] { return lost.size() == 2; });
  CHECK(lost == std::vector{Kind::unreachable, Kind::unreachable});
  CHECK_FALSE(client.redis->state().connected);
  CHECK(failed_as(client.ask({"PING"}), Kind::unreachable));
  server.start();
  CHECK(client.wait_for_state(true, 1));
  CHECK(text_of(client.ask({"PING"})) == "PONG");
  CHECK(client.states.front().connected);
  CHECK(client.states.back() == RedisState{true, ""});
}

TEST_CASE("killed and restarted under load: each command ends once, and no answer is another's") {
  LP_NEED_REDIS_SERVER();
  RedisServer server;
  Client client(server.options());
  constexpr std::size_t kAskers = 50;
  std::vector<std::unique_ptr<RedisClient::Handle>> handles(kAskers);
  int asked = 0, answered = 0, failed = 0, wrong = 0;
  bool stopping = false;
  std::function<void(std::size_t)> ask = [&](std::size_t asker) {
    if (stopping) return;
    const std::string word = std::to_string(++asked) + std::string(asker * 200, 'x');
    handles[asker] = client.redis->command({"ECHO", word}, [&, asker, word](const Outcome& o) {
      ++(o ? answered : failed);
      if (o && o->string() != word) ++wrong;
      ask(asker);
    });
  };
  for (std::size_t asker = 0; asker < kAskers; ++asker) ask(asker);
  for (int round = 1; round <= 3; ++round) {
    const int before = answered;
    wait_until(client.loop, [&] { return answered > before + 500; });
    server.kill();
    const int failed_before = failed;
    wait_until(client.loop, [&] { return failed > failed_before + static_cast<int>(kAskers); });
    server.start();
  }
  wait_until(client.loop, [&] { return client.redis->state().connected; });
  stopping = true;
  wait_until(client.loop, [&] { return answered + failed == asked; });
  CHECK(wrong == 0);
}

TEST_CASE("a server that is not there yet") {
  LP_NEED_REDIS_SERVER();
  RedisServer server;
  server.kill();
  Client client(server.options());
  const auto outcome = client.ask({"PING"});  // waits for the end of the first attempt
  REQUIRE(failed_as(outcome, Kind::unreachable));
  CHECK(contains(outcome.error().message, "Redis at unix:" + server.socket_path() + ": No such file or directory"));
  CHECK(client.redis->state().reason == outcome.error().message);
  server.start();
  CHECK(client.wait_for_state(true));
}

TEST_CASE("a server that hangs takes down what is in flight, and is left") {
  LP_NEED_REDIS_SERVER();
  const RedisServer server;
  RedisOptions options = server.options();
  options.connect_timeout_ms = 200;
  Client client(options);
  CHECK(text_of(client.ask({"PING"})) == "PONG");
  server.freeze();
  std::vector<Kind> lost;
  const auto note = [&](const Outcome& o) { lost.push_back(o.error().kind); };
  const auto patient = client.redis->command({"PING"}, note, 600'000);
  const auto hurried = client.redis->command({"PING"}, note, 100);
  wait_until(client.loop, [&] { return lost.size() == 2; });
  CHECK(lost == std::vector{Kind::timed_out, Kind::timed_out});
  CHECK(contains(client.states.back().reason, "did not answer a command in time"));
  wait_until(client.loop, [&] { return contains(client.states.back().reason, "it does not answer"); });
  const std::size_t told = client.states.size();
  server.thaw();
  CHECK(client.wait_for_state(true, told));
  CHECK(text_of(client.ask({"PING"})) == "PONG");
}

TEST_CASE("a command that may take its time does, and others behind it wait as long") {
  LP_NEED_REDIS_SERVER();
  const RedisServer server;
  RedisOptions options = server.options();
  options.command_timeout_ms = 50;
  Client client(options);
  CHECK(client.ask({"BLPOP", "nothing", "0.3"}, 60'000)->is_nil());
  CHECK(client.states.size() == 1);
}

TEST_CASE("a server that never greets is given up after its time") {
  EventLoop quiet;  // accepts by the kernel alone
  const FakeServer fake(quiet, "");
  RedisOptions options = fake.options();
  options.connect_timeout_ms = 100;
  Client client(options);
  CHECK(failed_as(client.ask({"PING"}), Kind::unreachable));
  CHECK(contains(client.reason(), "it does not answer"));
}

TEST_CASE("what is no Redis is told as that") {
  const struct {
    std::string says;
    std::string greeting;
    const char* reason;
  } cases[] = {
      {"an HTTP server", "HTTP/1.1 400 Bad Request\r\n\r\n", "no reply of Redis"},
      {"noise", std::string("\x16\x03\x01\0", 4), "no reply of Redis"},
      {"an answer to no question", "$0\r\n\r\n+OK\r\n", "answers what was not asked"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    EventLoop loop;
    const FakeServer fake(loop, c.greeting);
    std::vector<RedisState> states;
    const RedisClient redis(loop, fake.options(), [&](const RedisState& s) { states.push_back(s); });
    wait_until(loop, [&] { return !states.empty() && !states.back().connected; });
    CHECK(contains(states.back().reason, c.reason));
  }
}

TEST_CASE("garbage instead of an answer fails what is in flight") {
  EventLoop loop;
  FakeServer fake(loop, kEmptyInfo);
  RedisClient redis(loop, fake.options(), {});
  wait_until(loop, [&] { return redis.state().connected; });
  std::string said;
  const auto note = [&](const Outcome& o) {
    said += o ? std::string(o->text()) : o.error().kind == Kind::protocol ? " protocol" : " other";
  };
  const auto one = redis.command({"PING"}, note);
  const auto two = redis.command({"PING"}, note);
  const auto three = redis.command({"PING"}, note);
  wait_until(loop, [&] { return fake.was_asked_more(); });
  fake.say("+PONG\r\n?what\r\n");
  wait_until(loop, [&] { return !redis.state().connected; });
  CHECK(said == "PONG protocol protocol");
}

TEST_CASE("who throws us out at once is not asked without a pause") {
  EventLoop loop;
  FakeServer fake(loop, kEmptyInfo);
  RedisOptions options = fake.options();
  int asked_jitter = 0;
  options.jitter = [&] {
    ++asked_jitter;
    return 1.0;
  };
  std::vector<RedisState> states;
  RedisClient redis(loop, options, [&](const RedisState& s) {
    states.push_back(s);
    if (s.connected) fake.close_all();
  });
  wait_until(loop, [&] { return fake.accepted() == 4; });
  CHECK(asked_jitter >= 3);
}

TEST_CASE("more commands than are allowed to wait fail at once") {
  EventLoop loop;
  FakeServer fake(loop, kEmptyInfo);
  RedisOptions options = fake.options();
  options.max_commands = 3;
  RedisClient redis(loop, options, {});
  std::vector<std::string> failures;
  std::vector<std::unique_ptr<RedisClient::Handle>> handles;
  for (int i = 0; i < 5; ++i) {
    handles.push_back(redis.command({"PING"}, [&](const Outcome& o) { failures.push_back(text_of(o)); }));
  }
  wait_until(loop, [&] { return failures.size() == 2; });
  for (const auto& failure : failures) CHECK(contains(failure, "too many commands"));
}

TEST_CASE("TLS: the server must be who it should be") {
  LP_NEED_REDIS_SERVER();
  const TemporaryFolder folder;
  const TestCertificates certificates(folder.file(""), "redis.localhost");
  const TestCertificates strangers(folder.file("strangers-"), "redis.localhost");
  const std::uint16_t port = free_port();
  const RedisServer server({"--tls-port", std::to_string(port), "--tls-cert-file", certificates.certificate_file(),
                            "--tls-key-file", certificates.key_file(), "--tls-ca-cert-file", certificates.ca_file(),
                            "--tls-auth-clients", "no"});
  const struct {
    std::string says;
    const char* host;
    std::string ca_file;
    const char* reason;  // empty: connected
  } cases[] = {
      {"the right name", "redis.localhost", certificates.ca_file(), ""},
      {"the right address", "127.0.0.1", certificates.ca_file(), ""},
      {"a wrong name", "localhost", certificates.ca_file(), "certificate is not accepted: hostname mismatch"},
      {"a wrong authority", "redis.localhost", strangers.ca_file(), "certificate is not accepted: "},
      {"the system's authorities", "redis.localhost", "", "certificate is not accepted: "},
      {"no such file", "redis.localhost", folder.file("missing.pem"), "cannot read"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    RedisOptions options;
    options.connect_timeout_ms = 20'000;  // reading all authorities under a sanitizer
    options.command_timeout_ms = 20'000;
    options.address.host = c.host;
    options.address.port = port;
    options.address.tls = true;
    options.address.ca_file = c.ca_file;
    Client client(options);
    const std::string large(300'000, 'x');
    const auto outcome = client.ask({"ECHO", large});
    CHECK(text_of(outcome).size() == (*c.reason ? text_of(outcome).size() : large.size()));
    CHECK(outcome.ok() == (*c.reason == '\0'));
    CHECK(contains(client.reason(), c.reason));
  }
}

TEST_CASE("TLS where there is none, and none where there is") {
  LP_NEED_REDIS_SERVER();
  const TemporaryFolder folder;
  const TestCertificates certificates(folder.file(""), "redis.localhost");
  const std::uint16_t tls_port = free_port();
  const RedisServer server({"--tls-port", std::to_string(tls_port), "--tls-cert-file", certificates.certificate_file(),
                            "--tls-key-file", certificates.key_file(), "--tls-ca-cert-file", certificates.ca_file()},
                           free_port());
  RedisOptions options = server.options();
  options.address.tls = true;
  options.address.ca_file = certificates.ca_file();
  Client encrypted(options);
  CHECK_FALSE(encrypted.ask({"PING"}).ok());
  CHECK_FALSE(encrypted.redis->state().connected);
  RedisOptions plain = server.options();
  plain.address.port = tls_port;
  Client open(plain);
  CHECK_FALSE(open.ask({"PING"}).ok());
  CHECK_FALSE(open.redis->state().connected);
  // This server wants a certificate of ours, and there is none to show.
  options.address.port = tls_port;
  options.address.host = "redis.localhost";
  Client unknown(options);
  CHECK_FALSE(unknown.ask({"PING"}).ok());
  CHECK(contains(unknown.reason(), "certificate required"));
}
