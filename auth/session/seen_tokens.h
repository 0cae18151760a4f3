#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace lp {

// Remembers which tokens have been used, each until no copy of it would be accepted any more, so that every one works
// once (Back-Channel Logout 2.6 (8)). Bounded; when it is full of tokens that may not be forgotten yet, none is new:
// whoever can fill it has our provider's signing key, and then refusing is right. Stores hashes, not texts. Pure
// (time is an argument); one thread.
class SeenTokens {
 public:
  explicit SeenTokens(std::size_t max_entries) : max_entries_(max_entries) {}

  // True exactly once for each id until `keep_until_s` (inclusive). `id` must name the token among all that this object
  // sees: put the issuer before a jti. False as well for what is past keep_until_s already, and when there is no room.
  [[nodiscard]] bool first_time(std::string_view id, std::int64_t now_s, std::int64_t keep_until_s);

  [[nodiscard]] std::size_t size() const { return kept_until_s_.size(); }

 private:
  using Digest = std::array<unsigned char, 16>;  // of SHA-256: who can't sign can't choose ids either
  struct Hash {
    std::size_t operator()(const Digest& digest) const;
  };
  static Digest digest_of(std::string_view id);
  void forget_past(std::int64_t now_s);

  std::size_t max_entries_;
  std::unordered_map<Digest, std::int64_t, Hash> kept_until_s_;
  std::set<std::pair<std::int64_t, Digest>> by_end_;  // the same entries, the first to go first
};

}  // namespace lp
