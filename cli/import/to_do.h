#pragma once
#include "cli/import/context.h"

// What the user of an import must do outside the written file: at Logto and in the proxy in front. Pure.
namespace lp {

// Says it by `context.root`, so it comes when all of the configuration is there.
void report_what_to_do(ImportContext& context);

}  // namespace lp
