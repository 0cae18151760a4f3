#include <iostream>

#include "cli/commands.h"
#include "config/check.h"
#include "config/load.h"

namespace lp {
namespace {

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

int run_check(const std::string& config_path, bool print) {
  constexpr int kConfigError = 2;
  const auto loaded = load_config(config_path, process_environment());
  if (!loaded) {
    for (const auto& problem : loaded.error()) std::cerr << problem.text() << "\n";
    return kConfigError;
  }
  for (const auto& warning : loaded->warnings) std::cerr << "warning: " << warning << "\n";
  const Settings& settings = *loaded->settings;
  for (const auto& note : notes_on(settings)) std::cerr << "note: " << note << "\n";
  if (print) {
    std::cout << print_config(settings);
  } else {
    std::cout << "config ok: " << counted(settings.routes.size(), "route") << ", "
              << counted(settings.upstreams.size(), "upstream") << "\n";
  }
  return std::cout.flush().good() ? 0 : 1;
}

}  // namespace lp
