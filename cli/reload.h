#pragma once
#include <memory>
#include <string>
#include <vector>

#include "auth/realm/realm.h"
#include "auth/service/auth_service.h"
#include "config/file/load.h"

namespace lp {

// What SIGHUP does: the configuration file is read again and judged as a whole, with the environment of the start and
// the files it names as they are now; from a good one, whose `tests:` pass, the secrets are taken over, from a bad one
// nothing. Sessions go on. Main thread.
class SecretReload {
 public:
  // `settings` is what the realms were made of; these and their services, in the same order, must outlive it.
  SecretReload(std::string config_path, std::shared_ptr<const Settings> settings, std::vector<Realm*> realms,
               std::vector<AuthService*> auth);
  void run();
  // Those that hold now.
  [[nodiscard]] const std::vector<Secret>& session_secrets() const { return running_->session.secrets; }

 private:
  void log_problems(const std::vector<ConfigProblem>& problems);
  [[nodiscard]] bool tests_pass(const Settings& fresh) const;  // or says in the log which failed
  void take_over(const Settings& fresh);
  void tell(const Settings& before) const;
  void tell_of_realm(const Settings& before, const Settings& now) const;

  std::string config_path_;
  std::vector<Realm*> realms_;
  std::vector<AuthService*> auth_;
  Log& log_;
  std::shared_ptr<const Settings> running_;  // the settings of the start with the secrets of now
};

}  // namespace lp
