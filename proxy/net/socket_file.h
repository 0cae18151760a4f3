#pragma once
#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/resolver.h"
#include "base/result.h"

namespace lp {

inline constexpr gid_t kSameGroup = static_cast<gid_t>(-1);

// By name or number.
[[nodiscard]] Result<gid_t> group_id(const std::string& group);

// The file of a socket that is bound to it and does not listen yet. Removed when this goes, if it is still the one: by
// then another process may have its own there.
class SocketFile {
 public:
  // With `mode`, unless that is -1, and this group.
  [[nodiscard]] static Result<SocketFile> take(const std::string& path, int mode, gid_t group);
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&&) = delete;
  ~SocketFile();

 private:
  SocketFile(std::string path, dev_t device, ino_t inode) : path_(std::move(path)), device_(device), inode_(inode) {}
  std::string path_;  // empty: nothing to remove
  dev_t device_;
  ino_t inode_;
};

// Where there is a socket that nobody listens on. One that answers is somebody's, and so is one that is too busy to, or
// that we may not ask.
void remove_stale_socket(const SocketAddress& address, const std::string& path);

}  // namespace lp
