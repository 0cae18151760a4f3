#pragma once
#include <string>

namespace lp {

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

}  // namespace lp
