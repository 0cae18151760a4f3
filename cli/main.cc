#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <functional>
#include <string>

#include "cli/commands.h"

namespace {

constexpr const char* kAbout =
    "logto-proxy signs people in through Logto in front of web apps that know nothing of it.\n"
    "It keeps the session in an encrypted cookie, decides per route who may pass, and tells the\n"
    "app who it is in request headers. Manual: docs/MANUAL.md; every key: config.example.yaml.";

// One row a command: name, help, what it runs.
struct Command {
  const char* name;
  const char* help;
  bool needs_config;
  std::function<int()> run;
};

int parse_and_run(int argc, char** argv) {
  std::string config = "logto-proxy.yaml";
  bool print_config = false;
  const std::vector<Command> commands = {
      {"serve", "Run the proxy until SIGTERM", true, [&] { return lp::run_serve(config); }},
      {"check", "Judge a configuration file: all mistakes at once, with line and column", true,
       [&] { return lp::run_check(config, print_config); }},
      {"secret", "Print a new secret for session.secret", false, [] { return lp::run_secret(); }},
      {"health", "Ask a running proxy whether it is ready (exit status 0 or 1)", true,
       [&] { return lp::run_health(config); }},
  };

  CLI::App app{kAbout, "logto-proxy"};
  app.set_version_flag("--version", std::string("logto-proxy ") + LP_VERSION);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  int status = lp::kExitOk;
  for (const Command& command : commands) {
    CLI::App* sub = app.add_subcommand(command.name, command.help);
    if (command.needs_config) sub->add_option("-c,--config", config, "Configuration file")->capture_default_str();
    if (std::string(command.name) == "check") {
      sub->add_flag("--print-config", print_config, "Print the effective settings, secrets masked");
    }
    sub->callback([&status, &command] { status = command.run(); });
  }
  CLI11_PARSE(app, argc, argv);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "logto-proxy: %s\n", error.what());
    return lp::kExitFailed;
  }
}
