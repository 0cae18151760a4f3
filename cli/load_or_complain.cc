#include "cli/load_or_complain.h"

#include <cstdio>

#include "config/file/load.h"

namespace lp {

std::shared_ptr<const Settings> load_or_complain(const std::string& config_path) {
  auto loaded = load_config(config_path, process_environment());
  if (loaded) return loaded->settings;
  for (const ConfigProblem& problem : loaded.error()) std::fprintf(stderr, "%s\n", problem.text().c_str());
  return nullptr;
}

std::string_view access_word(Access access) {
  switch (access) {
    case Access::public_:
      return "public";
    case Access::optional:
      return "optional";
    case Access::signed_in:
      return "signed_in";
    case Access::deny:
      return "deny";
  }
  return "";
}

}  // namespace lp
