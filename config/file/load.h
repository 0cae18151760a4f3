#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "config/yaml/problem.h"

namespace lp {

// Where it is, unless another is named; the image, the units and the manual say the same.
inline constexpr const char* kDefaultConfig = "/etc/logto-proxy/config.yaml";

[[nodiscard]] Environment process_environment();

// provision: what that command writes need not be there yet: logto.app_id_file, app_secret_file, webhook_secret_file.
enum class LoadFor { running, provision };

struct LoadedConfig {
  std::shared_ptr<const Settings> settings;
  std::vector<std::string> warnings;  // FILE:LINE:COL: ..., legal but probably not meant
};

// Reads, expands ${NAME}, checks every key against the option table and every rule across options. All problems of
// the file come at once. Scopes that rules need are added to logto.scopes. *_file secrets are read relative to the
// configuration file's folder.
[[nodiscard]] Result<LoadedConfig, std::vector<ConfigProblem>> load_config(const std::string& path,
                                                                           const Environment& env,
                                                                           LoadFor purpose = LoadFor::running);
// The same for text in memory; `path` is only used in messages and to resolve relative files.
[[nodiscard]] Result<LoadedConfig, std::vector<ConfigProblem>> parse_config(const std::string& text,
                                                                            const std::string& path,
                                                                            const Environment& env,
                                                                            LoadFor purpose = LoadFor::running);

}  // namespace lp
