#pragma once
#include <string_view>

#include "base/result.h"
#include "cli/import/source.h"

namespace lp {

// oauth2-proxy's configuration file, which is TOML.
[[nodiscard]] Result<void> read_oauth2_proxy_toml(std::string_view text, SourceOptions& options);

}  // namespace lp
