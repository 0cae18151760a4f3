#include "proxy/route/webdav.h"

#include <string>

#include "base/url.h"
#include "proxy/route/target.h"

namespace lp {
namespace {

// An absolute URI or a path (Simple-ref, RFC 4918 8.3). Whether another host is served is for the app to say; its path
// is judged as if it were ours, as some apps look at nothing else.
Result<Target> destination_target(std::string_view destination) {
  const bool is_path = destination.starts_with('/') && !destination.starts_with("//");
  if (is_path) return normalise_target(destination);
  auto url = parse_url(destination);
  if (!url) return std::move(url).error();
  return normalise_target(url->path);
}

}  // namespace

bool destination_stays_on_route(const Router& router, const RouteQuestion& question, const RouteSettings& route) {
  if (question.method != "COPY" && question.method != "MOVE") return true;
  const Fields& fields = question.fields;
  if (!fields.has("Destination")) return true;
  if (fields.count("Destination") != 1) return false;
  const auto target = destination_target(fields.get("Destination"));
  if (!target) return false;
  return router.route_for({question.host, question.method, *target, fields, question.client_address}).route == &route;
}

}  // namespace lp
