#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/http_message.h"
#include "base/url.h"
#include "config/settings.h"

namespace lp {

// Which route a request would have that nobody has made yet: for pages that offer links. Implemented where routes are
// found for requests that come, so that both ask the same. Worker.
class RouteFinder {
 public:
  struct Found {
    const RouteSettings* route = nullptr;  // of the realm's settings
    Origin external;
    std::string path;  // in normal form
  };
  virtual ~RouteFinder() = default;
  // For `head`, whose target is path and query, at `external`, from the address `client`. nullopt: no route takes it.
  [[nodiscard]] virtual std::optional<Found> find(const RequestHead& head, const Origin& external,
                                                  std::string_view client) const = 0;
};

}  // namespace lp
