#include "cli/reload.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "config/secret_rotation.h"

namespace lp {

SecretReload::SecretReload(std::string config_path, Realm& realm, AuthService& auth)
    : config_path_(std::move(config_path)), realm_(realm), auth_(auth), running_(realm.settings) {}

void SecretReload::run() {
  auto loaded = load_config(config_path_, process_environment());
  if (!loaded) return log_problems(loaded.error());
  std::string keys;
  for (const std::string& key : keys_for_restart(*running_, *loaded->settings))
    keys += (keys.empty() ? "" : ", ") + key;
  take_over(*loaded->settings);
  if (!keys.empty()) {
    realm_.log.warning("the configuration has changed beyond its secrets: that needs a restart", {{"keys", keys}});
  }
}

void SecretReload::log_problems(const std::vector<ConfigProblem>& problems) {
  for (const ConfigProblem& problem : problems) realm_.log.error(problem.text());
  realm_.log.error("secrets kept: the configuration has problems",
                   {{"problems", static_cast<std::int64_t>(problems.size())}});
}

void SecretReload::take_over(const Settings& fresh) {
  const auto before = std::exchange(running_, std::make_shared<const Settings>(with_secrets_of(*running_, fresh)));
  const auto webhook = [](const Settings& s) { return s.logto.webhook_secret; };
  const std::string ring = describe_replaced(before->session.secrets, running_->session.secrets);
  const std::string app_secrets = describe_replaced(before->logto.app_secrets, running_->logto.app_secrets);
  const std::string webhook_secret = describe_replaced(webhook(*before), webhook(*running_));
  const std::string redis_password = describe_replaced(before->redis.password, running_->redis.password);
  realm_.replace_keyring(running_->session.secrets);
  realm_.replace_webhook_secret(running_->logto.webhook_secret);
  auth_.replace_secrets(running_);
  realm_.log.info("secrets re-read", {{"session.secret", ring},
                                      {"logto.app_secret", app_secrets},
                                      {"logto.webhook_secret", webhook_secret},
                                      {"redis.password", redis_password}});
}

}  // namespace lp
