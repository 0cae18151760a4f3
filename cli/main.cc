#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "cli/access_matrix.h"
#include "cli/check.h"
#include "cli/completion.h"
#include "cli/doctor.h"
#include "cli/exit_status.h"
#include "cli/explain.h"
#include "cli/health.h"
#include "cli/import.h"
#include "cli/logto/run.h"
#include "cli/private_memory.h"
#include "cli/routes.h"
#include "cli/schema.h"
#include "cli/secret.h"
#include "cli/serve.h"
#include "cli/version.h"
#include "config/file/load.h"
#include "config/page_language.h"
#include "config/yaml/suggest.h"
#include "proxy/server/acme_hook.h"

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
  std::function<void(CLI::App&)> add_options = {};
};

void add_import_options(CLI::App& sub, lp::ImportArguments& import) {
  sub.add_option("--from", import.from, "oauth2-proxy or traefik-forward-auth")
      ->required()
      ->check(CLI::IsMember({"oauth2-proxy", "traefik-forward-auth"}));
  sub.add_option("FILE", import.file, "Its configuration file: TOML or alpha YAML, or ini");
  sub.add_option("--alpha-config", import.alpha_file, "oauth2-proxy's alpha configuration (YAML)");
  sub.add_option("--env-file", import.env_file, "Its environment variables, NAME=VALUE in each line");
  sub.add_flag("--env", import.environment, "Take its variables from the environment of this command too");
  sub.add_option("-o,--output", import.output, "Where to write the configuration (standard output)");
  sub.add_option("--report", import.report, "Where to write the report (standard error)");
}

Command explain_command(std::string& config, lp::ExplainOptions& options) {
  const auto add = [&options](CLI::App& app) {
    app.add_option("--url", options.url, "What is asked for, https://HOST/PATH?QUERY")->required();
    app.add_option("--method", options.method, "Method")->capture_default_str();
    app.add_option("--as", options.as_file, "File with claims of who is signed in, JSON as in an ID token");
    app.add_option("--header", options.headers, "A header field of the request, 'Name: value'; may be repeated")
        ->allow_extra_args(false);
    app.add_option("--client-certificate", options.certificate_file,
                   "File (PEM) with the certificate that the connection has shown, and that was accepted");
    app.add_option("--client", options.client, "Address that the connection comes from")->capture_default_str();
    app.add_flag("--script", options.script, "A script asks, not a person who follows a link");
    app.add_flag("--json", options.json, "For machines");
  };
  const auto run = [&config, &options] {
    options.config_path = config;
    return lp::run_explain(options);
  };
  return {"explain", "Say what becomes of a request and why (exit status 0: it may pass)", true, run, add};
}

Command access_matrix_command(std::string& config, lp::AccessMatrixOptions& options) {
  const auto add = [&options](CLI::App& app) {
    app.add_option("--roles", options.roles, "Roles to show; default: all that rules name")->delimiter(',');
    auto* json = app.add_flag("--json", options.json, "For machines");
    app.add_flag("--csv", options.csv, "For spreadsheets")->excludes(json);
  };
  const auto run = [&config, &options] {
    options.config_path = config;
    return lp::run_access_matrix(options);
  };
  return {"access-matrix", "Print who may use which route, by roles", true, run, add};
}

Command provision_command(std::string& config, lp::ProvisionOptions& options) {
  const auto add = [&options](CLI::App& app) {
    app.add_flag("--plan", options.plan, "Only say what would be done (exit status 2: something)");
    app.add_flag("--yes", options.yes, "Without asking");
    app.add_flag("--destroy", options.destroy, "Take away what was made here, and nothing else");
    app.add_flag("--import", options.to_yaml, "Only write the tenant that is there as YAML, without its secrets");
    app.add_option("--bootstrap-from-db", options.bootstrap_database,
                   "postgres://... of a self-hosted Logto: by its own application m-default, read by psql")
        ->envname("LOGTO_PROXY_BOOTSTRAP_DB");
    app.add_flag("--print-secrets", options.print_secrets, "What the file names no file for, to the output in the end");
    app.add_flag("--json", options.json, "For machines");
  };
  const auto run = [&config, &options] { return lp::run_provision(config, options); };
  return {"provision", "Make the tenant at Logto what the configuration says", true, run, add};
}

int print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return std::fflush(stdout) == 0 ? lp::kExitOk : lp::kExitFailed;
}

