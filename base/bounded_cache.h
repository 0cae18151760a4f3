#pragma once
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace lp {

// What was learnt under a key, at most `max_entries` of it; the least recently used goes first. Pure; one thread.
template <class Value>
class BoundedCache {
 public:
  explicit BoundedCache(std::size_t max_entries) : max_entries_(max_entries) {}

  // Null when unknown. Valid until the next put() or erase().
  [[nodiscard]] Value* find(std::string_view key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }
  Value& put(std::string key, Value value) {
    erase(key);
    entries_.emplace_front(std::move(key), std::move(value));
    index_.emplace(entries_.front().first, entries_.begin());
    if (entries_.size() > max_entries_ && entries_.size() > 1) erase(entries_.back().first);
    return entries_.front().second;
  }
  void erase(std::string_view key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return;
    const auto entry = found->second;
    index_.erase(found);  // its key is a view into the entry
    entries_.erase(entry);
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<std::string, Value>>;
  std::size_t max_entries_;
  Entries entries_;  // most recently used first
  std::unordered_map<std::string_view, typename Entries::iterator> index_;
};

}  // namespace lp
