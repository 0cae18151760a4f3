#pragma once
#include <mutex>
#include <set>
#include <string>

#include "base/http_message.h"
#include "config/settings.h"

namespace lp {

class Log;

// Fields such as X-HTTP-Method-Override that an app does not get, for another rule might have decided: told once for
// each route, else whoever set the app up would look for the reason there. Any thread.
class DroppedOverrides {
 public:
  void tell(const RouteSettings& route, const Fields& fields, Log& log);

 private:
  std::mutex mutex_;
  std::set<std::string> told_;  // labels of routes
};

}  // namespace lp
