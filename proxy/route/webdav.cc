#include "proxy/route/webdav.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>

#include "base/encoding.h"
#include "base/url.h"
#include "config/client_fields.h"
#include "config/path_pattern.h"
#include "proxy/route/target.h"

namespace lp {
namespace {

// An absolute URI or a path (Simple-ref, RFC 4918 8.3). Whether another host is served is for the app to say; its path
// is judged as if it were ours, as some apps look at nothing else.
Result<Target> destination_target(std::string_view destination) {
  if (destination.size() > kMostNamedTargetBytes) return fail("too long");
  const bool is_path = destination.starts_with('/') && !destination.starts_with("//");
  if (is_path) return normalise_target(destination);
  auto url = parse_url(destination);
  if (!url) return std::move(url).error();
  return normalise_target(url->path);
}

// By the request line, or by a field in which some app may read it.
bool may_be_move(const RouteQuestion& question) {
  const auto& all = question.fields.all();
  constexpr std::string_view kMoves[] = {"COPY", "MOVE", "BCOPY", "BMOVE"};  // the last two are Exchange's, of several
  const auto is_it = [&](std::string_view move) { return iequals(question.method, move); };
  return std::any_of(std::begin(kMoves), std::end(kMoves), is_it) ||
         std::any_of(all.begin(), all.end(), [](const Field& field) { return is_method_override(field.name); });
}

bool names_a_place(std::string_view destination) {
  return destination.starts_with('/') || destination.starts_with('.') ||
         destination.find("://") != std::string_view::npos;
}

bool lies_on(const Router& router, const RouteQuestion& question, const RouteSettings& route, const Target& target) {
  const RouteQuestion there{question.host, question.method, target, question.fields, question.client_address};
  return router.route_for(there).route == &route && router.may_go_as_sent(route, there);
}

// Where `path` would be from outside, were it one of the app's own; nullopt: nobody can say.
std::optional<std::string> seen_from_outside(const RouteSettings& route, std::string_view path) {
  if (route.replace_path.is_set() && route.replace_path.applied_to(path) != path) return std::nullopt;
  const bool is_added = !route.add_prefix.empty() && is_below(path, route.add_prefix);
  if (is_added) path.remove_prefix(route.add_prefix.size());
  return route.strip_prefix + std::string(path.empty() ? "/" : path);
}

}  // namespace

bool destination_stays_on_route(const Router& router, const RouteQuestion& question, const RouteSettings& route) {
  const Fields& fields = question.fields;
  const std::size_t count = fields.count("Destination");
  if (count == 0) return true;
  if (count == 1 && !may_be_move(question) && !names_a_place(fields.get("Destination"))) return true;
  if (count != 1) return false;
  const auto target = destination_target(fields.get("Destination"));
  if (!target) return false;
  if (!lies_on(router, question, route, *target)) return false;
  const auto outside = seen_from_outside(route, target->path);
  if (!outside || *outside == target->path) return outside.has_value();
  const auto other = normalise_target(*outside);
  return other && lies_on(router, question, route, *other);
}

}  // namespace lp
