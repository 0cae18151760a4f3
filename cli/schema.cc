#include "cli/schema.h"

#include <cstdio>

#include "cli/exit_status.h"
#include "config/file/schema.h"

namespace lp {

int run_schema() {
  std::fputs(config_schema().c_str(), stdout);
  return std::fflush(stdout) == 0 ? kExitOk : kExitFailed;
}

}  // namespace lp
