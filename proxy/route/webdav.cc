#include "proxy/route/webdav.h"

#include <string>

#include "base/encoding.h"
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

bool is_move(std::string_view method) { return iequals(method, "COPY") || iequals(method, "MOVE"); }

bool names_a_place(std::string_view destination) {
  return destination.starts_with('/') || destination.starts_with('.') ||
         destination.find("://") != std::string_view::npos;
}

}  // namespace

bool destination_stays_on_route(const Router& router, const RouteQuestion& question, const RouteSettings& route) {
  const Fields& fields = question.fields;
  const std::size_t count = fields.count("Destination");
  if (count == 0) return true;
  if (count == 1 && !is_move(question.method) && !names_a_place(fields.get("Destination"))) return true;
  if (count != 1) return false;
  const auto target = destination_target(fields.get("Destination"));
  if (!target) return false;
  const RouteQuestion there{question.host, question.method, *target, fields, question.client_address};
  return router.route_for(there).route == &route && router.may_go_as_sent(route, there);
}

}  // namespace lp
