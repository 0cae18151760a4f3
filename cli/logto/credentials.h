#pragma once
#include <string>
#include <vector>

#include "cli/logto/management_api.h"
#include "cli/tenant/plan.h"

namespace lp {

// Where the configuration reads something that only Logto knows, and what became of it.
struct CredentialPlace {
  enum class Outcome { unchanged, written, refused, shown };
  Outcome outcome = Outcome::unchanged;
  std::string key;    // "logto.app_secret_file"
  std::string path;   // of the file; empty: it stands in the configuration itself
  std::string why{};  // refused: what is wrong, and what to do
  Secret value{};     // shown: for whoever keeps it elsewhere than in a file
};

enum class WithoutFile { refused, shown };  // what becomes of a value where the configuration names no file for it

// The application's id and one of its secrets, and the webhook's signing key, into the files that the configuration
// names. `is_dry`: only says what would be written, of an application that is to be made too, and whether it can be. A
// file that holds a secret which the application takes is left as it is. In place of a file that is not there nothing
// can be written: what the configuration says itself is compared, and what differs is refused or shown.
[[nodiscard]] std::vector<CredentialPlace> settle_credentials(ManagementApi& api, const Settings& settings,
                                                              const WantedTenant& wanted, const TenantState& state,
                                                              bool is_dry, WithoutFile without_file);

}  // namespace lp
