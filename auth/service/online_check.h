#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "config/settings.h"

namespace lp {

// One thing that was asked, and what came.
struct OnlineFinding {
  enum class Kind { ok, warning, failure };
  Kind kind = Kind::ok;
  std::string text;  // of what is wrong also how to mend it
};

// Asks Logto what can be asked without a user: discovery, the key set, whether it takes each of logto.app_secret (with
// a code that nobody has), and each redirect URI (as a browser would that begins a sign-in). For commands: it waits for
// the answers, each of which is bounded in time. `settings` are those of one realm.
[[nodiscard]] std::vector<OnlineFinding> ask_logto(const Settings& settings, std::int64_t now_s);

}  // namespace lp
