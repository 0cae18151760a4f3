#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "auth/session/revocation_record.h"

namespace lp {

// How many records of single sessions each person has in the table of ended sessions, so that one who signs in and out
// all day does not fill it: then the oldest sessions of all others would end with the floor. Beyond its share a person
// gets one record for all sessions up to a time (auth/realm/end_sessions.h). Counted in cells by the hash of the
// person: one with thousands of records may cost somebody whose hash is alike the same, who is then signed out
// elsewhere too. Any thread, no lock; forgotten with the process, for the journal does not say whose a record is.
class SubjectRecords {
 public:
  // `max_records` is that of the table; `lifetime_s`, how long a record stays.
  SubjectRecords(std::size_t max_records, std::int64_t lifetime_s);

  // Whether this person may have one record more. It is counted if so. `subject`: its revocation_key().
  [[nodiscard]] bool take(const RevocationKey& subject, std::int64_t now_s);
  [[nodiscard]] std::size_t share() const { return share_; }

 private:
  void forget_old(std::int64_t now_s);

  static constexpr std::size_t kCells = std::size_t{1} << 16;
  const std::uint8_t share_;
  const std::int64_t lifetime_s_;
  std::unique_ptr<std::atomic<std::uint8_t>[]> cells_;
  std::atomic<std::int64_t> counted_since_s_{0};
};

}  // namespace lp
