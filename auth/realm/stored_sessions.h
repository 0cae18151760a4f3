#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "auth/realm/auth_questions.h"
#include "auth/session/stored_session.h"
#include "base/event.h"
#include "base/result.h"

namespace lp {

// A session on its way into the store: sealed for the handle that its cookie holds (auth/session/session_handle.h).
struct SessionToStore {
  std::string handle_hash;
  std::string sealed;
  std::uint64_t generation = 0;
  std::int64_t ttl_ms = 0;
  // For save_later(), both may be empty. Becomes true when the store has another record that is not older than this
  // one: the copy that this was made from is outdated. And makes of that other record what it is with the use that this
  // one stands for; nullopt: nothing to save. Called on the auth thread.
  std::shared_ptr<std::atomic<bool>> outdated{};
  std::function<std::optional<SessionToStore>(const StoredSession& newer)> with_this_use{};
};

// What workers ask of the store of sessions, where there is one (session.store). Any worker's loop; answers come on it,
// later. An error says that the store gives no answer now; it never means that a session is over.
class StoredSessions {
 public:
  virtual ~StoredSessions() = default;
  using Question = AuthQuestions::Question;  // dropping it cancels the answer

  using Loaded = std::function<void(const Result<StoredSession>&)>;
  [[nodiscard]] virtual std::unique_ptr<Question> load(EventLoop& asking, std::string handle_hash, Loaded answer) = 0;
  using Saved = std::function<void(const Result<SessionSaved>&)>;
  [[nodiscard]] virtual std::unique_ptr<Question> save(EventLoop& asking, SessionToStore session, Saved answer) = 0;
  // Fire and forget. A save that comes too late for a newer record changes that by SessionToStore::with_this_use, and
  // one for a record that was removed changes nothing.
  virtual void save_later(SessionToStore session) = 0;
  // `last_seen` may be empty: hears on the auth thread what the record was before it goes, however late that is.
  using LastSeen = std::function<void(const StoredSession&)>;
  virtual void remove_later(std::string handle_hash, std::int64_t tombstone_ttl_ms, LastSeen last_seen) = 0;
};

}  // namespace lp
