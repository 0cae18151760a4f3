#include "config/check/answers.h"

#include <algorithm>
#include <string_view>

#include "base/encoding.h"
#include "base/one_of.h"
#include "config/check/route_place.h"

namespace lp {
namespace {

// One route with the key under which messages name it.
bool has_rules(const RouteSettings& route) {
  return !route.require.empty() || !route.deny.empty() || route.organization.is_configured();
}

void forbidden_can_happen(const RoutePlace& p) {
  if (!p.report.has(p.at("forbidden")) || p.report.has_problem_in(p.key)) return;
  if (has_rules(p.route) && p.route.access == Access::signed_in) return;
  p.report.warning(p.at("forbidden"),
                   "has no effect: without require, deny or organization nobody who is signed in is refused here");
}

bool takes_options(const RouteSettings& route) {
  const auto& methods = route.methods;
  return methods.empty() || is_one_of("OPTIONS", methods);
}

void preflight_can_pass(const RoutePlace& p) {
  if (!p.route.preflight || p.report.has_problem_in(p.key)) return;
  if (p.route.access == Access::deny) {
    return p.report.problem(p.at("preflight"), "works nowhere with access: deny, where nothing passes");
  }
  if (!takes_options(p.route)) {
    return p.report.warning(p.at("preflight"),
                            "has no effect: a preflight has the method OPTIONS, which methods lacks");
  }
  if (p.route.access == Access::signed_in) return;
  p.report.warning(p.at("preflight"), "has no effect: everything passes here without a session");
}

// A rule that is tried out protects nothing: whoever starts the server is told so each time.
void shadow_is_meant(const RoutePlace& p) {
  if (!p.route.shadow || p.report.has_problem_in(p.key)) return;
  if (p.route.access == Access::deny) {
    return p.report.problem(p.at("shadow"),
                            "would let everybody pass where access: deny lets nobody; try out rules under require");
  }
  if (p.route.access == Access::signed_in) {
    return p.report.warning(p.at("shadow"), "everybody passes here; what the rule would have done is only logged");
  }
  p.report.warning(p.at("shadow"), "has no effect: everybody passes here anyway");
}

void times_are_of_an_app(const RoutePlace& p) {
  if (!p.route.upstream.empty() || p.report.has_problem_in(p.key)) return;
  for (const std::string_view name : {"timeouts.response", "timeouts.idle"}) {
    if (p.report.has(p.at(name))) p.report.warning(p.at(name), "has no effect on a route without an upstream");
  }
}

bool changes_vary(const HeaderChanges& changes) {
  const auto is_vary = [](std::string_view name) { return iequals(name, "Vary"); };
  const auto drops_it = [&](const auto& set) {
    return is_vary(set.header) && ascii_lower(set.constant).find("accept-encoding") == std::string::npos;
  };
  return std::any_of(changes.set.begin(), changes.set.end(), drops_it) ||
         std::any_of(changes.remove.begin(), changes.remove.end(), is_vary);
}

// A cache would give what is compressed to those who cannot read it.
void caches_hear_of_compression(const RoutePlace& p) {
  if (p.route.compression.mode == CompressionSettings::Mode::off) {
    if (p.report.has(p.at("compression.types")))
      p.report.warning(p.at("compression.types"), "has no effect without mode: on or always");
    return;
  }
  if (!changes_vary(p.route.response_headers) && !changes_vary(p.settings.response_headers)) return;
  p.report.warning(p.at("compression"),
                   "response_headers replaces Vary, by which caches tell compressed answers from others: let it hold "
                   "Accept-Encoding, or add to it");
}

}  // namespace

void check_answers(const Settings& settings, Report& report) {
  for (const auto& route : settings.routes) {
    const RoutePlace place{route, settings, report, "routes[" + std::to_string(route.index) + "]"};
    forbidden_can_happen(place);
    preflight_can_pass(place);
    shadow_is_meant(place);
    times_are_of_an_app(place);
    caches_hear_of_compression(place);
  }
}

}  // namespace lp
