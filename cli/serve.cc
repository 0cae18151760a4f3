#include "cli/serve.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <vector>

#include "auth/realm/realm.h"
#include "auth/service/auth_service.h"
#include "auth/service/upkeep.h"
#include "base/clock.h"
#include "base/errno_words.h"
#include "base/log.h"
#include "cli/access_log_file.h"
#include "cli/exit_status.h"
#include "cli/greeting.h"
#include "cli/reload.h"
#include "cli/rule_tests.h"
#include "cli/start_check.h"
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
  const auto patreon_pause = std::make_shared<PatreonPause>();
  for (const auto& realm : realms) {
    auto auth = std::make_unique<AuthService>(realm->settings, realm->clock, realm->log);
    realm->patreon.share_pause(patreon_pause);
    auth->look_after(*realm);
    all.push_back(auth.get());
    realm->auth = std::move(auth);
  }
  return all;
}

LogFormat format_for(LogFormat wanted, int fd) {
  if (wanted != LogFormat::automatic) return wanted;
  return isatty(fd) == 1 ? LogFormat::text : LogFormat::json;
}

// `automatic` decided: workers read it with every request.
std::shared_ptr<const Settings> with_log_formats(const std::shared_ptr<const Settings>& loaded) {
  auto settings = std::make_shared<Settings>(*loaded);
  settings->log.format = format_for(settings->log.format, STDERR_FILENO);
  const bool to_file = !settings->access_log.file.empty();
  settings->access_log.format = format_for(settings->access_log.format, to_file ? -1 : STDOUT_FILENO);
  return settings;
}

Log::Options log_options(const Settings& settings, const AccessLogFile& access_file) {
  Log::Options options;
  options.access_fd = settings.access_log.enabled ? access_file.fd() : -1;
  options.level = static_cast<LogLevel>(settings.log.level);
  options.text = settings.log.format == LogFormat::text;
  return options;
}

int cannot_log(const std::string& file) {
  const std::string why = errno_words(errno);
  std::fprintf(stderr, "logto-proxy: not started: access_log.output: cannot open %s: %s\n", file.c_str(), why.c_str());
  return kExitFailed;
}

// Wires realms, auth threads and server; the order of these lines is the order of their lifetimes: the log
// outlives all, the auth threads are stopped after the workers, which ask them.
int serve(const std::string& config_path, const std::shared_ptr<const Settings>& loaded,
          const std::vector<std::string>& warnings) {
  const auto settings = with_log_formats(loaded);
  const SystemClock clock;
  AccessLogFile access_file(settings->access_log.file);
  if (!access_file.reopen()) return cannot_log(settings->access_log.file);
  Log log(log_options(*settings, access_file));
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
  SecretReload reload(config_path, loaded, pointers_to(realms), start_auth(realms));
  log.info("starting", {{"version", LP_VERSION}});
  for (const auto& address : (*server)->addresses()) log.info("listening", {{"address", std::string_view(address)}});
  for (const auto& address : (*server)->check_addresses())
    log.info("listening for checks", {{"address", std::string_view(address)}});
  log.info("admin", {{"address", std::string_view((*server)->admin_address())}});
  if (isatty(STDERR_FILENO) == 1)
    std::fputs(greeting(*settings, (*server)->addresses(), (*server)->admin_address()).c_str(), stderr);
  const StartCheck start_check(settings, log);
  (*server)->run([&] {
    if (!access_file.reopen()) log.error("the access log cannot be opened anew", {{"file", settings->access_log.file}});
    reload.run();
    (*server)->replace_ticket_secrets(reload.session_secrets());
  });
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
