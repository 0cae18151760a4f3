#include "cli/reload.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "base/check.h"
#include "cli/rule_tests.h"
#include "config/file/secret_rotation.h"
#include "config/realms.h"

namespace lp {

SecretReload::SecretReload(std::string config_path, std::shared_ptr<const Settings> settings,
                           std::vector<Realm*> realms, std::vector<AuthService*> auth)
    : config_path_(std::move(config_path)),
      realms_(std::move(realms)),
      auth_(std::move(auth)),
      log_(realms_.front()->log),
      running_(std::move(settings)) {}

void SecretReload::run() {
  auto loaded = load_config(config_path_, process_environment());
  if (!loaded) return log_problems(loaded.error());
  if (!tests_pass(*loaded->settings)) return;
  std::string keys;
  for (const std::string& key : keys_for_restart(*running_, *loaded->settings))
    keys += (keys.empty() ? "" : ", ") + key;
  take_over(*loaded->settings);
  if (!keys.empty()) {
    log_.warning("the configuration has changed beyond its secrets: that needs a restart", {{"keys", keys}});
  }
}

void SecretReload::log_problems(const std::vector<ConfigProblem>& problems) {
  for (const ConfigProblem& problem : problems) log_.error(problem.text());
  log_.error("secrets kept: the configuration has problems",
             {{"problems", static_cast<std::int64_t>(problems.size())}});
}

bool SecretReload::tests_pass(const Settings& fresh) const {
  const auto failing = failing_rule_tests(fresh, config_path_, realms_.front()->clock.unix_s());
  for (const std::string& test : failing) log_.error(test);
  if (failing.empty()) return true;
  log_.error("secrets kept: tests of the configuration failed",
             {{"failed", static_cast<std::int64_t>(failing.size())}});
  return false;
}

void SecretReload::take_over(const Settings& fresh) {
  const auto before = std::exchange(running_, std::make_shared<const Settings>(with_secrets_of(*running_, fresh)));
  const auto now = settings_of_realms(running_);
  LP_CHECK(now.size() == realms_.size() && now.size() == auth_.size(), "a reload keeps the realms of the start");
  for (std::size_t i = 0; i < now.size(); ++i) {
    realms_[i]->replace_keyring(*now[i]);
    realms_[i]->replace_webhook_secret(now[i]->logto.webhook_secret);
    realms_[i]->replace_pages({now[i], &now[i]->pages});
    auth_[i]->replace_secrets(now[i]);
  }
  tell(*before);
}

void SecretReload::tell(const Settings& before) const {
  if (running_->realms.empty()) return tell_of_realm(before, *running_);
  for (std::size_t i = 0; i < running_->realms.size(); ++i) {
    tell_of_realm(settings_of_realm(before, before.realms[i]), settings_of_realm(*running_, running_->realms[i]));
  }
}

void SecretReload::tell_of_realm(const Settings& before, const Settings& now) const {
  const std::string ring = describe_replaced(before.session.secrets, now.session.secrets);
  const std::string app_secrets = describe_replaced(before.logto.app_secrets, now.logto.app_secrets);
  const std::string webhook_secret = describe_replaced(before.logto.webhook_secret, now.logto.webhook_secret);
  const std::string for_apps = describe_replaced(secrets_for_apps(before), secrets_for_apps(now));
  const std::string redis_password = describe_replaced(before.redis.password, now.redis.password);
  const std::string check_secret = describe_replaced(before.forward_auth.secret, now.forward_auth.secret);
  log_.info("secrets re-read", {{"realm", now.realm},
                                {"session.secret", ring},
                                {"logto.app_secret", app_secrets},
                                {"logto.webhook_secret", webhook_secret},
                                {"redis.password", redis_password},
                                {"forward_auth.secret", check_secret},
                                {"for apps", for_apps}});
}

}  // namespace lp
