#include "base/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>
#include <utility>

#include "base/errno_words.h"

namespace lp {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr std::size_t kWriteBytes = std::size_t{1} << 18;
constexpr const char* kWhatToDo =
    "Restore it, or move it away; a journal of ended sessions also needs a new session.secret then, or they live again";
static_assert(kReadBytes > kJournalRecordOverheadBytes + kJournalMaxRecordBytes,
              "a record that never fits is never read");

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&&) = delete;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

// Removes the new file unless it took the old one's place.
class Removal {
 public:
  explicit Removal(const std::string& path) : path_(path) {}
  ~Removal() {
    if (!is_kept_) ::unlink(path_.c_str());
  }
  Removal(const Removal&) = delete;
  Removal& operator=(const Removal&) = delete;
  void keep() { is_kept_ = true; }

 private:
  const std::string& path_;
  bool is_kept_ = false;
};

Error failed(const std::string& what, const std::string& path, int error = errno) {
  return fail("cannot " + what + " " + path + ": " + errno_words(error));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Error cannot_open(const std::string& path, int error) {
  struct stat folder {};
  if (error == ENOENT && ::stat(folder_of(path).c_str(), &folder) != 0) {
    return fail("cannot open the journal " + path + ": the folder " + folder_of(path) + " does not exist");
  }
  if (error == ELOOP) return fail("cannot open the journal " + path + ": it is a symbolic link");
  return failed("open the journal", path, error);
}

Error not_regular(const std::string& path) {
  return fail("cannot open the journal " + path + ": it is not a regular file");
}

// One write(2); a short one is an error.
Result<void> write_at(const File& file, std::string_view bytes, std::uint64_t at, const std::string& path) {
  const ssize_t n = ::pwrite(file.fd(), bytes.data(), bytes.size(), static_cast<off_t>(at));
  if (n < 0) return failed("write to the journal", path);
  if (static_cast<std::size_t>(n) != bytes.size()) return failed("write to the journal", path, ENOSPC);
  return {};
}

Result<void> sync_folder_of(const std::string& path) {
  const std::string folder = folder_of(path);
  const File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.fd() < 0 || ::fsync(file.fd()) != 0) return failed("sync the folder", folder);
  return {};
}

// Under a name of its own first, so that the journal is there with its header or not at all, whatever cuts this short.
Result<void> create(const std::string& path, const std::string& start, bool& was_created) {
  const std::string fresh_path = path + ".create-" + std::to_string(::getpid());
  ::unlink(fresh_path.c_str());  // of a process with this number that was cut short
  const File fresh(::open(fresh_path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fresh.fd() < 0) return cannot_open(path, errno);
  const Removal removal(fresh_path);
  if (auto written = write_at(fresh, start, 0, fresh_path); !written) return written;
  if (::fdatasync(fresh.fd()) != 0) return failed("sync the journal", fresh_path);
  // Never over what another process has created meanwhile. Some file systems know no links.
  const bool is_linked = ::link(fresh_path.c_str(), path.c_str()) == 0 ||
                         (errno != EEXIST && ::rename(fresh_path.c_str(), path.c_str()) == 0);
  if (!is_linked && errno != EEXIST) return failed("create the journal", path);
  was_created = is_linked;
  return sync_folder_of(path);
}

// Locks the file that `path` names now: one that was renamed away while we waited for its lock is not it, and one that
// is not there yet has to be created first.
Result<std::optional<File>> open_and_lock_once(const std::string& path, const std::string& start, bool& was_created) {
  File file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.fd() < 0 && errno == ENOENT) {
    if (auto created = create(path, start, was_created); !created) return created.error();
    return std::optional<File>();
  }
  if (file.fd() < 0) return cannot_open(path, errno);
  struct stat opened {};
  if (::fstat(file.fd(), &opened) != 0) return failed("examine the journal", path);
  if (!S_ISREG(opened.st_mode)) return not_regular(path);
  if (::flock(file.fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("lock the journal", path);
    return fail("the journal " + path + " is in use by another process: each process needs a journal of its own");
  }
  struct stat named {};
  const bool is_named =
      ::stat(path.c_str(), &named) == 0 && named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
  if (!is_named) return std::optional<File>();
  return std::optional<File>(std::move(file));
}

Result<File> open_and_lock(const std::string& path, const std::string& start, bool& was_created) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    auto file = open_and_lock_once(path, start, was_created);
    if (!file) return file.error();
    if (file->has_value()) return std::move(**file);
  }
  return fail("the journal " + path + " is being replaced by another process");
}

