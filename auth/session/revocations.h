#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/session/revocation_record.h"
#include "auth/session/revocation_table.h"
#include "base/journal.h"
#include "base/result.h"

namespace lp {

// The sessions that ended before their cookies did (docs/decisions/0012-revocations.md). One per realm, shared by all
// threads: any member may be called from any of them, except the setters, which come before the threads start.
//
// Bounded, and never forgets silently. When it is full of records that still matter, the oldest eighth is dropped and
// every session as old as these counts as over (the floor): some are asked to sign in again, none comes back to life.
class Revocations {
 public:
  using Keys = RevocationKeys;
  // Where add() learns from; what came from the other replicas is not told to them again.
  enum class From { here, shared };
  using Listener = std::function<void(const Revocation&)>;

  // Memory for `max_entries` (1 or more) is reserved at once and used as it fills.
  explicit Revocations(std::size_t max_entries);

  struct Opened {
    JournalOpening file;
    std::uint64_t expired = 0;
    std::uint64_t unreadable = 0;  // sound records of a kind that this version doesn't know
    // Records may be lost: sessions that ended could live again unless the caller does raise_floor(now).
    [[nodiscard]] bool may_have_lost() const { return file.is_damaged() || unreadable > 0; }
  };
  // Setter. Loads what is in the journal, then writes to it all that add() learns.
  [[nodiscard]] Result<Opened> open_journal(const std::string& path, std::int64_t now_s);
  // Setter. Hears all that add() learns here, on the thread of add(), without a lock held.
  void set_listener(Listener listener) { listener_ = std::move(listener); }

  // True if it says more than what was known. Then it is in the journal (as far as a kill -9 goes, see upkeep()) when
  // this returns, is_revoked() knows it, and version() has grown. What is forgotten by now says nothing.
  bool add(const Revocation& revocation, std::int64_t now_s, From from = From::here);
  // As add(), but only where nothing at all is known of the key; else false.
  bool add_once(const Revocation& revocation, std::int64_t now_s);
  // Sessions signed in before this are over, whosever they are. Never sinks. Not shared.
  void raise_floor(std::int64_t before_ms);

  [[nodiscard]] bool is_revoked(const Keys& keys, std::int64_t signed_in_at_ms) const;
  // The moment of the last end among these, and of the floor; 0: none is known. That of a person or of a session at
  // Logto is told without kClockAllowanceMs (auth/session/proof.h), which their records may have on top.
  [[nodiscard]] std::int64_t ended_at_ms(const Keys& keys) const;
  [[nodiscard]] std::int64_t ended_at_ms(const RevocationKey& key) const;
  // Grows with each change and is never 0. Read it, then ask is_revoked(), then remember both: while version() stays
  // the same the answer does.
  [[nodiscard]] std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

  [[nodiscard]] std::size_t size() const;        // with those that expired and are not dropped yet
  [[nodiscard]] std::size_t size_bytes() const;  // reserved
  [[nodiscard]] std::int64_t floor_ms() const;

  // Every record that matters at `now_s`, without holding a lock while `see` runs. False: entries moved meanwhile and
  // some may have been missed; begin again (what comes twice does no harm).
  [[nodiscard]] bool for_each(std::int64_t now_s, const Listener& see) const;

  struct Upkeep {
    std::uint64_t dropped = 0;  // live records that made room since the last upkeep: raise revocations.max
    std::int64_t floor_ms = 0;
    bool compacted = false;
    // The last one since the last upkeep. Memory holds everything; the journal is rewritten as soon as it can be.
    std::optional<Error> journal_error;
  };
  // Call every second or so, and once before the process ends, on a thread that may block on the disk (the auth
  // thread). Syncs the journal or, when most of it is outdated, rewrites it; forgets part of what expired.
  Upkeep upkeep(std::int64_t now_s);

 private:
  struct Learnt {
    bool is_news = false;
    bool floor_rose = false;
  };
  Learnt learn(const Revocation& revocation, std::int64_t now_s);
  bool add(const Revocation& revocation, std::int64_t now_s, From from, bool once);
  bool make_room(std::int64_t now_s);
  void load(std::string_view bytes, std::vector<Revocation>& batch, Opened& opened);
  void learn_all(std::vector<Revocation>& batch, std::int64_t now_s, Opened& opened);
  void keep(const RevocationRecord& record);
  void note(const Result<void>& kept);
  void drop_some_expired(std::int64_t now_s);
  [[nodiscard]] bool wants_compaction(std::int64_t now_s) const;
  bool keep_journal(std::int64_t now_s);
  [[nodiscard]] bool is_over(const RevocationKey& key, std::int64_t signed_in_at_ms) const;
  [[nodiscard]] Result<void> write_all(std::int64_t now_s, const Journal::WriteRecord& write) const;

  mutable std::shared_mutex mutex_;  // of the next four
  RevocationTable table_;
  std::int64_t floor_ms_ = 0;
  std::int64_t swept_at_s_ = 0;
  std::uint64_t dropped_ = 0;
  std::atomic<std::uint64_t> version_{1};

  std::optional<Journal> journal_;        // set before the threads start
  Listener listener_;                     // so too
  std::atomic<bool> lacks_some_ = false;  // the journal, of what memory holds
  std::mutex error_mutex_;                // of the next one
  std::optional<Error> error_;

  std::mutex upkeep_mutex_;  // of the next two; taken before all others
  std::size_t sweep_from_ = 0;
  std::int64_t retry_at_s_ = 0;
};

}  // namespace lp
