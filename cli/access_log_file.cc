#include "cli/access_log_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace lp {

AccessLogFile::~AccessLogFile() {
  if (!path_.empty() && fd_ >= 0) ::close(fd_);
}

bool AccessLogFile::reopen() {
  if (path_.empty()) {
    fd_ = STDOUT_FILENO;
    return true;
  }
  // Not waiting for the reader of a pipe; who reads the group's files may read it, others not: it names people.
  const int fresh = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
  if (fresh < 0) return false;
  if (fd_ < 0) {
    fd_ = fresh;
    return true;
  }
  const bool is_taken = ::dup3(fresh, fd_, O_CLOEXEC) >= 0;
  const int error = errno;
  ::close(fresh);
  errno = error;
  return is_taken;
}

}  // namespace lp
