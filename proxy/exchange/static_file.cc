#include "proxy/exchange/static_file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "base/encoding.h"

namespace lp {
namespace {

constexpr std::size_t kChunkBytes = 32 * 1024;
constexpr std::size_t kCodedBytesAtOnce = 8 * kChunkBytes;  // about 5 ms

bool is_hidden(std::string_view name) { return name.front() == '.' && name != ".well-known"; }

// Relative to the directory; nullopt: no file has such a name.
std::optional<std::string> relative_path(std::string_view path) {
  std::string relative;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    const auto name = percent_decode(path.substr(0, end));
    path.remove_prefix(end);
    if (!name) return std::nullopt;
    if (name->empty()) continue;
    if (is_hidden(*name) || name->find('/') != name->npos || name->find('\0') != name->npos) return std::nullopt;
    relative.append(relative.empty() ? "" : "/").append(*name);
  }
  return relative.empty() ? "." : relative;
}

// Component by component, no link followed: where the kernel, or a container's filter, knows no openat2.
int open_without_links(int directory, std::string_view relative) {
  int at = dup(directory);
  while (at >= 0) {
    const std::size_t end = std::min(relative.find('/'), relative.size());
    const std::string name(relative.substr(0, end));
    const int next = openat(at, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    ::close(at);
    if (end == relative.size()) return next;
    relative.remove_prefix(end + 1);
    at = next;
  }
  return -1;
}

// Nothing outside the directory, whatever links say.
int open_beneath(const std::string& directory, const std::string& relative) {
  const int root = ::open(directory.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  if (root < 0) return -1;
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;  // a FIFO there must not hold the worker
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  int fd = static_cast<int>(syscall(SYS_openat2, root, relative.c_str(), &how, sizeof how));
  if (fd < 0 && (errno == ENOSYS || errno == EPERM)) fd = open_without_links(root, relative);
  ::close(root);
  return fd;
}

}  // namespace

StaticFile::~StaticFile() { close(); }

void StaticFile::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

StaticFile::Outcome StaticFile::open(const std::string& directory, std::string_view path, StaticFile& into) {
  into.close();
  auto relative = relative_path(path);
  if (!relative) return Outcome::none;
  const bool means_folder = path.ends_with('/');
  if (means_folder) relative->append("/index.html");
  into.fd_ = open_beneath(directory, *relative);
  struct stat found {};
  if (into.fd_ < 0 || fstat(into.fd_, &found) != 0) return Outcome::none;
  if (!S_ISREG(found.st_mode)) {
    into.close();
    return S_ISDIR(found.st_mode) && !means_folder ? Outcome::folder : Outcome::none;
  }
  into.size_bytes_ = static_cast<std::uint64_t>(found.st_size);
  into.modified_ns_ = found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec;
  into.name_ = *relative;
  return Outcome::file;
}

std::optional<std::string> StaticFile::read_whole(std::size_t most_bytes) const {
  if (size_bytes_ > most_bytes) return std::nullopt;
  std::string text(size_bytes_, '\0');
  const bool is_whole = pread(fd_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
  return is_whole ? std::optional(std::move(text)) : std::nullopt;
}

void StaticFile::select(std::uint64_t begin, std::uint64_t length_bytes) {
  at_ = begin;
  left_bytes_ = length_bytes;
}

StaticFile::Progress StaticFile::send(ClientStream& client, AnswerCoding* coding) {
  std::array<char, kChunkBytes> chunk;
  const std::uint64_t until =
      coding != nullptr && left_bytes_ > kCodedBytesAtOnce ? left_bytes_ - kCodedBytesAtOnce : 0;
  while (left_bytes_ > until) {
    if (client.unsent_bytes() > kChunkBytes) client.flush();
    if (client.unsent_bytes() > kChunkBytes || client.room() != ClientStream::Room::some) return Progress::waits;
    const std::size_t wanted = std::min<std::uint64_t>(chunk.size(), left_bytes_);
    const ssize_t got = pread(fd_, chunk.data(), wanted, static_cast<off_t>(at_));
    if (got <= 0) return Progress::broken;
    const std::string_view bytes(chunk.data(), static_cast<std::size_t>(got));
    if (coding != nullptr)
      coding->send(client, bytes);
    else
      client.send_body(bytes);
    at_ += static_cast<std::uint64_t>(got);
    left_bytes_ -= static_cast<std::uint64_t>(got);
  }
  if (left_bytes_ > 0) return Progress::yields;
  if (coding != nullptr) coding->finish(client);
  return Progress::done;
}

}  // namespace lp
