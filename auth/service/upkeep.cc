#include "auth/service/upkeep.h"

#include <utility>

#include "auth/realm/app_tokens.h"

namespace lp {
namespace {

constexpr std::int64_t kEveryMs = 1000;

void tell(Log& log, const Revocations::Upkeep& done) {
  if (done.journal_error) {
    log.error("the journal of revocations cannot be written: they hold until a restart",
              {{"reason", done.journal_error->message}});
  }
  if (done.dropped == 0) return;
  log.error(
      "too many revocations: the oldest made room, and all sessions as old as theirs ended; raise revocations.max",
      {{"dropped", static_cast<std::int64_t>(done.dropped)}});
}

}  // namespace

Upkeep::Upkeep(Realm& realm, EventLoop& loop, std::function<void()> more)
    : realm_(realm), more_(std::move(more)), timer_(loop, [this] { run(); }) {
  timer_.start_ms(kEveryMs);
}

Upkeep::~Upkeep() { tell(realm_.log, realm_.revocations.upkeep(realm_.clock.unix_s())); }

void Upkeep::run() {
  const std::int64_t now_s = realm_.clock.unix_s();
  tell(realm_.log, realm_.revocations.upkeep(now_s));
  realm_.held_requests.drop_expired(now_s);
  drop_ended_tokens(realm_, now_s);
  more_();
  timer_.start_ms(kEveryMs);
}

Result<void> examine_revocation_journal(const std::string& path) { return examine_journal(path, kRevocationJournal); }

Result<void> open_revocation_journal(Realm& realm) {
  const std::string& path = realm.settings->revocations.journal;
  if (path.empty()) return {};
  const auto opened = realm.revocations.open_journal(path, realm.clock.unix_s());
  if (!opened) return fail("revocations.journal: " + opened.error().message);
  realm.log.info("revocations loaded", {{"records", static_cast<std::int64_t>(realm.revocations.size())},
                                        {"expired", static_cast<std::int64_t>(opened->expired)},
                                        {"cut_bytes", static_cast<std::int64_t>(opened->file.cut_bytes)}});
  if (!opened->may_have_lost()) return {};
  // Who could have been signed out by a lost record signs in again; the alternative is that some of them never left.
  realm.revocations.raise_floor(realm.clock.unix_ms());
  realm.log.error("the journal of revocations is damaged: every session from before this start has ended",
                  {{"journal", path},
                   {"lost_header", opened->file.lost_header},
                   {"missing_bytes", static_cast<std::int64_t>(opened->file.missing_bytes)},
                   {"cut_bytes", static_cast<std::int64_t>(opened->file.cut_bytes)},
                   {"skipped_bytes", static_cast<std::int64_t>(opened->file.skipped_bytes)},
                   {"unreadable", static_cast<std::int64_t>(opened->unreadable)}});
  // Mended at once: a process that is killed before its first upkeep would leave the damage to the next, which would
  // end who has signed in since.
  tell(realm.log, realm.revocations.upkeep(realm.clock.unix_s()));
  return {};
}

}  // namespace lp
