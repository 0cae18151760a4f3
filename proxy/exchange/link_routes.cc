#include "proxy/exchange/link_routes.h"

#include <span>
#include <string>

namespace lp {

std::optional<RouteFinder::Found> LinkRoutes::find(const RequestHead& head, const Origin& external,
                                                   std::string_view client) const {
  const std::string authority = external.authority();
  Resolution resolution;
  resolve(std::span(&routes_, 1), {authority, head.target, head.method, head.fields, client}, resolution);
  if (resolution.kind != Resolution::Kind::routed || resolution.route == nullptr) return std::nullopt;
  return Found{resolution.route, *resolution.external, std::string(resolution.target.path)};
}

}  // namespace lp
