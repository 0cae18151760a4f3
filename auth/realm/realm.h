#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "auth/realm/auth_questions.h"
#include "auth/realm/keyring.h"
#include "auth/realm/stored_sessions.h"
#include "auth/realm/stranger_limits.h"
#include "auth/session/app_token_cache.h"
#include "auth/session/cookie_generations.h"
#include "auth/session/held_requests.h"
#include "auth/session/patreon_answers.h"
#include "auth/session/proven_sessions.h"
#include "auth/session/revocations.h"
#include "auth/session/store_health.h"
#include "auth/session/subject_records.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/repeated_notice.h"
#include "base/secret.h"
#include "config/settings.h"

namespace lp {

// The seam for more than one Logto application: settings, key ring and auth service of one, in one object that is
// passed into everything in auth/. A session never crosses realms: the realm's name is in the sealed cookie's
// associated data. Shared by all threads; owned by cli/serve, outlives the workers. Immutable after construction but
// for the secrets, which an operator may replace while it runs: these are read through their accessors, never from
// `settings`, which keeps what was there at the start. `clock_in` and `log_in` must outlive it.
struct Realm {
  Realm(std::shared_ptr<const Settings> settings_in, const Clock& clock_in, Log& log_in);
  // Ends `auth` first: its thread uses all that is here until it has ended.
  ~Realm();
  Realm(const Realm&) = delete;
  Realm& operator=(const Realm&) = delete;

  std::shared_ptr<const Settings> settings;
  const Clock& clock;
  Log& log;
  Revocations revocations;                // any thread
  SubjectRecords subject_records;         // any thread
  CookieGenerations generations;          // any thread
  HeldRequests held_requests;             // any thread
  ProvenSessions proven;                  // any thread
  AppTokenCache tokens;                   // any thread
  PatreonAnswers patreon;                 // any thread
  StoreHealth store_health;               // any thread
  RepeatedNotice webhook_without_secret;  // any thread
  StrangerLimits strangers;               // any thread
  // An AuthService in the program, set once before the first worker starts. Null means that Logto can't be asked:
  // open routes and sessions in hand go on, sign-ins get the 503 page.
  std::unique_ptr<AuthQuestions> auth;
  // Where sessions are, set once before the first worker starts, owned by `auth`; null: in their cookies.
  StoredSessions* stored = nullptr;

  // Any thread; takes a lock for a moment. Never null.
  [[nodiscard]] std::shared_ptr<const Keyring> keyring() const;
  // Any thread; one atomic load. keyring()->generation is this one or a later one.
  [[nodiscard]] std::uint64_t keyring_generation() const { return generation_.load(std::memory_order_acquire); }
  // Any thread. Whoever took a keyring before goes on with that one until the end of its request. `with_secrets` are
  // `settings` but for secrets; with a ring alone all other secrets are those of `settings`.
  void replace_keyring(const Settings& with_secrets);
  void replace_keyring(const std::vector<Secret>& ring);

  // logto.webhook_secret as it is now; empty: none. Any thread.
  [[nodiscard]] Secret webhook_secret() const;
  void replace_webhook_secret(Secret secret);

  // How pages look now. Any thread; takes a lock for a moment. Never null.
  [[nodiscard]] std::shared_ptr<const PagesSettings> pages() const;
  void replace_pages(std::shared_ptr<const PagesSettings> pages);

 private:
  mutable std::mutex mutex_;  // guards keyring_, webhook_secret_ and pages_
  std::shared_ptr<const Keyring> keyring_;
  Secret webhook_secret_;
  std::shared_ptr<const PagesSettings> pages_;
  std::atomic<std::uint64_t> generation_;
};

}  // namespace lp
