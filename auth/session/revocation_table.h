#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "auth/session/revocation_record.h"

// A flat hash table of revocations: open addressing with linear probing, 32 bytes a slot, three slots for two entries,
// no node and no tombstone. The room for `max_entries` is reserved once and never grows, so that there is no moment
// with two tables; the system gives the pages only as they are touched (a million entries: 46 MiB). Pure; one thread
// at a time may change it, any number may read meanwhile nothing changes.
namespace lp {

class RevocationTable {
 public:
  explicit RevocationTable(std::size_t max_entries);
  RevocationTable(const RevocationTable&) = delete;
  RevocationTable& operator=(const RevocationTable&) = delete;

  [[nodiscard]] const Revocation* find(const RevocationKey& key) const;
  // Of several keys to look for, fetches all from memory at once.
  void prefetch(const RevocationKey& key) const;
  // Keeps the later of each time. False: it says nothing new. Its forget_at_s must be over 0, and there must be room
  // unless the key is there already.
  bool learn(const Revocation& revocation);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t max_entries() const { return max_entries_; }
  [[nodiscard]] bool is_full() const { return size_ >= max_entries_; }
  [[nodiscard]] std::size_t size_bytes() const { return slots_ * sizeof(Revocation); }

  // Slots hold an entry or null. Dropping moves entries to other slots and then changes moves(): who walks over the
  // slots in several steps begins again. learn() moves none.
  [[nodiscard]] std::size_t slots() const { return slots_; }
  [[nodiscard]] const Revocation* at(std::size_t slot) const { return is_empty(slot) ? nullptr : &table_[slot]; }
  [[nodiscard]] std::uint64_t moves() const { return moves_; }

  // These return how many entries they dropped. From slots [from, to).
  std::size_t drop_expired(std::size_t from, std::size_t to, std::int64_t now_s);
  std::size_t drop_through(std::int64_t before_ms);  // all whose before_ms is not over this
  // The before_ms such that at least `count` (1 or more) entries, the oldest, are not over it. The table isn't empty.
  [[nodiscard]] std::int64_t oldest(std::size_t count) const;

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  template <class Doomed>
  std::size_t drop_if(std::size_t from, std::size_t to, Doomed is_doomed);
  [[nodiscard]] bool is_empty(std::size_t slot) const { return table_[slot].forget_at_s == 0; }
  [[nodiscard]] std::size_t home_of(const RevocationKey& key) const;
  [[nodiscard]] std::size_t slot_of(const RevocationKey& key) const;
  [[nodiscard]] std::size_t next(std::size_t slot) const { return slot + 1 == slots_ ? 0 : slot + 1; }
  [[nodiscard]] std::size_t distance(std::size_t from, std::size_t to) const;
  void erase(std::size_t slot);

  std::size_t max_entries_;
  std::size_t slots_;
  std::size_t size_ = 0;
  std::uint64_t moves_ = 0;
  std::unique_ptr<void, Free> memory_;
  Revocation* table_;  // in memory_, aligned to its size: an entry lies in one cache line
};

}  // namespace lp
