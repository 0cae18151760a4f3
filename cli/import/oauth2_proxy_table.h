#pragma once
#include "cli/import/context.h"

namespace lp {

// Options whose outcome does not depend on anything.
void report_fixed_oauth2_proxy_options(ImportContext& context);

}  // namespace lp
