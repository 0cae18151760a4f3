#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

// The bytes of a journal file (base/journal.h), without the file. Pure.
//   header   magic (8) || version (4) || CRC-32C of these (4)
//   seal     0x5A << 24 | length (4) || CRC-32C as of a record (4) || where the file ended (8), written over again with
//            each record: a file that is shorter was cut, also where no record was; the earliest files have none
//   record   0xA5 << 24 | length (4) || CRC-32C of the length word and the payload (4) || payload
// Numbers are little-endian. A payload is never empty, so that a run of zeros, which a loss of power can leave at the
// end, is no record; the mark in the length word makes the search behind damage cheap. The checksum finds accidents,
// not forgeries: whoever can write the file can end or keep sessions anyway.
namespace lp {

inline constexpr std::size_t kJournalMagicBytes = 8;
inline constexpr std::size_t kJournalHeaderBytes = 16;
inline constexpr std::size_t kJournalSealBytes = 16;
// What a file begins with. No shorter one ever held a record of ours.
inline constexpr std::size_t kJournalStartBytes = kJournalHeaderBytes + kJournalSealBytes;
inline constexpr std::size_t kJournalRecordOverheadBytes = 8;
inline constexpr std::size_t kJournalMaxRecordBytes = 64 * 1024;

struct JournalFormat {
  std::string_view magic;  // kJournalMagicBytes of static storage: what the records mean
  std::uint32_t version = 1;
};

// Castagnoli's polynomial (RFC 3720 B.4). `before`: the checksum of the bytes in front of these.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

[[nodiscard]] std::string journal_header(const JournalFormat& format);

enum class JournalHeader {
  good,
  cut,  // the beginning of one, or nothing
  foreign,
  other_version,
};
// `file`: its first kJournalHeaderBytes, or all of it if it is shorter.
[[nodiscard]] JournalHeader judge_journal_header(std::string_view file, const JournalFormat& format);

[[nodiscard]] std::string journal_seal(std::uint64_t file_bytes);
// How long the file was once, by what stands behind the header; nullopt: no sound seal stands there.
[[nodiscard]] std::optional<std::uint64_t> judge_journal_seal(std::string_view behind_header);

// `payload`: 1 to kJournalMaxRecordBytes.
void append_journal_record(std::string& out, std::string_view payload);

// The payload is valid during the call only.
using OnJournalRecord = std::function<void(std::string_view payload)>;

// Finds the records in what follows the header, fed in pieces. Damage costs only the records that it touches: the
// scanner looks for the next sound one byte by byte.
class JournalScanner {
 public:
  // Returns how many bytes are done with; feed the others again with what follows them. `at_end`: nothing follows, and
  // all are done with.
  std::size_t feed(std::string_view bytes, bool at_end, const OnJournalRecord& on_record);

  [[nodiscard]] std::uint64_t records() const { return records_; }
  // Damage: records may have stood there.
  [[nodiscard]] std::uint64_t skipped_bytes() const { return skipped_bytes_; }
  // At the very end, the beginning of a record: a crash while it was written. Known after the feed `at_end`.
  [[nodiscard]] std::uint64_t cut_bytes() const { return cut_bytes_; }

 private:
  void step_over_damage(bool unfinished);
  void end_damage(bool at_end);

  std::uint64_t records_ = 0;
  std::uint64_t skipped_bytes_ = 0;
  std::uint64_t cut_bytes_ = 0;
  std::uint64_t gap_bytes_ = 0;  // since the last sound record
  bool gap_is_unfinished_ = false;
};

}  // namespace lp
