#include "auth/session/app_token_cache.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lp {
namespace {

constexpr std::size_t kOverheadBytes = 256;  // of an entry, about

std::size_t bytes_of(const TokenAudience& audience, const std::shared_ptr<const AppToken>& token) {
  std::size_t scopes = 0;
  for (const std::string& scope : audience.scopes) scopes += sizeof scope + scope.size();
  return kOverheadBytes + scopes + audience.resource.size() + audience.organization.size() +
         (token ? token->token.reveal().size() : 0);
}

}  // namespace

AppTokenCache::AppTokenCache(Limits limits) : limits_(limits) {}

// Session ids are random bytes: any of them spreads.
AppTokenCache::Shard& AppTokenCache::shard_of(std::string_view session_id) {
  const auto byte = session_id.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(session_id.back());
  return shards_[byte % kShards];
}

AppTokenCache::Kept* AppTokenCache::Shard::find(std::string_view session_id, const TokenAudience& audience,
                                                std::int64_t now_s) {
  const auto found = index.find(session_id);
  if (found == index.end()) return nullptr;
  OfSession& session = *found->second;
  const auto kept =
      std::find_if(session.kept.begin(), session.kept.end(), [&](const Kept& one) { return one.audience == audience; });
  if (kept == session.kept.end() || kept->until_s <= now_s) return nullptr;
  if (found->second != sessions.begin()) sessions.splice(sessions.begin(), sessions, found->second);
  return &*kept;
}

AppTokenCache::Found AppTokenCache::find(std::string_view session_id, const TokenAudience& audience,
                                         std::int64_t now_s) {
  Shard& shard = shard_of(session_id);
  const std::lock_guard lock(shard.mutex);
  Kept* kept = shard.find(session_id, audience, now_s);
  if (kept == nullptr) return {};
  Found found{kept->token, false, kept->token == nullptr};
  if (found.is_refused || now_s < kept->token->renew_at_s || now_s < kept->renewed_until_s) return found;
  kept->renewed_until_s = now_s + kRefusedS;
  found.should_renew = true;
  return found;
}

AppTokenCache::Found AppTokenCache::peek(std::string_view session_id, const TokenAudience& audience,
                                         std::int64_t now_s) {
  Shard& shard = shard_of(session_id);
  const std::lock_guard lock(shard.mutex);
  const Kept* kept = shard.find(session_id, audience, now_s);
  if (kept == nullptr) return {};
  if (kept->token && now_s >= kept->token->renew_at_s) return {};
  return {kept->token, false, kept->token == nullptr};
}

void AppTokenCache::put(const Owner& owner, const TokenAudience& audience, std::shared_ptr<const AppToken> token) {
  const std::int64_t until_s = token->expires_at_s;
  keep(owner, {audience, std::move(token), until_s, 0});
}

// A refusal never takes the place of a token that is still good: its renewal was refused, which the next one will hear.
void AppTokenCache::refuse(const Owner& owner, const TokenAudience& audience, std::int64_t now_s) {
  if (find(owner.session_id, audience, now_s).token != nullptr) return;
  keep(owner, {audience, nullptr, now_s + kRefusedS, 0});
}

AppTokenCache::OfSession& AppTokenCache::Shard::of(const Owner& owner) {
  if (const auto found = index.find(owner.session_id); found != index.end()) {
    found->second->owner.keys = owner.keys;
    found->second->owner.signed_in_at_ms = owner.signed_in_at_ms;
    sessions.splice(sessions.begin(), sessions, found->second);
    return sessions.front();
  }
  sessions.push_front({owner, {}});
  index.emplace(sessions.front().owner.session_id, sessions.begin());
  return sessions.front();
}

void AppTokenCache::Shard::take(OfSession& session, std::size_t index_of_kept) {
  const Kept& kept = session.kept[index_of_kept];
  bytes -= bytes_of(kept.audience, kept.token);
  --count;
  session.kept.erase(session.kept.begin() + static_cast<std::ptrdiff_t>(index_of_kept));
}

void AppTokenCache::Shard::forget(Sessions::iterator session) {
  while (!session->kept.empty()) take(*session, session->kept.size() - 1);
  index.erase(session->owner.session_id);
  sessions.erase(session);
}

void AppTokenCache::keep(const Owner& owner, Kept kept) {
  Shard& shard = shard_of(owner.session_id);
  const std::lock_guard lock(shard.mutex);
  OfSession& session = shard.of(owner);
  const auto same = std::find_if(session.kept.begin(), session.kept.end(),
                                 [&](const Kept& one) { return one.audience == kept.audience; });
  if (same != session.kept.end()) shard.take(session, static_cast<std::size_t>(same - session.kept.begin()));
  if (session.kept.size() >= limits_.tokens_of_a_session) shard.take(session, 0);
  shard.bytes += bytes_of(kept.audience, kept.token);
  ++shard.count;
  session.kept.push_back(std::move(kept));
  const auto is_full = [&] { return shard.count > limits_.tokens / kShards || shard.bytes > limits_.bytes / kShards; };
  while (shard.sessions.size() > 1 && is_full()) shard.forget(std::prev(shard.sessions.end()));
}

void AppTokenCache::take_back(std::string_view session_id, const TokenAudience& audience) {
  Shard& shard = shard_of(session_id);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.index.find(session_id);
  if (found == shard.index.end()) return;
  OfSession& session = *found->second;
  for (std::size_t i = session.kept.size(); i-- > 0;) {
    if (session.kept[i].audience == audience) shard.take(session, i);
  }
  if (session.kept.empty()) shard.forget(found->second);
}

void AppTokenCache::rename(std::string_view session_id, const std::string& continued_id) {
  Sessions moved;
  {
    Shard& shard = shard_of(session_id);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.index.find(session_id);
    if (found == shard.index.end()) return;
    moved.push_back(*found->second);
    shard.forget(found->second);
  }
  moved.front().owner.session_id = continued_id;
  for (Kept& kept : moved.front().kept) keep(moved.front().owner, std::move(kept));
}

void AppTokenCache::drop(std::string_view session_id) {
  Shard& shard = shard_of(session_id);
  const std::lock_guard lock(shard.mutex);
  if (const auto found = shard.index.find(session_id); found != shard.index.end()) shard.forget(found->second);
}

void AppTokenCache::drop_ended(std::int64_t now_s, const std::function<bool(const Owner&)>& is_over) {
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (auto session = shard.sessions.begin(); session != shard.sessions.end();) {
      const auto here = session++;
      const bool over = is_over(here->owner);
      for (std::size_t i = here->kept.size(); i-- > 0;) {
        if (over || here->kept[i].until_s <= now_s) shard.take(*here, i);
      }
      if (here->kept.empty()) shard.forget(here);
    }
  }
}

std::size_t AppTokenCache::size() const {
  std::size_t total = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    total += shard.count;
  }
  return total;
}

std::size_t AppTokenCache::bytes() const {
  std::size_t total = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    total += shard.bytes;
  }
  return total;
}

}  // namespace lp
