#pragma once
#include <optional>

namespace lp {

// This program as uacme's hook (proxy/acme/hook_message.h): tells the process that runs uacme which token is to be
// answered, and waits until it is. The exit status; nullopt: it was not run as one. Before anything else of main().
[[nodiscard]] std::optional<int> run_as_acme_hook(int argc, char** argv);

}  // namespace lp
