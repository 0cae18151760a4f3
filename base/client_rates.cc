#include "base/client_rates.h"

#include <algorithm>

#include "base/client_group.h"
#include "base/crypto.h"

namespace lp {

namespace {
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kNsPerS = 1000 * kNsPerMs;
}  // namespace

ClientRates::ClientRates(std::int64_t per_second)
    : cost_ns_(per_second > 0 ? std::max<std::int64_t>(1, kNsPerS / per_second) : 0), hash_(random_bytes(16)) {}

bool ClientRates::take(std::string_view client, std::int64_t now_ms) { return look(client, now_ms, true); }

bool ClientRates::has_left(std::string_view client, std::int64_t now_ms) { return look(client, now_ms, false); }

bool ClientRates::look(std::string_view client, std::int64_t now_ms, bool takes) {
  if (cost_ns_ == 0) return true;
  const std::uint64_t hash = hash_.of(client_group(client));
  const std::int64_t now_ns = now_ms * kNsPerMs;
  Part& part = parts_[hash % kParts];
  const std::lock_guard lock(part.mutex);
  if (part.sets == nullptr) {
    if (!takes) return true;
    part.sets = std::make_unique<std::array<Set, kSets>>();
  }
  Entry& entry = entry_of((*part.sets)[hash / kParts % kSets], hash);
  const bool is_known = entry.whose == hash && entry.free_at_ns > now_ns;
  const std::int64_t paid_ns = (is_known ? entry.free_at_ns : now_ns) + cost_ns_;
  if (paid_ns - now_ns > kBurstSeconds * kNsPerS) return false;
  if (takes) entry = {paid_ns, hash};
  return true;
}

// Its own, or that of whoever owes least: one that owes nothing any more is as good as empty.
ClientRates::Entry& ClientRates::entry_of(Set& set, std::uint64_t whose) {
  const auto own = std::find_if(set.begin(), set.end(), [whose](const Entry& one) { return one.whose == whose; });
  if (own != set.end()) return *own;
  return *std::min_element(set.begin(), set.end(),
                           [](const Entry& a, const Entry& b) { return a.free_at_ns < b.free_at_ns; });
}

}  // namespace lp
