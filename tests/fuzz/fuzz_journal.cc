// The reader of journals: what the pieces are that a file is read in makes no difference, each byte is accounted for,
// damage in front of a record doesn't hide it, and what decodes as a revocation has one spelling.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/session/revocation_record.h"
#include "base/check.h"
#include "base/journal_records.h"

namespace {

using Records = std::vector<std::string>;

lp::OnJournalRecord into(Records& records) {
  return [&records](std::string_view record) { records.emplace_back(record); };
}

// In pieces of `piece` bytes.
lp::JournalScanner scan(std::string_view bytes, std::size_t piece, Records& records) {
  lp::JournalScanner scanner;
  std::string rest;
  for (std::size_t at = 0;; at += piece) {
    const bool at_end = bytes.size() - at <= piece;
    rest += bytes.substr(at, piece);
    rest.erase(0, scanner.feed(rest, at_end, into(records)));
    if (!at_end) continue;
    LP_CHECK(rest.empty(), "bytes were left at the end");
    return scanner;
  }
}

void check_records(const lp::JournalScanner& scanner, const Records& records, std::size_t size) {
  std::size_t accounted = scanner.skipped_bytes() + scanner.cut_bytes();
  for (const std::string& record : records) {
    accounted += lp::kJournalRecordOverheadBytes + record.size();
    const auto decoded = lp::decode_revocation_record(record);
    if (decoded) LP_CHECK(lp::encode_revocation_record(*decoded) == record, "a record with a second spelling");
  }
  LP_CHECK(accounted == size, "bytes were lost or made");
  LP_CHECK(scanner.records() == records.size(), "a record was not counted");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static_cast<void>(lp::decode_revocation_record(bytes));
  Records whole;
  const lp::JournalScanner scanner = scan(bytes, std::max<std::size_t>(size, 1), whole);
  check_records(scanner, whole, size);

  Records pieces;
  const lp::JournalScanner again = scan(bytes, 1 + size / 7, pieces);
  LP_CHECK(
      pieces == whole && again.skipped_bytes() == scanner.skipped_bytes() && again.cut_bytes() == scanner.cut_bytes(),
      "reading in pieces reads something else");

  std::string longer(bytes);
  lp::append_journal_record(longer, "a record behind whatever this is");
  Records more;
  static_cast<void>(scan(longer, longer.size(), more));
  LP_CHECK(!more.empty() && more.back() == "a record behind whatever this is", "damage hid the record behind it");

  const auto sealed_bytes = lp::judge_journal_seal(bytes);
  LP_CHECK(!sealed_bytes || bytes.starts_with(lp::journal_seal(*sealed_bytes)), "a seal with a second spelling");

  const lp::JournalHeader header = lp::judge_journal_header(bytes, lp::kRevocationJournal);
  LP_CHECK(header != lp::JournalHeader::good || bytes.starts_with(lp::kRevocationJournal.magic), "a foreign header");
  return 0;
}
