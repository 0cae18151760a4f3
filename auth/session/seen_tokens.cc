#include "auth/session/seen_tokens.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/crypto.h"

namespace lp {

std::size_t SeenTokens::Hash::operator()(const Digest& digest) const {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

SeenTokens::Digest SeenTokens::digest_of(std::string_view id) {
  const std::string hash = sha256(id);
  Digest digest{};
  std::copy_n(hash.begin(), digest.size(), digest.begin());
  return digest;
}

void SeenTokens::forget_past(std::int64_t now_s) {
  while (!by_end_.empty() && by_end_.begin()->first < now_s) {
    kept_until_s_.erase(by_end_.begin()->second);
    by_end_.erase(by_end_.begin());
  }
}

bool SeenTokens::first_time(std::string_view id, std::int64_t now_s, std::int64_t keep_until_s) {
  forget_past(now_s);
  if (keep_until_s < now_s || kept_until_s_.size() >= max_entries_) return false;
  const Digest digest = digest_of(id);
  if (!kept_until_s_.emplace(digest, keep_until_s).second) return false;
  by_end_.emplace(keep_until_s, digest);
  return true;
}

}  // namespace lp
