#include "auth/refresh/journal.h"

#include <algorithm>
#include <utility>

#include "auth/refresh/record.h"
#include "base/crypto.h"

namespace lp {
namespace {

constexpr std::uint64_t kFewestOutdated = 1024;
constexpr std::int64_t kRetryAfterS = 30;

// Only what a token was replaced by is a record's business.
void load(std::string_view bytes, const Keyring& keyring, std::int64_t latest_s, RefreshMemory& memory) {
  const auto record = decode_refresh_record(bytes);
  if (!record) return;
  const auto outcome = open_refresh(keyring.refreshed_sealer, record->key, record->sealed);
  if (!outcome || !*outcome) return;
  memory.restored(record->key, **outcome, std::min(record->keep_until_s, latest_s));
}

}  // namespace

std::unique_ptr<RefreshJournal> RefreshJournal::open(const std::string& path, const Realm& realm,
                                                     RefreshMemory& memory) {
  const auto keyring = realm.keyring();
  const std::int64_t now_s = realm.clock.unix_s();
  const std::int64_t latest_s = now_s + realm.settings->session.max_lifetime_ms / 1000 + 1;
  auto journal =
      Journal::open(path, kRefreshJournal, [&](std::string_view record) { load(record, *keyring, latest_s, memory); });
  if (!journal) {
    realm.log.error("the journal of refreshes cannot be used: what they replaced is known until a restart only",
                    {{"reason", journal.error().message}});
    return nullptr;
  }
  memory.forget_old(now_s);
  return std::unique_ptr<RefreshJournal>(new RefreshJournal(std::move(*journal), realm));
}

RefreshJournal::~RefreshJournal() { note(journal_.sync()); }

std::string RefreshJournal::record_of(const std::string& key, const RefreshMemory::Rotated& rotated) const {
  const std::string nonce = random_bytes(kXaesNonceBytes);
  return encode_refresh_record(
      {key, rotated.keep_until_s, seal_refresh(realm_.keyring()->refreshed_sealer, key, rotated.refreshed, nonce)});
}

void RefreshJournal::keep(const std::string& key, const RefreshMemory::Rotated& rotated) {
  const auto kept = journal_.append(record_of(key, rotated));
  if (!kept) lacks_some_ = true;
  note(kept);
}

void RefreshJournal::reseal(const RefreshMemory& memory, std::int64_t now_s) {
  lacks_some_ = true;
  upkeep(memory, now_s);
}

void RefreshJournal::upkeep(const RefreshMemory& memory, std::int64_t now_s) {
  const bool is_outdated = journal_.record_count() > 2 * memory.rotated_count() + kFewestOutdated;
  if ((!lacks_some_ && !is_outdated) || now_s < retry_at_s_) return note(journal_.sync());
  const auto rewritten = rewrite(memory);
  lacks_some_ = !rewritten.ok();
  if (!rewritten) retry_at_s_ = now_s + kRetryAfterS;
  note(rewritten);
}

Result<void> RefreshJournal::rewrite(const RefreshMemory& memory) {
  return journal_.rewrite([&](const Journal::WriteRecord& write) {
    for (const std::string& key : memory.rotated_keys()) {
      if (const auto rotated = memory.find_rotated(key)) write(record_of(key, *rotated));
    }
    return Result<void>();
  });
}

void RefreshJournal::note(const Result<void>& kept) {
  if (kept) return;
  if (std::exchange(told_, true)) return;
  realm_.log.error("the journal of refreshes cannot be written: what they replaced is known until a restart only",
                   {{"reason", kept.error().message}});
}

}  // namespace lp
