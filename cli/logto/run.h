#pragma once
#include <string>

namespace lp {

struct ProvisionOptions {
  bool plan = false;               // only say what would be done
  bool yes = false;                // without asking
  bool json = false;               // for machines
  bool destroy = false;            // take away what was made here
  bool to_yaml = false;            // nothing but write the tenant that is there as YAML
  bool print_secrets = false;      // what no file is named for goes to stdout in the end
  std::string bootstrap_database;  // where the credentials come from in place of provision.management; empty: nowhere
};

// Makes the tenant at Logto what the configuration's `provision:` says. Answers the exit status: 1 where something
// fails, 2 where the file has a mistake, with `plan` 2 where something would change and 1 where the file has a mistake.
[[nodiscard]] int run_provision(const std::string& config_path, const ProvisionOptions& options);

}  // namespace lp
