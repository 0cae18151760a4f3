#pragma once
#include <string>

namespace lp {

// Where access lines go: a file of `access_log.output`, or standard output where that names none. One descriptor for
// the life of the process: a file that was moved away by whoever rotates logs is opened anew under the same number, and
// the log thread, which writes to it meanwhile, notices nothing.
class AccessLogFile {
 public:
  explicit AccessLogFile(std::string path) : path_(std::move(path)) {}
  ~AccessLogFile();
  AccessLogFile(const AccessLogFile&) = delete;
  AccessLogFile& operator=(const AccessLogFile&) = delete;

  // False, with errno: it cannot be opened; an older one goes on.
  [[nodiscard]] bool reopen();
  [[nodiscard]] int fd() const { return fd_; }

 private:
  const std::string path_;
  int fd_ = -1;
};

}  // namespace lp
