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

}  // namespace lp
