#pragma once
#include "cli/import/context.h"
#include "cli/import/source.h"

// traefik-forward-auth's configuration as ours. Pure.
namespace lp {

[[nodiscard]] Imported import_traefik_forward_auth(const SourceOptions& options);

}  // namespace lp
