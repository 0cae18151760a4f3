#pragma once
#include "cli/import/context.h"
#include "cli/import/oauth2_proxy_alpha.h"
#include "cli/import/source.h"

// oauth2-proxy's configuration as ours. Pure: a file that it names is read by the FileReader.
namespace lp {

// `alpha` is null where there is no such file.
[[nodiscard]] Imported import_oauth2_proxy(const SourceOptions& options, const OAuth2ProxyAlpha* alpha,
                                           const FileReader& read_file);

}  // namespace lp
