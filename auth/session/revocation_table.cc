#include "auth/session/revocation_table.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "base/check.h"

namespace lp {
namespace {

static_assert(sizeof(Revocation) == 32 && std::is_trivially_copyable_v<Revocation>);

constexpr std::size_t kFewestSlots = 16;

std::size_t slots_for(std::size_t max_entries) {
  LP_CHECK(max_entries > 0 && max_entries <= std::numeric_limits<std::uint32_t>::max() / 2, "a table of a silly size");
  return std::max(kFewestSlots, max_entries + max_entries / 2);
}

}  // namespace

// calloc: untouched zero pages, and zero bytes are empty slots (the types are implicit-lifetime).
RevocationTable::RevocationTable(std::size_t max_entries)
    : max_entries_(max_entries), slots_(slots_for(max_entries)), memory_(std::calloc(slots_ + 1, sizeof(Revocation))) {
  LP_CHECK(memory_ != nullptr, "no memory for the table of ended sessions");
  void* start = memory_.get();
  std::size_t room = (slots_ + 1) * sizeof(Revocation);
  table_ = static_cast<Revocation*>(std::align(sizeof(Revocation), slots_ * sizeof(Revocation), start, room));
}

// The key is a hash already. Its first 32 bits, scaled to the number of slots.
std::size_t RevocationTable::home_of(const RevocationKey& key) const {
  std::uint32_t bits = 0;
  std::memcpy(&bits, key.data(), sizeof bits);
  return static_cast<std::size_t>((std::uint64_t{bits} * slots_) >> 32);
}

std::size_t RevocationTable::distance(std::size_t from, std::size_t to) const {
  return to >= from ? to - from : to + slots_ - from;
}

// Where the key is or would go. Ends, since a third of the slots is empty.
std::size_t RevocationTable::slot_of(const RevocationKey& key) const {
  std::size_t slot = home_of(key);
  while (!is_empty(slot) && table_[slot].key != key) slot = next(slot);
  return slot;
}

const Revocation* RevocationTable::find(const RevocationKey& key) const { return at(slot_of(key)); }

void RevocationTable::prefetch(const RevocationKey& key) const { __builtin_prefetch(&table_[home_of(key)]); }

bool RevocationTable::learn(const Revocation& revocation) {
  LP_CHECK(revocation.forget_at_s > 0, "a revocation that is forgotten at once");
  const std::size_t slot = slot_of(revocation.key);
  Revocation& known = table_[slot];
  if (is_empty(slot)) {
    LP_CHECK(!is_full(), "a table of revocations without room");
    known = revocation;
    ++size_;
    return true;
  }
  const Revocation before = known;
  known.before_ms = std::max(known.before_ms, revocation.before_ms);
  known.forget_at_s = std::max(known.forget_at_s, revocation.forget_at_s);
  return known != before;
}

// Entries behind the hole that a probe would not find any more move into it.
void RevocationTable::erase(std::size_t slot) {
  std::size_t hole = slot;
  for (std::size_t i = next(hole); !is_empty(i); i = next(i)) {
    if (distance(home_of(table_[i].key), i) < distance(hole, i)) continue;
    table_[hole] = table_[i];
    hole = i;
  }
  table_[hole] = Revocation{};
  --size_;
  ++moves_;
}

// A slot that was emptied is looked at again: another entry may have moved in.
template <class Doomed>
std::size_t RevocationTable::drop_if(std::size_t from, std::size_t to, Doomed is_doomed) {
  const std::size_t before = size_;
  for (std::size_t slot = from; slot < std::min(to, slots_);) {
    if (!is_empty(slot) && is_doomed(table_[slot])) {
      erase(slot);
    } else {
      ++slot;
    }
  }
  return before - size_;
}

std::size_t RevocationTable::drop_expired(std::size_t from, std::size_t to, std::int64_t now_s) {
  return drop_if(from, to, [now_s](const Revocation& entry) { return entry.forget_at_s <= now_s; });
}

std::size_t RevocationTable::drop_through(std::int64_t before_ms) {
  return drop_if(0, slots_, [before_ms](const Revocation& entry) { return entry.before_ms <= before_ms; });
}

std::int64_t RevocationTable::oldest(std::size_t count) const {
  LP_CHECK(count > 0 && count <= size_, "more of the oldest than there are");
  std::vector<std::int64_t> times;
  times.reserve(size_);
  for (std::size_t slot = 0; slot < slots_; ++slot) {
    if (!is_empty(slot)) times.push_back(table_[slot].before_ms);
  }
  const auto last = times.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(times.begin(), last, times.end());
  return *last;
}

}  // namespace lp
