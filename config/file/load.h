#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace lp {

// One mistake in a configuration file. Lines and columns count from 1; 0 where the file as a whole is meant.
struct ConfigProblem {
  std::string file;
  int line = 0;
  int column = 0;
  std::string key;      // dotted path, elements from 1, "routes[2].require.roles"; may be empty
  std::string message;  // what was expected, what was found, what to do

  [[nodiscard]] std::string text() const;  // FILE:LINE:COL: key: message
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] Environment process_environment();

struct LoadedConfig {
  std::shared_ptr<const Settings> settings;
  std::vector<std::string> warnings;  // FILE:LINE:COL: ..., legal but probably not meant
};

// Reads, expands ${NAME}, checks every key against the option table and every rule across options. All problems of
// the file come at once. Scopes that rules need are added to logto.scopes. *_file secrets are read relative to the
// configuration file's folder.
[[nodiscard]] Result<LoadedConfig, std::vector<ConfigProblem>> load_config(const std::string& path,
                                                                           const Environment& env);
// The same for text in memory; `path` is only used in messages and to resolve relative files.
[[nodiscard]] Result<LoadedConfig, std::vector<ConfigProblem>> parse_config(const std::string& text,
                                                                            const std::string& path,
                                                                            const Environment& env);

// The effective settings as YAML, in the order of the option table, secrets shown as "********".
[[nodiscard]] std::string print_config(const Settings& settings);
// The keys whose effective values differ, as --print-config shows them, in the order of the option table: "routes",
// "session.idle_timeout". Secrets of one number look the same.
[[nodiscard]] std::vector<std::string> differing_keys(const Settings& a, const Settings& b);

}  // namespace lp
