#pragma once
#include <functional>

#include "auth/realm/realm.h"
#include "base/event.h"

namespace lp {

// What a realm needs done every second and nobody waits for: the journal of revocations synced and compacted, held
// requests of people who never came back and tokens of sessions that are over forgotten, and what the caller adds. Auth
// thread, which may block on the disk.
class Upkeep {
 public:
  // All must outlive it.
  Upkeep(Realm& realm, EventLoop& loop, std::function<void()> more);
  ~Upkeep();  // syncs once more
  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;

 private:
  void run();

  Realm& realm_;
  const std::function<void()> more_;
  Timer timer_;
};

// Loads realm.settings->revocations.journal, where one is named, and says what was found. Before the threads start. An
// error means that sessions which ended could live again: nothing may start.
[[nodiscard]] Result<void> open_revocation_journal(Realm& realm);
// Whether it would find a journal there, or nothing yet. Changes nothing.
[[nodiscard]] Result<void> examine_revocation_journal(const std::string& path);

}  // namespace lp
