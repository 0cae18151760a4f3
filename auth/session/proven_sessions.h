#pragma once
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace lp {

// Records of sessions that the store has given to this process before, still sealed: what may go on for a while when
// the store is away (redis.grace). Without the cookie's key none of them opens. Bounded, the least recently proven goes
// first. Any thread.
class ProvenSessions {
 public:
  explicit ProvenSessions(std::size_t max_bytes = std::size_t{64} << 20) : max_bytes_(max_bytes) {}

  // Nothing where a newer generation is known already.
  void put(std::string_view handle_hash, std::string sealed, std::uint64_t generation);
  [[nodiscard]] std::optional<std::string> find(std::string_view handle_hash) const;
  void erase(std::string_view handle_hash);

 private:
  struct Proven {
    std::string hash;
    std::string sealed;
    std::uint64_t generation = 0;
  };
  using Entries = std::list<Proven>;
  void forget(Entries::iterator entry);

  std::size_t max_bytes_;
  mutable std::mutex mutex_;                                       // guards all below
  Entries entries_;                                                // most recently proven first
  std::unordered_map<std::string_view, Entries::iterator> index_;  // keys are views into the entries
  std::size_t bytes_ = 0;
};

}  // namespace lp
