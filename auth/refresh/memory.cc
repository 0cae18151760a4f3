#include "auth/refresh/memory.h"

#include <algorithm>

#include "auth/session/session_times.h"
#include "base/crypto.h"

namespace lp {
namespace {

// Of successors, between the cookie in hand and the newest token: a browser that was not told of them while each of its
// routes had tokens fetched. Whoever stops too early uses a spent one.
constexpr int kLongestChain = 1'000;

}  // namespace

RefreshFailure failure_for(const Session& asker, const Session& newest, RefreshFailure failure) {
  failure.successor = Secret();
  const bool is_behind = !newest.refresh_token.equals(asker.refresh_token.reveal());
  if (is_behind && failure.kind != RefreshFailure::Kind::ended) failure.successor = newest.refresh_token;
  return failure;
}

std::string refresh_key(const Secret& refresh_token) { return sha256(refresh_token.reveal()); }

RefreshMemory::RefreshMemory(std::size_t max_entries) : max_entries_(max_entries) {}

RefreshMemory::Found RefreshMemory::look_up(const Session& session, const Settings& settings, std::int64_t now_s) {
  Found found;
  found.newest = session;
  const std::int64_t until_s = keep_until_s(session, settings, now_s);
  for (int i = 0; i < kLongestChain; ++i) {
    const auto entry = entries_.find(refresh_key(found.newest.refresh_token));
    if (entry == entries_.end()) break;
    if (entry->second.fails(now_s)) found.failure = entry->second.failure;
    const std::shared_ptr<const Refreshed>& next = entry->second.refreshed;
    if (!next) break;
    keep_longer(entry->first, entry->second, until_s);
    const bool rotated = !next->refresh_token.equals(found.newest.refresh_token.reveal());
    if (!rotated && !says_more(*next, found.newest)) break;
    found.newest = with_refreshed(std::move(found.newest), *next);
    found.refreshed = next;
    if (!rotated) break;
  }
  found.newest_failure = found.failure;
  found.known = found.refreshed;
  if (session_age(found.newest, settings, now_s) == SessionAge::must_refresh) found.refreshed = nullptr;
  // What is good still is not lost because the next one cannot be had now.
  if (found.failure && found.failure->kind == RefreshFailure::Kind::ended) found.refreshed = nullptr;
  if (found.refreshed) found.failure.reset();
  for (auto* failure : {&found.failure, &found.newest_failure}) {
    if (!*failure) continue;
    **failure = failure_for(session, found.newest, std::move(**failure));
    if ((*failure)->kind != RefreshFailure::Kind::ended) (*failure)->known = found.known;
  }
  return found;
}

void RefreshMemory::succeeded(const Secret& old_token, std::shared_ptr<const Refreshed> refreshed,
                              std::int64_t keep_until_s) {
  restored(refresh_key(old_token), std::move(refreshed), keep_until_s);
}

void RefreshMemory::restored(const std::string& key, std::shared_ptr<const Refreshed> refreshed,
                             std::int64_t keep_until_s) {
  const bool is_rotated = refresh_key(refreshed->refresh_token) != key;
  put(key, {std::move(refreshed), std::nullopt, keep_until_s, is_rotated});
}

void RefreshMemory::failed(const Secret& old_token, const RefreshFailure& failure, std::int64_t keep_until_s) {
  const std::string key = refresh_key(old_token);
  const auto known = entries_.find(key);
  const bool is_for_good = failure.kind == RefreshFailure::Kind::ended;
  if (is_for_good || known == entries_.end()) return put(key, {nullptr, failure, keep_until_s, false, keep_until_s});
  if (known->second.is_rotated) return;
  known->second.failure = failure;
  known->second.failure_until_s = keep_until_s;
  keep_longer(key, known->second, keep_until_s);
}

void RefreshMemory::replaced(const Session& session, const Secret& successor, std::int64_t keep_until_s) {
  succeeded(session.refresh_token, with_new_token(session, successor), keep_until_s);
}

std::optional<RefreshMemory::Rotated> RefreshMemory::find_rotated(const std::string& key) const {
  const auto entry = entries_.find(key);
  if (entry == entries_.end() || !entry->second.is_rotated) return std::nullopt;
  return Rotated{entry->second.refreshed, entry->second.keep_until_s};
}

std::vector<std::string> RefreshMemory::rotated_keys() const {
  std::vector<std::string> keys;
  keys.reserve(rotated_count_);
  for (const auto& [key, entry] : entries_) {
    if (entry.is_rotated) keys.push_back(key);
  }
  return keys;
}

void RefreshMemory::put(const std::string& key, Entry entry) {
  Entry& kept = entries_[key];
  by_end_.erase({kept.keep_until_s, key});
  rotated_count_ += entry.is_rotated ? 1U : 0U;
  rotated_count_ -= kept.is_rotated ? 1U : 0U;
  kept = std::move(entry);
  by_end_.emplace(kept.keep_until_s, key);
  while (entries_.size() > max_entries_) drop_oldest();
}

void RefreshMemory::keep_longer(const std::string& key, Entry& entry, std::int64_t until_s) {
  if (until_s <= entry.keep_until_s) return;
  by_end_.erase({entry.keep_until_s, key});
  entry.keep_until_s = until_s;
  by_end_.emplace(until_s, key);
}

void RefreshMemory::forget_old(std::int64_t now_s) {
  while (!by_end_.empty() && by_end_.begin()->first <= now_s) drop_oldest();
}

void RefreshMemory::drop_oldest() {
  const auto entry = entries_.find(by_end_.begin()->second);
  rotated_count_ -= entry->second.is_rotated ? 1U : 0U;
  entries_.erase(entry);
  by_end_.erase(by_end_.begin());
}

std::int64_t RefreshMemory::keep_until_s(const Session& session, const Settings& settings, std::int64_t now_s) {
  return std::min(now_s + settings.session.idle_timeout_ms / 1000 + 1,
                  session_ends_at_s(session, settings.session) + 1);
}

}  // namespace lp
