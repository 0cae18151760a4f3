#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/journal_records.h"
#include "base/result.h"

namespace lp {

// What opening found in the file.
struct JournalOpening {
  bool was_created = false;
  std::uint64_t records = 0;
  bool is_sealed = true;            // else what is cut away between two records goes unseen, until rewrite()
  bool lost_header = false;         // the file was there, but empty or shorter than what it begins with
  std::uint64_t missing_bytes = 0;  // that the file once had, by its seal: cut off, records and all
  std::uint64_t cut_bytes = 0;      // an unfinished record at the end: cut away; a loss of power, or a cut file
  std::uint64_t skipped_bytes = 0;  // damage in the middle: stays in the file until rewrite()
  // Records that somebody was told of may be gone.
  [[nodiscard]] bool is_damaged() const {
    return lost_header || missing_bytes > 0 || cut_bytes > 0 || skipped_bytes > 0;
  }
};

// An append-only file of checksummed records that outlives a kill -9, and a loss of power as far as it was synced. What
// the records say is the owner's business; so is that a record told twice does no harm. All members may be called from
// any thread. The file is locked (flock) while the Journal lives: two processes on one would overwrite each other.
class Journal {
 public:
  // Calls `write` for each record to keep, in order. An error gives the rewriting up.
  using WriteRecord = std::function<void(std::string_view record)>;
  using Records = std::function<Result<void>(const WriteRecord& write)>;

  // Reads all records, then is ready to append. Creates the file (mode 0600) in a folder that must exist, with its
  // header from the first moment, so that one without it is damage. Never touches a file that is not a journal of this
  // format and version; follows no symbolic link.
  [[nodiscard]] static Result<Journal> open(const std::string& path, const JournalFormat& format,
                                            const OnJournalRecord& on_record);
  Journal(Journal&&) noexcept;
  Journal& operator=(Journal&&) noexcept;
  ~Journal();

  [[nodiscard]] const JournalOpening& opening() const;

  // One write(2), so that a killed process leaves a whole record or a tail that the next start cuts away; then one for
  // the seal. After an error (a full disk) the record may not be in the file and later ones may be.
  [[nodiscard]] Result<void> append(std::string_view record);
  // fdatasync, if something was appended since the last one. Blocks on the disk, but no append() meanwhile.
  [[nodiscard]] Result<void> sync();
  // Puts a new file that holds just `records` in the place of the old, synced. append() goes on meanwhile: what it adds
  // after rewrite() was called is carried over, so `records` must give what was appended before. Blocks on the disk;
  // an append() waits at most for the last bytes. After an error the old file is still in use.
  [[nodiscard]] Result<void> rewrite(const Records& records);

  [[nodiscard]] std::uint64_t record_count() const;  // in the file, outdated ones too
  [[nodiscard]] std::uint64_t size_bytes() const;

 private:
  struct State;
  explicit Journal(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Whether Journal::open() would take what stands there, as far as its kind says: nothing, or a journal of this format.
// Changes nothing, and takes no lock.
[[nodiscard]] Result<void> examine_journal(const std::string& path, const JournalFormat& format);

}  // namespace lp
