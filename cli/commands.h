#pragma once
#include <string>

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

// Judges a configuration file: warnings and problems on stderr; 0, or 2 when serve would refuse to start. With
// `print` the effective settings go to stdout, secrets masked.
[[nodiscard]] int run_check(const std::string& config_path, bool print);

}  // namespace lp
