#pragma once
#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/event.h"
#include "base/result.h"

namespace lp {

// A program that runs beside us for a while: its output is kept, its end is told on the loop, and nothing waits for it.
// It has nothing of ours but what it is given: no environment, no descriptor, no signal that is ignored; it is in a
// process group of its own, so that a terminal's Ctrl-C does not reach it. On the thread that runs the loop, which must
// be the one that has the process's signals (SIGCHLD is taken while one of these lives).
class ChildProcess {
 public:
  struct Order {
    std::string program;  // absolute: nobody looks for it, and there is no shell
    std::vector<std::string> arguments;
    std::vector<std::string> environment;            // NAME=VALUE
    std::string folder;                              // where it begins
    std::vector<std::pair<int, int>> descriptors{};  // ours, and the number from 3 that it has them by
    std::int64_t patience_ms = 60'000;               // then it is ended, first with SIGTERM
  };
  struct Outcome {
    bool was_too_slow = false;
    int exit_status = -1;  // -1: ended by a signal
    std::string output;    // the last bytes of both streams
  };
  using OnEnd = std::function<void(Outcome)>;

  // `on_end` is called once, never inside this call; it may destroy this by defer_delete only. The error names the
  // program.
  [[nodiscard]] static Result<std::unique_ptr<ChildProcess>> start(EventLoop& loop, const Order& order, OnEnd on_end);
  // Ends it where it still runs, with all that it has started.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

 private:
  ChildProcess(EventLoop& loop, int output, OnEnd on_end);
  [[nodiscard]] int spawn(const Order& order, int output);
  void read_output();
  void look();
  void lose_patience();

  pid_t pid_ = -1;
  int output_;
  OnEnd on_end_;
  Outcome outcome_;
  bool is_running_ = false;
  SignalEvent on_child_;
  IoEvent on_output_;
  Timer patience_;
};

// Where the shell would find a program: a file in one of the folders of `path` ("/usr/bin:/bin") that may be run.
// Empty: nowhere.
[[nodiscard]] std::string find_program(const std::string& name, const std::string& path);

}  // namespace lp
