#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/keyed_hash.h"

namespace lp {

// Session cookies that did not open, the last few hundred of them, by a hash that nobody else can compute. One per
// worker and cookie name; not thread-safe.
class UnreadableCookies {
 public:
  UnreadableCookies() : hash_(random_bytes(16)) {}

  [[nodiscard]] bool has(std::string_view cookie) const {
    if (places_.empty()) return false;
    const std::uint64_t hash = hash_.of(cookie);
    return places_[hash % kPlaces] == hash;
  }
  void put(std::string_view cookie) {
    places_.resize(kPlaces);
    const std::uint64_t hash = hash_.of(cookie);
    places_[hash % kPlaces] = hash;
  }
  void clear() { places_.clear(); }

 private:
  static constexpr std::size_t kPlaces = 512;
  KeyedHash hash_;
  std::vector<std::uint64_t> places_;  // empty until there is one
};

}  // namespace lp
