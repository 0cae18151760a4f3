#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "auth/realm/auth_questions.h"
#include "auth/realm/realm.h"
#include "auth/session/opened_session.h"
#include "auth/session/stored_session.h"
#include "base/event.h"

namespace lp {

// Sessions behind tunnels and long answers, which send no further request: is the session over by now, and does Logto
// still vouch for it? One per worker; not thread-safe.
class WatchedSessions {
 public:
  // Both must outlive it.
  WatchedSessions(Realm& realm, EventLoop& loop) : realm_(realm), loop_(loop) {}

  // Ended once the session was revoked, ran out, lost the secret of its cookie, or idled out: as far as this process
  // has written its cookies, or where there is a store as far as that knows, which is asked then. Unproven when the
  // grace without Redis is over. Refreshes tokens on the side when they are due: Logto tells of suspended users in no
  // other way.
  [[nodiscard]] SessionStand stand_of(const OpenedSession& opened, std::int64_t now_s);

 private:
  struct Watched {
    Session newest;
    std::unique_ptr<AuthQuestions::Question> question;
    std::int64_t ask_not_before_s = 0;
    std::int64_t seen_at_s = 0;
    // Sessions in a store that idled out here: what it says.
    std::unique_ptr<AuthQuestions::Question> use_question;
    std::int64_t ask_use_not_before_s = 0;
    std::int64_t used_at_s = 0;
    bool is_gone = false;  // ended, or nobody used it
  };
  [[nodiscard]] bool is_ended(const OpenedSession& opened, std::int64_t now_s);
  [[nodiscard]] bool has_idled_out(const Session& session, std::int64_t now_s);
  [[nodiscard]] bool has_idled_out_everywhere(const Session& session, std::int64_t idle_s, std::int64_t now_s);
  void take_use(const Session& session, std::int64_t idle_s, const Result<StoredSession>& stored);
  Watched& watch(const Session& session, std::int64_t now_s);
  void keep_proven(const Session& session, std::int64_t now_s);
  void finish(const std::string& id, const RefreshOutcome& outcome);
  void forget_unseen(std::int64_t now_s);

  Realm& realm_;
  EventLoop& loop_;
  std::unordered_map<std::string, Watched>
      watched_;  // by session id; only those of whom something had to be asked once
  std::int64_t forget_at_s_ = 0;
};

}  // namespace lp
