#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lp {

// How often a key set is fetched for key ids that anybody may have invented (threat J15): in 30 s once for a client,
// and for four of them. One for all would let a single junk token, repeated, keep an honest one under a new key out. A
// client is an address as base/client_group.h counts it; those that nobody can tell apart (empty) are one. Times are
// monotonic. Pure.
class StrangersBudget {
 public:
  static constexpr std::int64_t kWindowMs = 30'000;
  static constexpr std::size_t kClients = 4;

  // True: fetch; it is spent.
  [[nodiscard]] bool take(std::string_view client, std::int64_t now_ms) {
    std::erase_if(spent_, [&](const Spent& one) { return now_ms - one.at_ms >= kWindowMs; });
    const bool had_its_own =
        std::any_of(spent_.begin(), spent_.end(), [&](const Spent& one) { return one.client == client; });
    if (had_its_own || spent_.size() >= kClients) return false;
    spent_.push_back({std::string(client), now_ms});
    return true;
  }
  // Nobody was told whether the key is there.
  void give_back() { spent_.clear(); }

 private:
  struct Spent {
    std::string client;
    std::int64_t at_ms;
  };
  std::vector<Spent> spent_;
};

}  // namespace lp
