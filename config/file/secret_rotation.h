#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "config/settings.h"

// Replacing secrets in a running process: which settings are secrets, what changed, and what has to wait for a restart.
// Pure. Nothing here ever tells a value.
namespace lp {

// `running` with the secrets of `fresh`: session.secret, redis.password, and of every realm that both have
// logto.app_secret and logto.webhook_secret; and those for apps. And with its pages: how they look breaks nothing.
[[nodiscard]] Settings with_secrets_of(const Settings& running, const Settings& fresh);

// Keys other than those secrets in which the two differ: they need a restart. Empty for most rotations.
[[nodiscard]] std::vector<std::string> keys_for_restart(const Settings& running, const Settings& fresh);

// Those that apps get: value_file of headers and the passwords of `authorization`, in the order of the file.
[[nodiscard]] std::vector<Secret> secrets_for_apps(const Settings& settings);

// "2 (first is new)", "1 (1 removed)", "2 (unchanged)": for the log. The first secret of a ring is the one in use.
[[nodiscard]] std::string describe_replaced(const std::vector<Secret>& before, const std::vector<Secret>& now);
// The same for a secret that may not be there; empty counts as not there.
[[nodiscard]] std::string describe_replaced(const Secret& before, const Secret& now);

}  // namespace lp
