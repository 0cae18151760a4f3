#pragma once

namespace lp {

// Keeps the secrets in this process's memory to itself: no core file, no debugger or /proc/PID/mem of another process
// of the same user. LOGTO_PROXY_DEBUGGABLE=1 in the environment leaves all as it is. Before any secret is read.
void keep_memory_private();

}  // namespace lp
