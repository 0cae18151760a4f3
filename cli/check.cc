#include "cli/check.h"

#include <ctime>
#include <iostream>

#include "cli/doctor.h"
#include "cli/doctor/acme_needs.h"
#include "cli/exit_status.h"
#include "cli/rule_tests.h"
#include "cli/unwritable_places.h"
#include "config/check/check.h"
#include "config/file/load.h"
#include "config/file/print.h"

namespace lp {
namespace {

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

bool tests_pass(const Settings& settings, const std::string& config_path) {
  const auto failing = failing_rule_tests(settings, config_path, std::time(nullptr));
  for (const auto& test : failing) std::cerr << test << "\n";
  if (failing.empty()) return true;
  std::cerr << failing.size() << " of " << counted(settings.tests.size(), "test")
            << " failed: correct the routes, or what the test expects\n";
  return false;
}

}  // namespace

int run_check(const std::string& config_path, const CheckOptions& options) {
  const auto loaded = load_config(config_path, process_environment());
  if (!loaded) {
    for (const auto& problem : loaded.error()) std::cerr << problem.text() << "\n";
    return kExitConfig;
  }
  for (const auto& warning : loaded->warnings) std::cerr << "warning: " << warning << "\n";
  const Settings& settings = *loaded->settings;
  for (const auto& place : unwritable_places(settings)) std::cerr << "warning: " << place << "\n";
  for (const auto& need : acme_needs(settings)) std::cerr << "warning: " << need << "\n";
  for (const auto& note : notes_on(settings)) std::cerr << "note: " << note << "\n";
  if (!tests_pass(settings, config_path)) return kExitConfig;
  if (options.print) {
    std::cout << print_config(settings);
  } else {
    std::cout << "config ok: " << counted(settings.routes.size(), "route") << ", "
              << counted(settings.upstreams.size(), "upstream")
              << (settings.tests.empty() ? "" : ", " + counted(settings.tests.size(), "test") + " passed") << "\n";
  }
  if (!std::cout.flush().good()) return kExitFailed;
  return options.online ? examine_aloud(settings) : kExitOk;
}

}  // namespace lp
