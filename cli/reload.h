#pragma once
#include <memory>
#include <string>

#include "auth/auth_service.h"
#include "auth/realm.h"
#include "config/load.h"

namespace lp {

// What SIGHUP does: the configuration file is read again and judged as a whole, with the environment of the start and
// the files it names as they are now; from a good one the secrets are taken over, from a bad one nothing. Sessions go
// on. Main thread.
class SecretReload {
 public:
  // Both must outlive it.
  SecretReload(std::string config_path, Realm& realm, AuthService& auth);
  void run();

 private:
  void log_problems(const std::vector<ConfigProblem>& problems);
  void take_over(const Settings& fresh);

  std::string config_path_;
  Realm& realm_;
  AuthService& auth_;
  std::shared_ptr<const Settings> running_;  // the settings of the start with the secrets of now
};

}  // namespace lp
