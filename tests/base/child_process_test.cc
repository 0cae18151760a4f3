#include "base/child_process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>

using namespace lp;

namespace {

struct Run {
  EventLoop loop;
  std::optional<ChildProcess::Outcome> outcome;
  std::string error;
  // One that hangs is ended by the limit of the test run.
  explicit Run(const ChildProcess::Order& order) {
    auto child = ChildProcess::start(loop, order, [this](ChildProcess::Outcome got) {
      outcome = std::move(got);
      loop.stop();
    });
    if (!child) {
      error = child.error().message;
      return;
    }
    CHECK_FALSE(outcome);  // never inside the call
    loop.run();
  }
};

ChildProcess::Order shell(const std::string& script) { return {"/bin/sh", {"-c", script}, {"X=y"}, "/"}; }

}  // namespace

TEST_CASE("a program's output and how it ended are told") {
  const Run ran(shell("echo out; echo err >&2; exit 7"));
  REQUIRE(ran.outcome);
  CHECK(ran.outcome->exit_status == 7);
  CHECK(ran.outcome->output == "out\nerr\n");
  CHECK_FALSE(ran.outcome->was_too_slow);
}

TEST_CASE("one that ends at once is told of too") {
  for (int i = 0; i < 50; ++i) {
    const Run ran({"/bin/true", {}, {}, "/"});
    REQUIRE(ran.outcome);
    CHECK(ran.outcome->exit_status == 0);
  }
}

TEST_CASE("it gets nothing of ours but what it is given") {
  ::setenv("LP_TEST_SECRET", "hush", 1);
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()) == 0);  // not even close-on-exec
  ChildProcess::Order order = shell("env | sort; pwd; ls -l /proc/self/fd | wc -l; echo hello >&3; trap '' PIPE; cat");
  order.descriptors = {{ends[1], 3}};
  std::signal(SIGPIPE, SIG_IGN);
  const Run ran(order);
  REQUIRE(ran.outcome);
  CHECK(ran.outcome->output.find("X=y") != std::string::npos);
  CHECK(ran.outcome->output.find("hush") == std::string::npos);
  CHECK(ran.outcome->output.find("\n/\n") != std::string::npos);
  CHECK(ran.outcome->output.find("\n6\n") != std::string::npos);  // "total", 0, 1, 2, 3 and the folder that ls reads
  std::array<char, 16> said{};
  CHECK(::recv(ends[0], said.data(), said.size(), MSG_DONTWAIT) == 6);
  for (const int fd : ends) ::close(fd);
  ::unsetenv("LP_TEST_SECRET");
}

TEST_CASE("of much output the end is kept") {
  const Run ran(shell("i=0; while [ $i -lt 3000 ]; do echo line $i of many; i=$((i+1)); done"));
  REQUIRE(ran.outcome);
  CHECK(ran.outcome->output.size() <= 8 * 1024);
  CHECK(ran.outcome->output.ends_with("line 2999 of many\n"));
}

TEST_CASE("one that goes on for too long is ended, with what it has started") {
  ChildProcess::Order order = shell("trap '' TERM; sleep 1000 & echo $!; sleep 1000; sleep 1000");
  order.patience_ms = 200;
  const Run ran(order);
  REQUIRE(ran.outcome);
  CHECK(ran.outcome->was_too_slow);
  CHECK(ran.outcome->exit_status == -1);
  const auto grandchild = static_cast<pid_t>(std::stol(ran.outcome->output));
  for (int i = 0; ::kill(grandchild, 0) == 0 && i < 1000; ++i) ::usleep(1000);  // whoever inherits it reaps it
}

TEST_CASE("what cannot be run is an error that names it") {
  const Run ran({"/nowhere/uacme", {}, {}, "/"});
  CHECK_FALSE(ran.outcome);
  CHECK(ran.error == "cannot run /nowhere/uacme: No such file or directory");
}

TEST_CASE("whoever is not waited for any more is ended") {
  EventLoop loop;
  auto child = ChildProcess::start(loop, shell("exec sleep 1000"), [](const ChildProcess::Outcome&) {});
  REQUIRE(child);
  child->reset();  // waits for its end, or this test would not come to its own
}

TEST_CASE("a program is found where the shell finds it") {
  CHECK(find_program("sh", "/nowhere::relative:/bin") == "/bin/sh");
  CHECK(find_program("sh", "/nowhere").empty());
  CHECK(find_program("sh", "").empty());
  CHECK(find_program("passwd", "/etc").empty());  // nothing that may be run
}