// Up to `count` bytes; fewer only at the end of the file.
Result<std::string> read_at(const File& file, std::uint64_t at, std::size_t count, const std::string& path) {
  std::string out(count, '\0');
  std::size_t have = 0;
  while (have < count) {
    const ssize_t n = ::pread(file.fd(), out.data() + have, count - have, static_cast<off_t>(at + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("read the journal", path);
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  out.resize(have);
  return out;
}

// Returns where the file ends.
Result<std::uint64_t> scan(const File& file, const std::string& path, std::uint64_t from, JournalScanner& scanner,
                           const OnJournalRecord& on_record) {
  std::string rest;
  for (std::uint64_t at = from;;) {
    auto more = read_at(file, at, kReadBytes, path);
    if (!more) return more.error();
    at += more->size();
    const bool at_end = more->size() < kReadBytes;
    rest += *more;
    rest.erase(0, scanner.feed(rest, at_end, on_record));
    if (at_end) return at;
  }
}

// Writes a new file front to back through a buffer. The first error stays.
class FileWriter {
 public:
  FileWriter(const File& file, const std::string& path) : file_(file), path_(path) {}

  void put(std::string_view bytes) {
    buffer_ += bytes;
    if (buffer_.size() >= kWriteBytes) flush();
  }
  void put_record(std::string_view record) {
    append_journal_record(buffer_, record);
    ++records_;
    if (buffer_.size() >= kWriteBytes) flush();
  }
  // What was put is the whole file so far.
  void seal() {
    flush();
    if (error_) return;
    if (auto written = write_at(file_, journal_seal(end_), kJournalHeaderBytes, path_); !written) {
      error_ = written.error();
    }
  }
  [[nodiscard]] Result<void> sync() {
    flush();
    if (error_) return *error_;
    if (::fdatasync(file_.fd()) != 0) return failed("sync the journal", path_);
    return {};
  }
  [[nodiscard]] std::uint64_t records() const { return records_; }
  [[nodiscard]] std::uint64_t size_bytes() const { return end_ + buffer_.size(); }

 private:
  void flush() {
    if (!error_) {
      if (auto written = write_at(file_, buffer_, end_, path_); !written) error_ = written.error();
    }
    end_ += buffer_.size();
    buffer_.clear();
  }

  const File& file_;
  const std::string& path_;
  std::string buffer_;
  std::uint64_t end_ = 0;
  std::uint64_t records_ = 0;
  std::optional<Error> error_;
};

}  // namespace

struct Journal::State {
  std::string path;
  std::string start;  // of a file without records: header and seal
  JournalOpening opening;

  std::mutex rewriting;              // one at a time; taken before `mutex`
  mutable std::mutex mutex;          // of what follows
  std::shared_ptr<const File> file;  // shared with a sync() that is under way while rewrite() puts another in place
  std::uint64_t end = 0;
  std::uint64_t records = 0;
  bool is_sealed = true;
  bool is_dirty = false;

  struct Mark {
    std::shared_ptr<const File> file;
    std::uint64_t end = 0;
    std::uint64_t records = 0;
  };
  Mark mark() const {
    const std::lock_guard lock(mutex);
    return {file, end, records};
  }
  Result<void> begin_anew();
  Result<void> load(const JournalFormat& format, const OnJournalRecord& on_record);
  Result<void> load_records(std::optional<std::uint64_t> sealed_bytes, const OnJournalRecord& on_record);
  Result<void> carry_over(const File& from, std::uint64_t begin, std::uint64_t until, FileWriter& writer) const;
  Result<void> fill(const Records& records_to_keep, FileWriter& writer) const;
  Result<void> replace(const Mark& before, std::shared_ptr<const File> fresh, const std::string& fresh_path,
                       FileWriter& writer);
};

Journal::Journal(std::unique_ptr<State> state) : state_(std::move(state)) {}
Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;
Journal::~Journal() = default;

Result<void> Journal::State::begin_anew() {
  opening.lost_header = true;
  if (auto written = write_at(*file, start, 0, path); !written) return written;
  end = kJournalStartBytes;
  if (::fdatasync(file->fd()) != 0) return failed("sync the journal", path);
  return {};
}

namespace {

// Whether it may be taken for a journal of this kind, or for what is left of one.
Result<JournalHeader> judge_header(std::string_view head, const std::string& path, const JournalFormat& format) {
  const JournalHeader header = judge_journal_header(head, format);
  switch (header) {
    case JournalHeader::good:
    case JournalHeader::cut:
      break;
    case JournalHeader::foreign:
      return fail(path + " is not a journal of this kind, or its first bytes are damaged; it was left as it is. " +
                  kWhatToDo);
    case JournalHeader::other_version:
      return fail("the journal " + path + " was written in another version of its format; it was left as it is. " +
                  kWhatToDo);
  }
  return header;
}

}  // namespace

Result<void> examine_journal(const std::string& path, const JournalFormat& format) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.fd() < 0) return errno == ENOENT ? Result<void>() : Result<void>(cannot_open(path, errno));
  struct stat opened {};
  if (::fstat(file.fd(), &opened) != 0) return failed("examine the journal", path);
  if (!S_ISREG(opened.st_mode)) return not_regular(path);
  const auto head = read_at(file, 0, kJournalStartBytes, path);
  if (!head) return head.error();
  const auto header = judge_header(*head, path, format);
  return header ? Result<void>() : Result<void>(header.error());
}

