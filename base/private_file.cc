#include "base/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "base/errno_words.h"

namespace lp {
namespace {

std::string folder_of_file(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string cannot_be_made_in(const std::string& folder, int error) {
  return "cannot be made in " + folder + ": " + errno_words(error);
}

// "": all of it is there.
std::string write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno_words(errno);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return ::fsync(fd) == 0 ? "" : errno_words(errno);
}

// Best effort: who may not give it away keeps it.
void leave_to_owner_of(const std::string& folder, int fd) {
  struct stat about {};
  if (::geteuid() != 0 || ::stat(folder.c_str(), &about) != 0) return;
  static_cast<void>(::fchown(fd, about.st_uid, about.st_gid) == 0);
}

}  // namespace

std::string write_private_file(const std::string& path, const Secret& text) {
  std::string beside = path + ".XXXXXX";
  const int fd = ::mkostemp(beside.data(), O_CLOEXEC);  // mode 0600
  if (fd < 0) return cannot_be_made_in(folder_of_file(path), errno);
  leave_to_owner_of(folder_of_file(path), fd);
  std::string why = write_all(fd, text.reveal());
  ::close(fd);
  if (why.empty() && ::rename(beside.c_str(), path.c_str()) != 0) why = errno_words(errno);
  if (!why.empty()) ::unlink(beside.c_str());
  return why;
}

std::string why_no_private_file(const std::string& path) {
  const std::string folder = folder_of_file(path);
  struct stat about {};
  if (::stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode)) return errno_words(EISDIR);
  const bool is_folder = ::stat((folder + "/").c_str(), &about) == 0;  // ENOTDIR where it is a file
  if (is_folder && ::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0) return "";
  return cannot_be_made_in(folder, errno);
}

}  // namespace lp