// Named as it is, by -c or by the environment.
void add_config_option(CLI::App& sub, std::string& config) {
  sub.add_option("-c,--config,CONFIG", config, "Configuration file")
      ->envname("LOGTO_PROXY_CONFIG")
      ->capture_default_str();
}

// A variable of a script that is empty: what was meant for a file must not be printed.
std::string some_name(const std::string& text) { return text.empty() ? "names no file" : ""; }

// The first word, which nobody takes for an option, where it is no command.
std::string unknown_command(const std::vector<Command>& commands, int argc, char** argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  const auto is_it = [&](const Command& command) { return command.name == word; };
  return word.empty() || word.front() == '-' || std::any_of(commands.begin(), commands.end(), is_it) ? "" : word;
}

// What other programs call it; else the nearest name.
std::string command_meant(const std::string& word, const std::vector<std::string>& names) {
  constexpr std::pair<std::string_view, std::string_view> kElsewhere[] = {
      {"run", "serve"},        {"start", "serve"},     {"up", "serve"},        {"server", "serve"},
      {"validate", "check"},   {"verify", "check"},    {"lint", "check"},      {"test", "check"},
      {"configtest", "check"}, {"diagnose", "doctor"}, {"apply", "provision"}, {"plan", "provision --plan"},
      {"convert", "import"},   {"migrate", "import"},  {"genkey", "secret"}};
  for (const auto& [theirs, ours] : kElsewhere) {
    if (word == theirs) return std::string(ours);
  }
  const bool is_file = word.ends_with(".yaml") || word.ends_with(".yml");
  return is_file ? "serve " + word : lp::nearest(word, names);
}

int refuse_command(const std::vector<Command>& commands, const std::string& word) {
  std::vector<std::string> names;
  std::string all;
  for (const Command& command : commands) {
    names.emplace_back(command.name);
    all.append(all.empty() ? "" : ", ").append(command.name);
  }
  const std::string near = word == "help" || word == "version" ? "--" + word : command_meant(word, names);
  const std::string hint = near.empty() ? ": expected one of " + all : ", did you mean '" + near + "'?";
  std::fprintf(stderr, "logto-proxy: no command is called '%s'%s\n", word.c_str(), hint.c_str());
  return lp::kExitConfig;
}

// What was not expected, as a person would say it. Empty: the library's words will do.
std::string extra_words(const CLI::App& command, const std::string& told) {
  const std::size_t at = told.find("expected: ");
  if (at == std::string::npos) return {};
  const std::string words = told.substr(at + std::string_view("expected: ").size());
  std::string word = words.substr(0, words.find(' '));
  // The library turns them round: "admin --role".
  if (const auto option = (" " + words).find(" --"); !word.starts_with('-') && option != std::string::npos)
    word = words.substr(option, words.find(' ', option) - option);
  if (!word.starts_with('-')) return "expected nothing more, found '" + words + "'";
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) names.push_back(option->get_name());
  const std::string near = lp::nearest(word, names);
  return "no option is called '" + word + "'" + (near.empty() ? "" : ", did you mean '" + near + "'?");
}

// One line, and where the rest is told, instead of a page in which the line is lost.
std::string usage_words(const CLI::App* app, const CLI::Error& error) {
  const auto parsed = app->get_subcommands();
  if (parsed.empty() && error.get_name() == "RequiredError")
    return app->help() + "\nlogto-proxy: name a command, as in: logto-proxy serve config.yaml\n";
  const CLI::App& command = parsed.empty() ? *app : *parsed.front();
  const std::string name = parsed.empty() ? "logto-proxy" : "logto-proxy " + command.get_name();
  const std::string told = error.what();
  const bool lacks_url = command.get_name() == "explain" && told == "--url is required";
  const std::string extra =
      lacks_url ? told + ", as in --url https://app.example.com/admin" : extra_words(command, told);
  return name + ": " + (extra.empty() ? told : extra) + " (" + name + " --help tells what there is)\n";
}

// "--chekc", "-v": what stands before every command. The parser would say that a command is missing, and print its
// help.
std::string unknown_option(int argc, char** argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  const bool is_known = word == "--help" || word == "-h" || word == "--version";
  return word.starts_with('-') && !is_known ? word : "";
}

