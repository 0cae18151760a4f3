#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "auth/realm/realm.h"
#include "auth/refresh/memory.h"
#include "base/journal.h"

namespace lp {

// Which tokens are spent and what came in their place, for the next process: a cookie that holds a spent token must
// not end its session because this one ended. Sealed under session.secret. Auth thread, which may block on the disk.
// Nothing depends on it but that: trouble is told to the log once, and life goes on.
class RefreshJournal {
 public:
  // Loads what is there into `memory`. Null after a failure, which is in the log by then. `realm` must outlive it.
  [[nodiscard]] static std::unique_ptr<RefreshJournal> open(const std::string& path, const Realm& realm,
                                                            RefreshMemory& memory);
  ~RefreshJournal();  // syncs
  RefreshJournal(const RefreshJournal&) = delete;
  RefreshJournal& operator=(const RefreshJournal&) = delete;

  // Writes all anew, under the first secret, so that an old one may leave the ring; after a failure upkeep() does.
  void reseal(const RefreshMemory& memory, std::int64_t now_s);
  void keep(const std::string& key, const RefreshMemory::Rotated& rotated);
  // Every second or so: syncs, or rewrites the file when most of it is outdated.
  void upkeep(const RefreshMemory& memory, std::int64_t now_s);

 private:
  RefreshJournal(Journal journal, const Realm& realm) : journal_(std::move(journal)), realm_(realm) {}
  [[nodiscard]] std::string record_of(const std::string& key, const RefreshMemory::Rotated& rotated) const;
  [[nodiscard]] Result<void> rewrite(const RefreshMemory& memory);
  void note(const Result<void>& kept);

  Journal journal_;
  const Realm& realm_;
  bool lacks_some_ = false;  // of what memory holds
  bool told_ = false;
  std::int64_t retry_at_s_ = 0;
};

}  // namespace lp
