#include "proxy/exchange/dropped_overrides.h"

#include <algorithm>
#include <string_view>

#include "base/log.h"
#include "config/client_fields.h"

namespace lp {

void DroppedOverrides::tell(const RouteSettings& route, const Fields& fields, Log& log) {
  {
    const std::lock_guard lock(mutex_);
    if (!told_.emplace(route.label).second) return;
  }
  const auto& all = fields.all();
  const auto field =
      std::find_if(all.begin(), all.end(), [](const Field& one) { return is_method_override(one.name); });
  if (field == all.end()) return;
  log.warning(
      "a field that names another method did not reach the app, for the rules of this path differ by method "
      "(routes[].methods, preflight, redis.grace): the app acts upon the method of the request line. Give the routes "
      "for "
      "these methods the same rules and upstream, if it is to act upon the other",
      {{"route", std::string_view(route.label)}, {"field", field->name}, {"method", field->value.substr(0, 40)}});
}

}  // namespace lp
