#include "proxy/route/route_index.h"

#include <algorithm>

#include "config/path_pattern.h"

namespace lp {
namespace {

constexpr std::size_t kWorthASet = 4;
constexpr std::int64_t kSetMemoryBytes = 64 << 20;

}  // namespace

RouteIndex::RouteIndex(const std::vector<Key>& keys) : keys_(keys) {
  RE2::Options options = path_regex_options();
  options.set_max_mem(kSetMemoryBytes);
  auto set = std::make_unique<RE2::Set>(options, RE2::ANCHOR_BOTH);
  bool in_set = true;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const Key& key = keys_[i];
    if (key.path.kind == PathPattern::Kind::regex) {
      patterns_.push_back(i);
      in_set = in_set && set->Add(key.path.text, nullptr) >= 0;
      continue;
    }
    has_any_host_ = has_any_host_ || key.host.empty();
    has_wildcards_ = has_wildcards_ || key.host.starts_with('.');
    has_exact_hosts_ = has_exact_hosts_ || (!key.host.empty() && !key.host.starts_with('.'));
    const bool is_exact = key.path.kind == PathPattern::Kind::exact;
    (is_exact ? exact_ : prefixes_)[{key.host, key.path.text}].push_back(i);
    if (!is_exact) longest_prefix_ = std::max(longest_prefix_, key.path.text.size());
  }
  if (patterns_.size() >= kWorthASet && in_set && set->Compile()) set_ = std::move(set);
}

// All of them where the set ran out of memory: each is then asked by itself.
std::vector<std::size_t> RouteIndex::patterns_that_match(std::string_view path) const {
  std::vector<int> found;
  RE2::Set::ErrorInfo error{RE2::Set::kNoError};
  if (!set_->Match({path.data(), path.size()}, &found, &error)) {
    return error.kind == RE2::Set::kNoError ? std::vector<std::size_t>() : patterns_;
  }
  std::vector<std::size_t> positions;
  positions.reserve(found.size());
  for (const int id : found) positions.push_back(patterns_[static_cast<std::size_t>(id)]);
  std::sort(positions.begin(), positions.end());
  return positions;
}

}  // namespace lp
