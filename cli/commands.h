#pragma once
#include <string>
#include <vector>

// The commands of logto-proxy; each returns the exit status of the process.
namespace lp {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitConfig = 2;  // the configuration refuses to start

// Serves until SIGTERM or SIGINT; SIGHUP reads the secrets of the file again.
[[nodiscard]] int run_serve(const std::string& config_path);

// Asks the admin listener of a running proxy with this configuration: 0 when it is ready. For container health checks.
[[nodiscard]] int run_health(const std::string& config_path);

// Prints 32 random bytes in base64: a session secret.
[[nodiscard]] int run_secret();

// Judges a configuration file and runs its `tests:`; warnings and problems on stderr; 0, or 2 when serve would refuse
// to start. With `print` the effective settings go to stdout, secrets masked.
[[nodiscard]] int run_check(const std::string& config_path, bool print);

// What `import` is called with; empty: not given.
struct ImportArguments {
  std::string from;  // oauth2-proxy | traefik-forward-auth
  std::string file;
  std::string alpha_file;
  std::string env_file;
  bool environment = false;  // read the process's own as well
  std::string output;        // standard output
  std::string report;        // standard error
};

// Writes our configuration for another proxy's, and a report that names each of its options: 0, or 2 where a file of
// it cannot be understood.
[[nodiscard]] int run_import(const ImportArguments& arguments);

struct ExplainOptions {
  std::string config_path;
  std::string url;
  std::string method = "GET";
  std::string as_file;               // claims as JSON; empty: nobody is signed in
  std::vector<std::string> headers;  // "Name: value"
  std::string client = "127.0.0.1";
  bool script = false;
  bool json = false;
};
// Says what becomes of one request and why: 0 when it reaches the app, 1 when not, 2 for a mistake in the question.
[[nodiscard]] int run_explain(const ExplainOptions& options);

// Prints the routes as a table.
[[nodiscard]] int run_routes(const std::string& config_path);

struct AccessMatrixOptions {
  std::string config_path;
  std::vector<std::string> roles;  // empty: all that rules name
  bool json = false;
  bool csv = false;
};
// Prints who may use which route, by roles.
[[nodiscard]] int run_access_matrix(const AccessMatrixOptions& options);

}  // namespace lp
