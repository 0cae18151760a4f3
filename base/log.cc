#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <mutex>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "base/log_format.h"

namespace lp {
namespace {

constexpr int kRoundMs = 100;
constexpr std::int64_t kFarewellMs = 1000;
constexpr std::int64_t kDropReportMs = 1000;

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};

const SystemClock system_clock;

void append_value(std::string& out, std::string_view text) {
  out += '"';
  append_json_escaped(out, text);
  out += '"';
}

void append_value(std::string& out, std::int64_t number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_value(std::string& out, bool flag) { out += flag ? "true" : "false"; }

std::string format_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = "{\"time\":\"";
  append_rfc3339_ms(line, system_clock.unix_ms());
  line += "\",\"level\":\"";
  line += kLevelNames[static_cast<std::size_t>(level)];
  line += "\",\"msg\":";
  append_value(line, message);
  for (const LogField& field : fields) {
    line += ',';
    append_value(line, field.key);
    line += ':';
    std::visit([&](const auto& value) { append_value(line, value); }, field.value);
  }
  line += "}";
  return line;
}

void append_word(std::string& out, std::string_view text) { append_json_escaped(out, text); }
void append_word(std::string& out, std::int64_t number) { append_value(out, number); }
void append_word(std::string& out, bool flag) { append_value(out, flag); }

bool is_empty_text(const LogField& field) {
  const auto* text = std::get_if<std::string_view>(&field.value);
  return text != nullptr && text->empty();
}

// 12:03:04 warning: the message (key value, key value), escaped as in JSON: it goes to a terminal.
std::string format_text(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string time;
  append_rfc3339_ms(time, system_clock.unix_ms());
  std::string line = time.substr(11, 8) + ' ';
  if (level != LogLevel::info) line += std::string(kLevelNames[static_cast<std::size_t>(level)]) + ": ";
  append_json_escaped(line, message);
  bool first = true;
  for (const LogField& field : fields) {
    if (is_empty_text(field)) continue;
    line += std::exchange(first, false) ? " (" : ", ";
    line += field.key;
    line += ' ';
    std::visit([&](const auto& value) { append_word(line, value); }, field.value);
  }
  return first ? line : line + ')';
}

// A descriptor that never blocks the log thread, whatever stands behind it. O_NONBLOCK can't be set on it: the flag
// would be shared with every process that holds the same terminal or pipe.
class Outlet {
 public:
  explicit Outlet(int fd) : fd_(fd) {
    struct stat about {};
    if (fd < 0 || fstat(fd, &about) != 0) {
      fd_ = -1;
    } else if (S_ISSOCK(about.st_mode)) {
      kind_ = Kind::socket;
    } else if (S_ISFIFO(about.st_mode) || isatty(fd) == 1) {
      open_anew();
    }
  }
  ~Outlet() {
    if (own_fd_ >= 0) close(own_fd_);
  }
  Outlet(const Outlet&) = delete;
  Outlet& operator=(const Outlet&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

  // As write(2): what was taken, or -1 with EAGAIN where it would have to wait.
  ssize_t write_some(std::string_view bytes) const {
    if (kind_ == Kind::socket) return send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (kind_ == Kind::piecemeal && !has_room()) {
      errno = EAGAIN;
      return -1;
    }
    const std::size_t most = kind_ == Kind::piecemeal ? PIPE_BUF : bytes.size();
    return ::write(fd_, bytes.data(), std::min(bytes.size(), most));
  }

 private:
  enum class Kind { plain, socket, piecemeal };

  // An open file description of our own may be non-blocking. Where it is not ours to open: PIPE_BUF bytes into a pipe
  // that polls writable do not block.
  void open_anew() {
    const std::string path = "/proc/self/fd/" + std::to_string(fd_);
    own_fd_ = open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own_fd_ >= 0) {
      fd_ = own_fd_;
    } else {
      kind_ = Kind::piecemeal;
    }
  }

  [[nodiscard]] bool has_room() const {
    pollfd p{fd_, POLLOUT, 0};
    return poll(&p, 1, 0) == 1;
  }

  int fd_;
  int own_fd_ = -1;
  Kind kind_ = Kind::plain;
};

// Two buffers: callers fill one while the log thread writes the other.
struct Sink {
  explicit Sink(int fd) : outlet(fd) {}

  Outlet outlet;
  std::string filling;  // guarded by Impl::mutex
  std::string writing;  // the log thread's, as is the rest
  std::size_t written = 0;

  [[nodiscard]] bool busy() const { return !writing.empty(); }

  void flush() {
    while (written < writing.size()) {
      const ssize_t n = outlet.write_some(std::string_view(writing).substr(written));
      if (n < 0 && errno == EAGAIN) return;
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) break;  // nobody reads any more (EPIPE), or the disk is full: there is nowhere to say so
      written += static_cast<std::size_t>(n);
    }
    writing.clear();
    written = 0;
  }
};

