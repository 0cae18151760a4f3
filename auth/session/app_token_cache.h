#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/oidc/app_token.h"
#include "auth/session/revocation_record.h"

namespace lp {

// Tokens that this process has fetched, by session and audience, and what Logto refused a moment ago. They die with
// their own end, with their session, or to make room for others: whoever finds nothing asks Logto. Never in a cookie,
// a store or a journal. Any thread; a look-up holds the lock of one shard in sixteen for a hash look-up.
class AppTokenCache {
 public:
  struct Limits {
    std::size_t tokens = 65'536;
    std::size_t bytes = std::size_t{128} << 20;
    std::size_t tokens_of_a_session = 64;  // a person chooses how many organizations they ask for
  };
  static constexpr std::int64_t kRefusedS = 30;  // what Logto refused is not asked for again for so long

  // Whose tokens they are, and what would end that session (auth/session/revocations.h).
  struct Owner {
    std::string session_id;
    RevocationKeys keys;
    std::int64_t signed_in_at_ms = 0;
  };

  explicit AppTokenCache(Limits limits);
  AppTokenCache() : AppTokenCache(Limits{}) {}

  struct Found {
    std::shared_ptr<const AppToken> token;  // null: none that is good
    bool should_renew = false;              // said to one asker in kRefusedS
    bool is_refused = false;
  };
  [[nodiscard]] Found find(std::string_view session_id, const TokenAudience& audience, std::int64_t now_s);
  // As find(), for who is about to ask Logto: a token that is due for renewal counts as none. Promises nobody anything.
  [[nodiscard]] Found peek(std::string_view session_id, const TokenAudience& audience, std::int64_t now_s);

  void put(const Owner& owner, const TokenAudience& audience, std::shared_ptr<const AppToken> token);
  void refuse(const Owner& owner, const TokenAudience& audience, std::int64_t now_s);
  // Whoever took it says that it is good no more: the next one asks Logto.
  void take_back(std::string_view session_id, const TokenAudience& audience);
  // What was kept for a sign-in belongs to the session that it continues.
  void rename(std::string_view session_id, const std::string& continued_id);
  void drop(std::string_view session_id);
  // Drops what has ended by itself, and the sessions that `is_over` names: called with the lock of a shard held, it
  // must not call back.
  void drop_ended(std::int64_t now_s, const std::function<bool(const Owner&)>& is_over);

  [[nodiscard]] std::size_t size() const;  // tokens and refusals
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Kept {
    TokenAudience audience;
    std::shared_ptr<const AppToken> token;  // null: refused
    std::int64_t until_s = 0;
    std::int64_t renewed_until_s = 0;  // somebody was told to renew it
  };
  struct OfSession {
    Owner owner;
    std::vector<Kept> kept;  // the last one used stands anywhere: they are few
  };
  using Sessions = std::list<OfSession>;  // most recently used first
  struct Shard {
    mutable std::mutex mutex;  // guards all below
    Sessions sessions;
    std::unordered_map<std::string_view, Sessions::iterator> index;  // keys are views into the sessions
    std::size_t count = 0;
    std::size_t bytes = 0;

    [[nodiscard]] Kept* find(std::string_view session_id, const TokenAudience& audience, std::int64_t now_s);
    OfSession& of(const Owner& owner);
    void take(OfSession& session, std::size_t index_of_kept);
    void forget(Sessions::iterator session);
  };
  static constexpr std::size_t kShards = 16;

  [[nodiscard]] Shard& shard_of(std::string_view session_id);
  void keep(const Owner& owner, Kept kept);

  const Limits limits_;
  std::array<Shard, kShards> shards_;
};

}  // namespace lp
