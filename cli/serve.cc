#include <csignal>
#include <cstdio>
#include <memory>

#include "auth/auth_service.h"
#include "auth/realm.h"
#include "auth/upkeep.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/reload.h"
#include "config/load.h"
#include "proxy/server.h"

namespace lp {

namespace {
void print_problems(const std::vector<ConfigProblem>& problems) {
  for (const auto& problem : problems) std::fprintf(stderr, "%s\n", problem.text().c_str());
  std::fprintf(stderr, "logto-proxy: not started: %zu problem%s in the configuration\n", problems.size(),
               problems.size() == 1 ? "" : "s");
}

// The one place that wires the parts together; the order of these lines is the order of their lifetimes: the log
// outlives all, the auth thread is stopped after the workers, which ask it.
int serve(const std::string& config_path, std::shared_ptr<const Settings> settings,
          const std::vector<std::string>& warnings) {
  const SystemClock clock;
  Log::Options options;
  options.access_fd = settings->access_log.enabled ? 1 : -1;
  Log log(options);
  for (const auto& warning : warnings) log.warning(warning);

  Realm realm(std::move(settings), clock, log);
  if (const auto journal = open_revocation_journal(realm); !journal) {
    log.error(journal.error().message);
    return kExitFailed;
  }
  auto server = Server::open(realm);
  if (!server) {
    log.error(server.error().message);
    return kExitFailed;
  }
  auto auth = std::make_unique<AuthService>(realm.settings, clock, log);
  auth->look_after(realm);
  SecretReload reload(config_path, realm, *auth);
  realm.auth = std::move(auth);
  log.info("starting", {{"version", LP_VERSION}});
  for (const auto& address : (*server)->addresses()) log.info("listening", {{"address", std::string_view(address)}});
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
  return serve(config_path, loaded->settings, loaded->warnings);
}

}  // namespace lp
