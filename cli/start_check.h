#pragma once
#include <memory>
#include <thread>

#include "base/log.h"
#include "config/settings.h"

namespace lp {

// What the doctor sees without a secret (cli/doctor/examine), once, Settings::check_after_ms after the start: each
// warning and failure is a warning in the log. On a thread of its own, for the questions wait; nothing that serves
// waits for it. Dropping it ends it after the question under way, which is bounded. The log must outlive it.
class StartCheck {
 public:
  StartCheck(std::shared_ptr<const Settings> settings, Log& log);

 private:
  std::jthread thread_;
};

}  // namespace lp
