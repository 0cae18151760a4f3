#include "cli/private_memory.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <string_view>

namespace lp {

// The limit alone would not do where core_pattern is a pipe (core(5)), as with systemd-coredump: that gets the memory
// whatever the limit says, but never that of a process that is not dumpable.
void keep_memory_private() {
  const char* const debuggable = std::getenv("LOGTO_PROXY_DEBUGGABLE");
  if (debuggable != nullptr && std::string_view(debuggable) == "1") return;
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace lp