// The log thread takes no signals: they belong to the main loop, and SIGPIPE must end nobody.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

struct Log::Impl {
  explicit Impl(const Options& options)
      : access(options.access_fd),
        error(options.error_fd),
        format(options.text ? format_text : format_line),
        max_filling(options.buffer_bytes / 2) {
    LP_CHECK(wakeup_fd >= 0, "no eventfd");
    const SignalsBlocked blocked;
    thread = std::thread([this] { run(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    eventfd_write(wakeup_fd, 1);
    thread.join();
    close(wakeup_fd);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // False: dropped.
  bool append(Sink& sink, std::string_view line, bool urgent) {
    bool wake = false;
    {
      const std::lock_guard lock(mutex);
      if (sink.outlet.fd() < 0) return true;
      if (sink.filling.size() + line.size() + 1 > max_filling) {
        ++unreported_drops;
        return false;
      }
      sink.filling += line;
      sink.filling += '\n';
      wake = (urgent || asleep) && !std::exchange(awake, true);
    }
    if (wake) eventfd_write(wakeup_fd, 1);
    return true;
  }

  void run() {
    std::int64_t give_up_ms = -1;
    for (;;) {
      const bool last = take_turns();
      access.flush();
      error.flush();
      const std::int64_t now_ms = system_clock.monotonic_ms();
      if (last && give_up_ms < 0) give_up_ms = now_ms + kFarewellMs;
      if (last && (now_ms >= give_up_ms || all_written())) return;
      wait();
    }
  }

  // Hands filled buffers to the sinks that are free. True once the end has come.
  bool take_turns() {
    const std::lock_guard lock(mutex);
    awake = false;
    asleep = false;
    report_drops();
    has_written = false;
    for (Sink* sink : {&access, &error}) {
      if (!sink->busy()) sink->writing.swap(sink->filling);
      has_written = has_written || sink->busy();
    }
    return stopping;
  }

  // With the mutex held. Only when the errors flow, and not more than once a second.
  void report_drops() {
    const std::int64_t now_ms = system_clock.monotonic_ms();
    if (unreported_drops == 0 || error.outlet.fd() < 0) return;
    if (!stopping && (error.busy() || now_ms < next_report_ms)) return;
    const std::string line =
        format(LogLevel::warning, "log lines dropped", {{"count", std::exchange(unreported_drops, 0)}});
    error.filling += line + "\n";  // one line over the bound, so that it can't be crowded out
    next_report_ms = now_ms + kDropReportMs;
  }

  bool all_written() {
    const std::lock_guard lock(mutex);
    for (const Sink* sink : {&access, &error}) {
      if (sink->busy() || !sink->filling.empty()) return false;
    }
    return true;
  }

  // Who has nothing to write and was brought nothing in the last round waits for the next line, whatever it is.
  [[nodiscard]] bool falls_asleep() {
    const std::lock_guard lock(mutex);
    const bool has_nothing = access.filling.empty() && error.filling.empty() && unreported_drops == 0 && !stopping;
    asleep = has_nothing && !access.busy() && !error.busy() && !has_written;
    return asleep;
  }

  // Until a round is over, an error line has come, or a stuck sink takes bytes again.
  void wait() {
    std::array<pollfd, 3> waited{pollfd{wakeup_fd, POLLIN, 0}};
    nfds_t count = 1;
    for (const Sink* sink : {&access, &error}) {
      if (sink->busy()) waited[count++] = {sink->outlet.fd(), POLLOUT, 0};
    }
    poll(waited.data(), count, falls_asleep() ? -1 : kRoundMs);
    eventfd_t ignored = 0;
    if (waited[0].revents != 0) eventfd_read(wakeup_fd, &ignored);
  }

  Sink access;
  Sink error;
  std::string (*const format)(LogLevel, std::string_view, std::initializer_list<LogField>);
  const std::size_t max_filling;
  const int wakeup_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::mutex mutex;  // guards the sinks' filling and what follows
  bool awake = false;
  bool asleep = false;  // until somebody writes to wakeup_fd
  bool stopping = false;
  std::int64_t unreported_drops = 0;
  std::int64_t next_report_ms = 0;
  bool has_written = false;  // in this round; the log thread's
  std::thread thread;
};

Log::Log(Options options) : options_(options), impl_(std::make_unique<Impl>(options)) {}

Log::~Log() = default;

void Log::access(std::string_view json_line) {
  if (!access_enabled()) return;
  if (!impl_->append(impl_->access, json_line, false)) dropped_.fetch_add(1, std::memory_order_relaxed);
}

void Log::write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < options_.level) return;
  if (!impl_->append(impl_->error, impl_->format(level, message, fields), true)) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace lp
