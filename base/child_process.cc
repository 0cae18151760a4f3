#include "base/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "base/check.h"
#include "base/errno_words.h"

namespace lp {
namespace {

constexpr std::size_t kOutputBytes = 8 * 1024;
constexpr std::int64_t kUntilKilledMs = 3'000;
constexpr int kFirstGiven = 3;
constexpr int kAboveGiven = 64;  // where ours are out of the way of the numbers that the program has them by

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

class Attributes {
 public:
  Attributes() {
    LP_CHECK(posix_spawnattr_init(&value) == 0, "out of memory");
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&value, &none);
    posix_spawnattr_setsigdefault(&value, &all);  // SIGPIPE and SIGHUP are ignored here
    posix_spawnattr_setpgroup(&value, 0);
    posix_spawnattr_setflags(&value, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~Attributes() { posix_spawnattr_destroy(&value); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  posix_spawnattr_t value{};
};

class Actions {
 public:
  Actions(const ChildProcess::Order& order, int output) {
    LP_CHECK(posix_spawn_file_actions_init(&value) == 0, "out of memory");
    posix_spawn_file_actions_addchdir_np(&value, order.folder.c_str());
    posix_spawn_file_actions_addopen(&value, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&value, output, 1);
    posix_spawn_file_actions_adddup2(&value, output, 2);
    int above = kFirstGiven;
    for (const auto& [ours, as] : order.descriptors) {
      moved_.push_back(::fcntl(ours, F_DUPFD_CLOEXEC, kAboveGiven));
      posix_spawn_file_actions_adddup2(&value, moved_.back(), as);
      above = std::max(above, as + 1);
    }
    posix_spawn_file_actions_addclosefrom_np(&value, above);
  }
  ~Actions() {
    posix_spawn_file_actions_destroy(&value);
    for (const int fd : moved_) ::close(fd);
  }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  posix_spawn_file_actions_t value{};

 private:
  std::vector<int> moved_;
};

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(EventLoop& loop, const Order& order, OnEnd on_end) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail("cannot run " + order.program + ": " + errno_words(errno));
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  const int output = ::fcntl(ends[1], F_DUPFD_CLOEXEC, kAboveGiven);
  ::close(ends[1]);
  // First the signal is listened to: it may end before we are back.
  std::unique_ptr<ChildProcess> child(new ChildProcess(loop, ends[0], std::move(on_end)));
  const int why = child->spawn(order, output);
  ::close(output);
  if (why != 0) return fail("cannot run " + order.program + ": " + errno_words(why));
  return child;
}

ChildProcess::ChildProcess(EventLoop& loop, int output, OnEnd on_end)
    : output_(output),
      on_end_(std::move(on_end)),
      on_child_(loop, SIGCHLD, [this] { look(); }),
      on_output_(loop, output, kReadable, [this] { read_output(); }),
      patience_(loop, [this] { lose_patience(); }) {}

int ChildProcess::spawn(const Order& order, int output) {
  std::vector<std::string> arguments = order.arguments;
  arguments.insert(arguments.begin(), order.program);
  std::vector<std::string> environment = order.environment;
  const Attributes attributes;
  const Actions actions(order, output);
  const int why = ::posix_spawn(&pid_, order.program.c_str(), &actions.value, &attributes.value,
                                pointers_to(arguments).data(), pointers_to(environment).data());
  is_running_ = why == 0;
  if (!is_running_) return why;
  on_output_.enable();
  patience_.start_ms(order.patience_ms);
  return 0;
}

ChildProcess::~ChildProcess() {
  on_output_.disable();
  ::close(output_);
  if (!is_running_) return;
  ::kill(-pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void ChildProcess::read_output() {
  std::array<char, 4096> bytes;
  while (true) {
    const ssize_t got = ::read(output_, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) on_output_.disable();
    if (got <= 0) return;
    outcome_.output.append(bytes.data(), static_cast<std::size_t>(got));
    if (outcome_.output.size() > kOutputBytes) outcome_.output.erase(0, outcome_.output.size() - kOutputBytes);
  }
}

void ChildProcess::look() {
  siginfo_t about{};
  const bool has_ended = is_running_ &&
                         ::waitid(P_PID, static_cast<id_t>(pid_), &about, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                         about.si_pid == pid_;
  if (!has_ended) return;
  ::kill(-pid_, SIGKILL);  // what it has left behind, while the number is its own
  int status = 0;
  ::waitpid(pid_, &status, 0);
  is_running_ = false;
  patience_.stop();
  read_output();
  if (WIFEXITED(status)) outcome_.exit_status = WEXITSTATUS(status);
  on_end_(std::move(outcome_));
}

void ChildProcess::lose_patience() {
  ::kill(-pid_, outcome_.was_too_slow ? SIGKILL : SIGTERM);
  outcome_.was_too_slow = true;
  patience_.start_ms(kUntilKilledMs);
}

std::string find_program(const std::string& name, const std::string& path) {
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string file = std::string(rest.substr(0, end)) + "/" + name;
    rest.remove_prefix(std::min(end + 1, rest.size()));
    struct stat about {};
    const bool is_file = file.front() == '/' && ::stat(file.c_str(), &about) == 0 && S_ISREG(about.st_mode);
    if (is_file && ::access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

}  // namespace lp
