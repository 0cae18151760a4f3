#pragma once
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace lp {

enum class LogLevel { debug, info, warning, error };

// One field of a log line. Values are escaped as JSON, control bytes and broken UTF-8 included, and cut at 2 KiB:
// whatever the outside world sends stays one line (threat O17).
struct LogField {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, bool> value;
};

// The log thread and its two sinks: access lines to stdout (or nowhere) and error lines to stderr. A line is appended
// to a bounded buffer under a short lock; a slow or dead sink never stalls the caller: lines beyond the bound are
// dropped and counted, and the count is logged when there is room again. All members may be called from any thread.
class Log {
 public:
  struct Options {
    int access_fd = 1;  // -1: off
    int error_fd = 2;
    std::size_t buffer_bytes = 4 << 20;  // per sink
    LogLevel level = LogLevel::info;
    bool text = false;  // event lines for people, not JSON
  };
  explicit Log(Options options);
  ~Log();  // writes what is buffered, waits at most a second for a stuck sink
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // A complete JSON object without newline. Written within 100 ms; the first after a silence wakes the log thread up,
  // all others cost no system call.
  void access(std::string_view json_line);
  [[nodiscard]] bool access_enabled() const { return options_.access_fd >= 0; }
  // {"time":...,"level":...,"msg":...,fields...}. Never pass a token, code, cookie or secret.
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});
  void info(std::string_view m, std::initializer_list<LogField> f = {}) { write(LogLevel::info, m, f); }
  void warning(std::string_view m, std::initializer_list<LogField> f = {}) { write(LogLevel::warning, m, f); }
  void error(std::string_view m, std::initializer_list<LogField> f = {}) { write(LogLevel::error, m, f); }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Impl;
  Options options_;
  std::atomic<std::uint64_t> dropped_{0};
  std::unique_ptr<Impl> impl_;
};

}  // namespace lp
