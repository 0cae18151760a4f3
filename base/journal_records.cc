#include "base/journal_records.h"

#include <array>

#include "base/check.h"

namespace lp {
namespace {

constexpr std::uint32_t kMark = 0xA5000000u;
constexpr std::uint32_t kSealMark = 0x5A000000u;
constexpr std::uint32_t kMarkMask = 0xff000000u;
constexpr std::size_t kWordBytes = 4;

using CrcTable = std::array<std::uint32_t, 256>;

constexpr CrcTable make_crc_table() {
  CrcTable table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
    table[i] = crc;
  }
  return table;
}

constexpr CrcTable kCrcTable = make_crc_table();

void append_word(std::string& out, std::uint32_t word) {
  for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>((word >> shift) & 0xff);
}

std::uint32_t word_at(std::string_view bytes, std::size_t at) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < kWordBytes; ++i) {
    word |= std::uint32_t{static_cast<std::uint8_t>(bytes[at + i])} << (8 * i);
  }
  return word;
}

void append_checked(std::string& out, std::uint32_t mark, std::string_view payload) {
  std::string word;
  append_word(word, mark | static_cast<std::uint32_t>(payload.size()));
  out += word;
  append_word(out, crc32c(payload, crc32c(word)));
  out += payload;
}

enum class Found { record, broken, unfinished };

// What `bytes` begin with; a record's payload in `payload`.
Found look(std::string_view bytes, std::string_view& payload) {
  if (bytes.size() < kWordBytes) return Found::unfinished;
  const std::uint32_t word = word_at(bytes, 0);
  const std::size_t length = word & ~kMarkMask;
  if ((word & kMarkMask) != kMark || length == 0 || length > kJournalMaxRecordBytes) return Found::broken;
  if (bytes.size() < kJournalRecordOverheadBytes + length) return Found::unfinished;
  payload = bytes.substr(kJournalRecordOverheadBytes, length);
  const std::uint32_t crc = crc32c(payload, crc32c(bytes.substr(0, kWordBytes)));
  return crc == word_at(bytes, kWordBytes) ? Found::record : Found::broken;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
  std::uint32_t crc = ~before;
  for (const char c : bytes) crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<std::uint8_t>(c)) & 0xff];
  return ~crc;
}

std::string journal_header(const JournalFormat& format) {
  LP_CHECK(format.magic.size() == kJournalMagicBytes, "a journal's magic has another length");
  std::string header(format.magic);
  append_word(header, format.version);
  append_word(header, crc32c(header));
  return header;
}

JournalHeader judge_journal_header(std::string_view file, const JournalFormat& format) {
  const std::string wanted = journal_header(format);
  const std::string_view head = file.substr(0, kJournalHeaderBytes);
  if (head == wanted) return JournalHeader::good;
  if (head.size() < kJournalHeaderBytes) {
    return wanted.starts_with(head) ? JournalHeader::cut : JournalHeader::foreign;
  }
  const bool is_sound =
      crc32c(head.substr(0, kJournalHeaderBytes - kWordBytes)) == word_at(head, kJournalHeaderBytes - kWordBytes);
  return is_sound && head.starts_with(format.magic) ? JournalHeader::other_version : JournalHeader::foreign;
}

std::string journal_seal(std::uint64_t file_bytes) {
  std::string payload;
  append_word(payload, static_cast<std::uint32_t>(file_bytes));
  append_word(payload, static_cast<std::uint32_t>(file_bytes >> 32));
  std::string seal;
  append_checked(seal, kSealMark, payload);
  return seal;
}

std::optional<std::uint64_t> judge_journal_seal(std::string_view behind_header) {
  const std::string_view seal = behind_header.substr(0, kJournalSealBytes);
  if (seal.size() < kJournalSealBytes) return std::nullopt;
  const std::uint64_t file_bytes = word_at(seal, kJournalRecordOverheadBytes) |
                                   std::uint64_t{word_at(seal, kJournalRecordOverheadBytes + kWordBytes)} << 32;
  if (seal != journal_seal(file_bytes)) return std::nullopt;
  return file_bytes;
}

void append_journal_record(std::string& out, std::string_view payload) {
  LP_CHECK(!payload.empty() && payload.size() <= kJournalMaxRecordBytes, "a journal record of a forbidden size");
  append_checked(out, kMark, payload);
}

std::size_t JournalScanner::feed(std::string_view bytes, bool at_end, const OnJournalRecord& on_record) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    std::string_view payload;
    const Found found = look(bytes.substr(at), payload);
    if (found == Found::unfinished && !at_end) break;
    if (found != Found::record) {
      step_over_damage(found == Found::unfinished);
      ++at;
      continue;
    }
    end_damage(false);
    ++records_;
    on_record(payload);
    at += kJournalRecordOverheadBytes + payload.size();
  }
  if (at_end) end_damage(true);
  return at;
}

// What a gap is, its first byte says: an unfinished record with a sound one behind it is damage all the same.
void JournalScanner::step_over_damage(bool unfinished) {
  if (gap_bytes_++ == 0) gap_is_unfinished_ = unfinished;
}

void JournalScanner::end_damage(bool at_end) {
  (at_end && gap_is_unfinished_ ? cut_bytes_ : skipped_bytes_) += gap_bytes_;
  gap_bytes_ = 0;
}

}  // namespace lp
