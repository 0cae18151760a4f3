#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

#include "base/keyed_hash.h"

namespace lp {

// How often each client address (base/client_group.h) may do something that costs us: so many times a second, and ten
// times as many at once, for behind one address there may be an office that comes at nine. Of fixed size: of those who
// do it all the time the table knows 16,384, and where there are more, whoever has done least is forgotten, so that
// nobody is refused for what others do. Costs no memory before it is used. Any thread; a lock of one part in 64 for a
// moment.
class ClientRates {
 public:
  static constexpr std::int64_t kUnlimited = -1;
  static constexpr std::int64_t kBurstSeconds = 10;
  explicit ClientRates(std::int64_t per_second);

  // False: it has none left, and nothing is counted. Times are monotonic.
  [[nodiscard]] bool take(std::string_view client, std::int64_t now_ms);
  [[nodiscard]] bool has_left(std::string_view client, std::int64_t now_ms);
  // Of what has been done already: counts, as far as there is anything left.
  void charge(std::string_view client, std::int64_t now_ms) { (void)take(client, now_ms); }
  [[nodiscard]] bool is_unlimited() const { return cost_ns_ == 0; }

 private:
  // Paid up to `free_at_ns`: at most kBurstSeconds in the future. 0: nobody's.
  struct Entry {
    std::int64_t free_at_ns = 0;
    std::uint64_t whose = 0;
  };
  static constexpr std::size_t kParts = 64;
  static constexpr std::size_t kSets = 64;  // of each part
  static constexpr std::size_t kWays = 4;
  using Set = std::array<Entry, kWays>;
  struct Part {
    std::mutex mutex;
    std::unique_ptr<std::array<Set, kSets>> sets;
  };

  [[nodiscard]] bool look(std::string_view client, std::int64_t now_ms, bool takes);
  [[nodiscard]] static Entry& entry_of(Set& set, std::uint64_t whose);

  const std::int64_t cost_ns_;  // of one; 0: nothing is counted
  const KeyedHash hash_;
  std::array<Part, kParts> parts_;
};

}  // namespace lp
