#pragma once
#include "auth/visit/route_finder.h"
#include "proxy/route/resolve.h"

namespace lp {

// Routes of links on our pages, by the resolution of requests that come (proxy/route/resolve.h).
class LinkRoutes final : public RouteFinder {
 public:
  explicit LinkRoutes(RealmRoutes routes) : routes_(routes) {}
  [[nodiscard]] std::optional<Found> find(const RequestHead& head, const Origin& external,
                                          std::string_view client) const override;

 private:
  RealmRoutes routes_;
};

}  // namespace lp
