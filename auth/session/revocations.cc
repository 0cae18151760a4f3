#include "auth/session/revocations.h"

#include <algorithm>
#include <utility>

#include "auth/session/proof.h"

namespace lp {
namespace {

constexpr std::size_t kSlotsAtOnce = 4096;  // under one lock: some ten microseconds
constexpr std::size_t kLoadedAtOnce = 16;   // about what a processor fetches from memory at one time
constexpr std::size_t kSweepsPerRound = 64;
constexpr std::uint64_t kFewestOutdated = 1024;
constexpr std::int64_t kRetryAfterS = 30;

}  // namespace

Revocations::Revocations(std::size_t max_entries) : table_(max_entries) {}

Result<Revocations::Opened> Revocations::open_journal(const std::string& path, std::int64_t now_s) {
  Opened opened;
  std::vector<Revocation> batch;
  auto journal = Journal::open(path, kRevocationJournal, [&](std::string_view record) {
    load(record, batch, opened);
    if (batch.size() == kLoadedAtOnce) learn_all(batch, now_s, opened);
  });
  if (!journal) return journal.error();
  learn_all(batch, now_s, opened);
  journal_ = std::move(*journal);
  opened.file = journal_->opening();
  if (opened.may_have_lost() || !opened.file.is_sealed) lacks_some_ = true;
  return opened;
}

void Revocations::load(std::string_view bytes, std::vector<Revocation>& batch, Opened& opened) {
  const auto record = decode_revocation_record(bytes);
  if (!record) {
    ++opened.unreadable;
  } else if (const auto* revocation = std::get_if<Revocation>(&*record)) {
    batch.push_back(*revocation);
    table_.prefetch(revocation->key);  // the way to memory is most of the work of loading
  } else {
    raise_floor(std::get<RevocationFloor>(*record).before_ms);
  }
}

// The journal may hold more than there is room for now: then the floor that rose is not in it.
void Revocations::learn_all(std::vector<Revocation>& batch, std::int64_t now_s, Opened& opened) {
  const std::lock_guard lock(mutex_);
  for (const Revocation& revocation : batch) {
    if (revocation.forget_at_s <= now_s) ++opened.expired;
    if (learn(revocation, now_s).floor_rose) lacks_some_ = true;
  }
  batch.clear();
}

bool Revocations::add(const Revocation& revocation, std::int64_t now_s, From from) {
  return add(revocation, now_s, from, false);
}

bool Revocations::add_once(const Revocation& revocation, std::int64_t now_s) {
  return add(revocation, now_s, From::here, true);
}

bool Revocations::add(const Revocation& revocation, std::int64_t now_s, From from, bool once) {
  Learnt learnt;
  std::int64_t floor_ms = 0;
  {
    const std::lock_guard lock(mutex_);
    const Revocation* const known = once ? table_.find(revocation.key) : nullptr;
    if (known != nullptr && known->forget_at_s > now_s) return false;
    learnt = learn(revocation, now_s);
    if (!learnt.is_news) return false;
    floor_ms = floor_ms_;
    version_.fetch_add(1, std::memory_order_release);
  }
  // Memory first: whoever rewrites the journal meanwhile takes from memory what this append would be too early for.
  if (learnt.floor_rose) keep(RevocationFloor{floor_ms});
  keep(revocation);
  if (from == From::here && listener_) listener_(revocation);
  return true;
}

// With the lock held. News that falls under a floor which it raised itself needs no entry.
Revocations::Learnt Revocations::learn(const Revocation& revocation, std::int64_t now_s) {
  if (revocation.forget_at_s <= std::max<std::int64_t>(now_s, 0) || revocation.before_ms <= floor_ms_) return {};
  const bool needs_room = table_.is_full() && table_.find(revocation.key) == nullptr;
  const bool floor_rose = needs_room && make_room(now_s);
  if (floor_rose && revocation.before_ms <= floor_ms_) return {true, true};
  return {table_.learn(revocation), floor_rose};
}

// With the lock held; returns whether the floor rose. Looks for expired ones once a second at most, so that a full
// table does not walk over itself at each add().
bool Revocations::make_room(std::int64_t now_s) {
  if (now_s > std::exchange(swept_at_s_, now_s) && table_.drop_expired(0, table_.slots(), now_s) > 0) return false;
  floor_ms_ = table_.oldest(std::max<std::size_t>(1, table_.max_entries() / 8));
  dropped_ += table_.drop_through(floor_ms_);
  return true;
}

void Revocations::raise_floor(std::int64_t before_ms) {
  {
    const std::lock_guard lock(mutex_);
    if (before_ms <= floor_ms_) return;
    floor_ms_ = before_ms;
    table_.drop_through(before_ms);
    version_.fetch_add(1, std::memory_order_release);
  }
  keep(RevocationFloor{before_ms});
}

bool Revocations::is_revoked(const Keys& keys, std::int64_t signed_in_at_ms) const {
  const std::shared_lock lock(mutex_);
  if (signed_in_at_ms < floor_ms_) return true;
  if (table_.size() == 0) return false;
  table_.prefetch(keys.sub);
  if (keys.has_sid) table_.prefetch(keys.sid);
  return is_over(keys.session, signed_in_at_ms) || is_over(keys.sub, signed_in_at_ms) ||
         (keys.has_sid && is_over(keys.sid, signed_in_at_ms)) ||
         (keys.has_record && is_over(keys.record, signed_in_at_ms));
}

bool Revocations::is_over(const RevocationKey& key, std::int64_t signed_in_at_ms) const {
  const Revocation* const known = table_.find(key);
  return known != nullptr && signed_in_at_ms < known->before_ms;
}

std::int64_t Revocations::ended_at_ms(const Keys& keys) const {
  const std::shared_lock lock(mutex_);
  std::int64_t last_ms = floor_ms_;
  const auto look_at = [&](const RevocationKey& key, std::int64_t beyond_ms) {
    if (const Revocation* const known = table_.find(key)) last_ms = std::max(last_ms, known->before_ms - beyond_ms);
  };
  look_at(keys.session, 0);
  look_at(keys.sub, kClockAllowanceMs);
  if (keys.has_sid) look_at(keys.sid, kClockAllowanceMs);
  if (keys.has_record) look_at(keys.record, 0);
  return last_ms;
}

std::int64_t Revocations::ended_at_ms(const RevocationKey& key) const {
  const std::shared_lock lock(mutex_);
  const Revocation* const known = table_.find(key);
  return known == nullptr ? floor_ms_ : std::max(floor_ms_, known->before_ms);
}

std::size_t Revocations::size() const {
  const std::shared_lock lock(mutex_);
  return table_.size();
}

std::size_t Revocations::size_bytes() const { return table_.size_bytes(); }

std::int64_t Revocations::floor_ms() const {
  const std::shared_lock lock(mutex_);
  return floor_ms_;
}

bool Revocations::for_each(std::int64_t now_s, const Listener& see) const {
  std::vector<Revocation> some;
  some.reserve(kSlotsAtOnce);
  std::optional<std::uint64_t> moves;
  for (std::size_t slot = 0; slot < table_.slots();) {
    some.clear();
    {
      const std::shared_lock lock(mutex_);
      if (moves.value_or(table_.moves()) != table_.moves()) return false;
      moves = table_.moves();
      for (const std::size_t end = std::min(slot + kSlotsAtOnce, table_.slots()); slot < end; ++slot) {
        const Revocation* const entry = table_.at(slot);
        if (entry != nullptr && entry->forget_at_s > now_s) some.push_back(*entry);
      }
    }
    std::for_each(some.begin(), some.end(), see);
  }
  return true;
}

void Revocations::keep(const RevocationRecord& record) {
  if (journal_) note(journal_->append(encode_revocation_record(record)));
}

void Revocations::note(const Result<void>& kept) {
  if (kept) return;
  lacks_some_ = true;
  const std::lock_guard lock(error_mutex_);
  error_ = kept.error();
}

Revocations::Upkeep Revocations::upkeep(std::int64_t now_s) {
  const std::lock_guard one_at_a_time(upkeep_mutex_);
  drop_some_expired(now_s);
  Upkeep done;
  if (journal_) done.compacted = keep_journal(now_s);
  {
    const std::lock_guard lock(mutex_);
    done.dropped = std::exchange(dropped_, 0);
    done.floor_ms = floor_ms_;
  }
  const std::lock_guard lock(error_mutex_);
  done.journal_error = std::exchange(error_, std::nullopt);
  return done;
}

// A part of the table per call, and of that a little per lock: nobody's request waits for a walk over all of it.
void Revocations::drop_some_expired(std::int64_t now_s) {
  const std::size_t end =
      std::min(sweep_from_ + std::max(kSlotsAtOnce, table_.slots() / kSweepsPerRound), table_.slots());
  for (; sweep_from_ < end; sweep_from_ = std::min(sweep_from_ + kSlotsAtOnce, end)) {
    const std::lock_guard lock(mutex_);
    table_.drop_expired(sweep_from_, std::min(sweep_from_ + kSlotsAtOnce, end), now_s);
  }
  if (sweep_from_ == table_.slots()) sweep_from_ = 0;
}

bool Revocations::wants_compaction(std::int64_t now_s) const {
  if (now_s < retry_at_s_) return false;
  return lacks_some_ || journal_->record_count() > 2 * std::uint64_t{size()} + kFewestOutdated;
}

// Returns whether the journal was rewritten.
bool Revocations::keep_journal(std::int64_t now_s) {
  if (!wants_compaction(now_s)) {
    note(journal_->sync());
    return false;
  }
  lacks_some_ = false;  // before: what fails to be appended while the journal is rewritten sets it again
  const auto rewritten = journal_->rewrite([&](const Journal::WriteRecord& write) { return write_all(now_s, write); });
  note(rewritten);
  if (!rewritten) {
    retry_at_s_ = now_s + kRetryAfterS;
    note(journal_->sync());
  }
  return rewritten.ok();
}

// The floor last: it may rise while the others are written, and then covers those that made room.
Result<void> Revocations::write_all(std::int64_t now_s, const Journal::WriteRecord& write) const {
  const bool saw_all = for_each(now_s, [&](const Revocation& entry) { write(encode_revocation_record(entry)); });
  if (!saw_all) return fail("the records of ended sessions changed too much while their journal was rewritten");
  if (const std::int64_t floor = floor_ms(); floor > 0) write(encode_revocation_record(RevocationFloor{floor}));
  return {};
}

}  // namespace lp
