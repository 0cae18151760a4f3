#include "cli/serve.h"

#include <csignal>
#include <cstdio>
#include <memory>
#include <vector>

#include "auth/realm/realm.h"
#include "auth/service/auth_service.h"
#include "auth/service/upkeep.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/exit_status.h"
#include "cli/reload.h"
#include "cli/rule_tests.h"
#include "config/file/load.h"
#include "config/realms.h"
#include "proxy/server/server.h"

namespace lp {

namespace {
void print_problems(const std::vector<ConfigProblem>& problems) {
  for (const auto& problem : problems) std::fprintf(stderr, "%s\n", problem.text().c_str());
  std::fprintf(stderr, "logto-proxy: not started: %zu problem%s in the configuration\n", problems.size(),
               problems.size() == 1 ? "" : "s");
}

// A configuration that does not do what it says of itself is not served.
bool own_tests_pass(const Settings& settings, const std::string& config_path) {
  const auto failing = failing_rule_tests(settings, config_path, SystemClock().unix_s());
  for (const auto& test : failing) std::fprintf(stderr, "%s\n", test.c_str());
  if (!failing.empty())
    std::fprintf(stderr, "logto-proxy: not started: %zu of the configuration's tests failed\n", failing.size());
  return failing.empty();
}

std::vector<Realm*> pointers_to(const std::vector<std::unique_ptr<Realm>>& realms) {
  std::vector<Realm*> all;
  for (const auto& realm : realms) all.push_back(realm.get());
  return all;
}

// Each realm's auth thread, which does its upkeep from now on.
std::vector<AuthService*> start_auth(const std::vector<std::unique_ptr<Realm>>& realms) {
  std::vector<AuthService*> all;
  for (const auto& realm : realms) {
    auto auth = std::make_unique<AuthService>(realm->settings, realm->clock, realm->log);
    auth->look_after(*realm);
    all.push_back(auth.get());
    realm->auth = std::move(auth);
  }
  return all;
}

// Wires realms, auth threads and server; the order of these lines is the order of their lifetimes: the log
// outlives all, the auth threads are stopped after the workers, which ask them.
int serve(const std::string& config_path, const std::shared_ptr<const Settings>& settings,
          const std::vector<std::string>& warnings) {
  const SystemClock clock;
  Log::Options options;
  options.access_fd = settings->access_log.enabled ? 1 : -1;
  Log log(options);
  for (const auto& warning : warnings) log.warning(warning);

  std::vector<std::unique_ptr<Realm>> realms;
  for (auto& own : settings_of_realms(settings)) {
    realms.push_back(std::make_unique<Realm>(std::move(own), clock, log));
    if (const auto journal = open_revocation_journal(*realms.back()); !journal) {
      log.error(journal.error().message);
      return kExitFailed;
    }
  }
  auto server = Server::open(*settings, pointers_to(realms));
  if (!server) {
    log.error(server.error().message);
    return kExitFailed;
  }
  SecretReload reload(config_path, settings, pointers_to(realms), start_auth(realms));
  log.info("starting", {{"version", LP_VERSION}});
  for (const auto& address : (*server)->addresses()) log.info("listening", {{"address", std::string_view(address)}});
  for (const auto& address : (*server)->check_addresses())
    log.info("listening for checks", {{"address", std::string_view(address)}});
  log.info("admin", {{"address", std::string_view((*server)->admin_address())}});
  (*server)->run([&reload] { reload.run(); });
  log.info("stopped");
  return kExitOk;
}
}  // namespace

int run_serve(const std::string& config_path) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);  // before and after Server::run, too, it must not end the process
  auto loaded = load_config(config_path, process_environment());
  if (!loaded) {
    print_problems(loaded.error());
    return kExitConfig;
  }
  if (!own_tests_pass(*loaded->settings, config_path)) return kExitConfig;
  return serve(config_path, loaded->settings, loaded->warnings);
}

}  // namespace lp