Result<void> Journal::State::load(const JournalFormat& format, const OnJournalRecord& on_record) {
  auto head = read_at(*file, 0, kJournalStartBytes, path);
  if (!head) return head.error();
  const auto header = judge_header(*head, path, format);
  if (!header) return header.error();
  if (*header == JournalHeader::cut || head->size() < kJournalStartBytes) return begin_anew();
  return load_records(judge_journal_seal(head->substr(kJournalHeaderBytes)), on_record);
}

// The record is written before the seal, so that a killed process leaves a file that is longer than it says.
Result<void> Journal::State::load_records(std::optional<std::uint64_t> sealed_bytes, const OnJournalRecord& on_record) {
  JournalScanner scanner;
  opening.is_sealed = is_sealed = sealed_bytes.has_value();
  const auto size = scan(*file, path, is_sealed ? kJournalStartBytes : kJournalHeaderBytes, scanner, on_record);
  if (!size) return size.error();
  opening.missing_bytes = std::max(sealed_bytes.value_or(0), *size) - *size;
  opening.records = records = scanner.records();
  opening.cut_bytes = scanner.cut_bytes();
  opening.skipped_bytes = scanner.skipped_bytes();
  end = *size - opening.cut_bytes;
  if (opening.cut_bytes > 0 && ::ftruncate(file->fd(), static_cast<off_t>(end)) != 0) {
    return failed("cut an unfinished record from the journal", path);
  }
  return {};
}

Result<Journal> Journal::open(const std::string& path, const JournalFormat& format, const OnJournalRecord& on_record) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->start = journal_header(format) + journal_seal(kJournalStartBytes);
  auto file = open_and_lock(path, state->start, state->opening.was_created);
  if (!file) return file.error();
  state->file = std::make_shared<const File>(std::move(*file));
  if (auto loaded = state->load(format, on_record); !loaded) return loaded.error();
  return Journal(std::move(state));
}

