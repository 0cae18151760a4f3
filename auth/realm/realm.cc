#include "auth/realm/realm.h"

#include <algorithm>
#include <utility>

namespace lp {
namespace {

constexpr std::uint64_t kFirstGeneration = 1;

}  // namespace

Realm::Realm(std::shared_ptr<const Settings> settings_in, const Clock& clock_in, Log& log_in)
    : settings(std::move(settings_in)),
      clock(clock_in),
      log(log_in),
      revocations(static_cast<std::size_t>(settings->revocations.max)),
      subject_records(static_cast<std::size_t>(settings->revocations.max), settings->session.max_lifetime_ms / 1000),
      held_requests(static_cast<std::size_t>(std::max<std::int64_t>(settings->limits.held_requests_bytes, 0))),
      strangers(settings->limits, clock_in, log_in),
      keyring_(std::make_shared<const Keyring>(*settings, kFirstGeneration)),
      webhook_secret_(settings->logto.webhook_secret),
      pages_(settings, &settings->pages),
      generation_(kFirstGeneration) {}

Realm::~Realm() { auth.reset(); }

std::shared_ptr<const Keyring> Realm::keyring() const {
  const std::lock_guard lock(mutex_);
  return keyring_;
}

// The keyring is there before its generation is told: who sees a new number finds at least that keyring.
void Realm::replace_keyring(const Settings& with_secrets) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t next = keyring_->generation + 1;
  keyring_ = std::make_shared<const Keyring>(with_secrets, next);
  generation_.store(next, std::memory_order_release);
}

void Realm::replace_keyring(const std::vector<Secret>& ring) {
  Settings with_secrets = *settings;
  with_secrets.session.secrets = ring;
  replace_keyring(with_secrets);
}

Secret Realm::webhook_secret() const {
  const std::lock_guard lock(mutex_);
  return webhook_secret_;
}

void Realm::replace_webhook_secret(Secret secret) {
  const std::lock_guard lock(mutex_);
  webhook_secret_ = std::move(secret);
}

std::shared_ptr<const PagesSettings> Realm::pages() const {
  const std::lock_guard lock(mutex_);
  return pages_;
}

void Realm::replace_pages(std::shared_ptr<const PagesSettings> pages) {
  const std::lock_guard lock(mutex_);
  pages_ = std::move(pages);
}

}  // namespace lp