int refuse_option(const std::vector<Command>& commands, const std::string& word) {
  std::vector<std::string> names;
  for (const Command& command : commands) names.emplace_back(command.name);
  const std::string bare = word.substr(std::min(word.find_first_not_of('-'), word.size()));
  const std::string near_option = lp::nearest(word, {"--help", "--version"});
  const std::string near_command = bare.size() > 1 ? lp::nearest(bare, names) : "";
  const std::string near = bare == "v" || bare == "V" ? "--version" : !near_option.empty() ? near_option : near_command;
  const std::string hint = near.empty() ? "a command stands first, as in 'logto-proxy check FILE'; --help shows them"
                                        : "did you mean '" + near + "'?";
  std::fprintf(stderr, "logto-proxy: no option before a command is called '%s': %s\n", word.c_str(), hint.c_str());
  return lp::kExitConfig;
}

int parse_and_run(int argc, char** argv) {
  CLI::App app{kAbout, "logto-proxy"};
  std::string config = lp::kDefaultConfig;
  lp::CheckOptions check;
  lp::DoctorOptions doctor;
  lp::ProvisionOptions provision;
  bool routes_as_json = false;
  std::string shell;
  std::string secret_file;
  std::string language = "en";
  lp::ImportArguments import;
  lp::ExplainOptions explain;
  lp::AccessMatrixOptions matrix;
  const std::vector<Command> commands = {
      {"serve", "Run the proxy until SIGTERM", true, [&] { return lp::run_serve(config); }},
      {"check", "Judge a configuration file, all mistakes at once, and run its tests", true,
       [&] { return lp::run_check(config, check); },
       [&](CLI::App& sub) {
         sub.add_flag("--print-config", check.print, "Print the effective settings, secrets masked");
         sub.add_flag("--online", check.online, "Ask Logto and the apps too, as far as that needs no user");
       }},
      {"doctor", "Ask Logto, the apps and this machine what is wrong, as far as that needs no user", true,
       [&] { return lp::run_doctor(config, doctor); },
       [&](CLI::App& sub) { sub.add_flag("--json", doctor.json, "For machines"); }},
      provision_command(config, provision),
      explain_command(config, explain),
      {"routes", "Print the routes as a table", true, [&] { return lp::run_routes(config, routes_as_json); },
       [&](CLI::App& sub) { sub.add_flag("--json", routes_as_json, "For machines"); }},
      access_matrix_command(config, matrix),
      {"secret", "Print a new secret for session.secret", false, [&] { return lp::run_secret(secret_file); },
       [&](CLI::App& sub) {
         sub.add_option("--file", secret_file, "Write it there, unless it has one already")->check(some_name);
       }},
      {"health", "Ask a running proxy whether it is ready (exit status 0 or 1)", true,
       [&] { return lp::run_health(config); }},
      {"import", "Turn the configuration of another proxy into one of this, with a report of what differs", false,
       [&] { return lp::run_import(import); }, [&](CLI::App& sub) { add_import_options(sub, import); }},
      {"schema", "Print the configuration's JSON schema, for editors", false, [] { return lp::run_schema(); }},
      {"texts", "Print the texts of our pages, to translate or reword them (pages.languages)", false,
       [&] { return print(lp::page_texts_file(language)); },
       [&](CLI::App& sub) {
         sub.add_option("LANGUAGE", language, "en or ja; for any other the English ones")->capture_default_str();
       }},
      {"completion", "Print what completes commands in a shell", false,
       [&] { return print(lp::completion_script(app, shell)); },
       [&](CLI::App& sub) {
         sub.add_option("SHELL", shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
       }},
  };

  if (const std::string word = unknown_command(commands, argc, argv); !word.empty())
    return refuse_command(commands, word);
  if (const std::string word = unknown_option(argc, argv); !word.empty()) return refuse_option(commands, word);
  app.set_version_flag("--version", lp::version_text());
  app.require_subcommand(1);
  app.failure_message(usage_words);
  int status = lp::kExitOk;
  for (const Command& command : commands) {
    CLI::App* sub = app.add_subcommand(command.name, command.help);
    if (command.needs_config) add_config_option(*sub, config);
    if (command.add_options) command.add_options(*sub);
    sub->callback([&status, &command] { status = command.run(); });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? lp::kExitOk : lp::kExitConfig;
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto status = lp::run_as_acme_hook(argc, argv)) return *status;
  lp::keep_memory_private();
  try {
    return parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "logto-proxy: %s\n", error.what());
    return lp::kExitFailed;
  }
}
