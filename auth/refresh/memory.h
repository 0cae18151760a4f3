#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "auth/session/refreshed.h"
#include "config/settings.h"

// What became of refresh tokens: the outcome of each refresh, kept until the last cookie that holds the old token is
// dead, so that a client that left in mid-refresh and ten tabs that wake up at once lose nothing. Pure; one thread.
namespace lp {

// SHA-256 of a refresh token: what it is known by where it need not be read.
[[nodiscard]] std::string refresh_key(const Secret& refresh_token);

// What somebody is told who holds `asker`, whose newest form is `newest`: the token that has replaced theirs comes
// along, never anybody else's.
[[nodiscard]] RefreshFailure failure_for(const Session& asker, const Session& newest, RefreshFailure failure);

class RefreshMemory {
 public:
  explicit RefreshMemory(std::size_t max_entries = 200'000);

  // What a holder of `session` gets without a call to Logto: the newest outcome along the chain of its token's
  // successors, if it is newer than what the session says and still good.
  struct Found {
    std::shared_ptr<const Refreshed> refreshed;  // null: nothing newer that is good
    std::optional<RefreshFailure> failure;  // the token is known to be dead, or not to be tried now; then null above
    // Of the newest token, for who wants it used now: as above, also where what is good still stands in its place.
    std::optional<RefreshFailure> newest_failure;
    std::shared_ptr<const Refreshed> known;  // as `refreshed`, good or not
    Session newest;                          // the session as far as it is known: what to refresh
  };
  // What is found is kept for as long as a cookie lives that is written now, for the asker may be about to write one.
  [[nodiscard]] Found look_up(const Session& session, const Settings& settings, std::int64_t now_s);

  void succeeded(const Secret& old_token, std::shared_ptr<const Refreshed> refreshed, std::int64_t keep_until_s);
  // Of failures that are about this token: that it is dead, for good; or until it may be tried again, and what was
  // known of it before stays known.
  void failed(const Secret& old_token, const RefreshFailure& failure, std::int64_t keep_until_s);
  // A token that came with an answer that could not be judged.
  void replaced(const Session& session, const Secret& successor, std::int64_t keep_until_s);

  // As succeeded(), for a token that is known by its key only: what an earlier process or another replica knew.
  void restored(const std::string& key, std::shared_ptr<const Refreshed> refreshed, std::int64_t keep_until_s);

  // Tokens that are spent: whoever used one again would end the grant. By refresh_key().
  struct Rotated {
    std::shared_ptr<const Refreshed> refreshed;
    std::int64_t keep_until_s = 0;
  };
  [[nodiscard]] std::optional<Rotated> find_rotated(const std::string& key) const;
  [[nodiscard]] std::vector<std::string> rotated_keys() const;
  [[nodiscard]] std::size_t rotated_count() const { return rotated_count_; }

  void forget_old(std::int64_t now_s);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  // How long what is known of a session's token must be kept: until a cookie with it, written now, would be dead.
  [[nodiscard]] static std::int64_t keep_until_s(const Session& session, const Settings& settings, std::int64_t now_s);

 private:
  struct Entry {
    std::shared_ptr<const Refreshed> refreshed;
    std::optional<RefreshFailure> failure;
    std::int64_t keep_until_s = 0;
    bool is_rotated = false;
    std::int64_t failure_until_s = 0;
    [[nodiscard]] bool fails(std::int64_t now_s) const { return failure && now_s < failure_until_s; }
  };
  void drop_oldest();
  void put(const std::string& key, Entry entry);
  void keep_longer(const std::string& key, Entry& entry, std::int64_t until_s);

  std::size_t max_entries_;
  std::size_t rotated_count_ = 0;
  std::unordered_map<std::string, Entry> entries_;
  std::set<std::pair<std::int64_t, std::string>> by_end_;  // keep_until_s and key, one each
};

}  // namespace lp