const JournalOpening& Journal::opening() const { return state_->opening; }

std::uint64_t Journal::record_count() const { return state_->mark().records; }

std::uint64_t Journal::size_bytes() const { return state_->mark().end; }

Result<void> Journal::append(std::string_view record) {
  std::string bytes;
  bytes.reserve(kJournalRecordOverheadBytes + record.size());
  append_journal_record(bytes, record);
  const std::lock_guard lock(state_->mutex);
  auto written = write_at(*state_->file, bytes, state_->end, state_->path);
  if (!written) {
    // What was written of it is overwritten by the next record, or skipped when the file is read: no need to check.
    static_cast<void>(!::ftruncate(state_->file->fd(), static_cast<off_t>(state_->end)));
    return written;
  }
  state_->end += bytes.size();
  ++state_->records;
  state_->is_dirty = true;
  if (!state_->is_sealed) return {};
  return write_at(*state_->file, journal_seal(state_->end), kJournalHeaderBytes, state_->path);
}

Result<void> Journal::sync() {
  std::shared_ptr<const File> file;
  {
    const std::lock_guard lock(state_->mutex);
    if (!std::exchange(state_->is_dirty, false)) return {};
    file = state_->file;
  }
  // After a failure the kernel may call lost pages clean, so that a second sync would lie: only rewrite() mends it.
  if (::fdatasync(file->fd()) != 0) return failed("sync the journal", state_->path);
  return {};
}

Result<void> Journal::State::carry_over(const File& from, std::uint64_t begin, std::uint64_t until,
                                        FileWriter& writer) const {
  while (begin < until) {
    const auto bytes =
        read_at(from, begin, static_cast<std::size_t>(std::min<std::uint64_t>(until - begin, kReadBytes)), path);
    if (!bytes) return bytes.error();
    if (bytes->empty()) return fail("the journal " + path + " became shorter by another's hand");
    writer.put(*bytes);
    begin += bytes->size();
  }
  return {};
}

Result<void> Journal::State::fill(const Records& records_to_keep, FileWriter& writer) const {
  writer.put(start);
  if (auto kept = records_to_keep([&writer](std::string_view record) { writer.put_record(record); }); !kept)
    return kept;
  return writer.sync();
}

// Under the lock only what was appended since `before` is copied and synced.
Result<void> Journal::State::replace(const Mark& before, std::shared_ptr<const File> fresh,
                                     const std::string& fresh_path, FileWriter& writer) {
  const std::lock_guard lock(mutex);
  if (auto carried = carry_over(*file, before.end, end, writer); !carried) return carried;
  writer.seal();
  if (auto synced = writer.sync(); !synced) return synced;
  if (::rename(fresh_path.c_str(), path.c_str()) != 0) return failed("put a new journal in the place of", path);
  file = std::move(fresh);
  records = writer.records() + (records - before.records);
  end = writer.size_bytes();
  is_sealed = true;
  is_dirty = false;
  return {};
}

Result<void> Journal::rewrite(const Records& records) {
  const std::lock_guard one_at_a_time(state_->rewriting);
  const State::Mark before = state_->mark();
  const std::string fresh_path = state_->path + ".new";
  ::unlink(fresh_path.c_str());  // of a rewriting that a crash cut short: the lock on the journal makes it ours
  const auto fresh = std::make_shared<const File>(
      ::open(fresh_path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fresh->fd() < 0) return failed("create", fresh_path);
  Removal removal(fresh_path);
  if (::flock(fresh->fd(), LOCK_EX | LOCK_NB) != 0) return failed("lock", fresh_path);
  FileWriter writer(*fresh, fresh_path);
  if (auto filled = state_->fill(records, writer); !filled) return filled;
  if (auto replaced = state_->replace(before, fresh, fresh_path, writer); !replaced) return replaced;
  removal.keep();
  return sync_folder_of(state_->path);
}

}  // namespace lp
