#include "proxy/net/socket_file.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "base/errno_words.h"
#include "proxy/net/socket.h"

namespace lp {

Result<gid_t> group_id(const std::string& group) {
  gid_t number = 0;
  const auto [end, error] = std::from_chars(group.data(), group.data() + group.size(), number);
  if (error == std::errc() && end == group.data() + group.size()) return number;
  struct ::group entry {};
  struct ::group* found = nullptr;
  std::array<char, 16 * 1024> texts{};
  const int why = ::getgrnam_r(group.c_str(), &entry, texts.data(), texts.size(), &found);
  if (found != nullptr) return entry.gr_gid;
  return fail("there is no group '" + group + "' on this machine" + (why != 0 ? ": " + errno_words(why) : ""));
}

Result<SocketFile> SocketFile::take(const std::string& path, int mode, gid_t group) {
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) return fail("its file is gone: " + errno_words(errno));
  SocketFile file(path, about.st_dev, about.st_ino);
  if (group != kSameGroup && ::lchown(path.c_str(), kSameGroup, group) != 0) {
    const int error = errno;
    return fail("cannot give it to its group: " + errno_words(error) +
                (error == EPERM ? " (a process may do so with the groups that it is in)" : ""));
  }
  if (mode >= 0 && ::fchmodat(AT_FDCWD, path.c_str(), static_cast<mode_t>(mode), 0) != 0)
    return fail("cannot set its mode: " + errno_words(errno));
  return file;
}

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

SocketFile::~SocketFile() {
  struct stat about {};
  if (path_.empty() || ::lstat(path_.c_str(), &about) != 0) return;
  if (about.st_dev == device_ && about.st_ino == inode_) ::unlink(path_.c_str());
}

void remove_stale_socket(const SocketAddress& address, const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return;
  const Socket probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int answer = ::connect(probe.fd(), reinterpret_cast<const sockaddr*>(&address.storage), address.length);
  if (answer != 0 && errno == ECONNREFUSED) ::unlink(path.c_str());
}

}  // namespace lp
