#include "config/check/answers.h"

#include "base/one_of.h"
#include "config/check/route_place.h"

namespace lp {
namespace {

// One route with the key under which messages name it.
bool has_rules(const RouteSettings& route) { return !route.require.empty() || !route.deny.empty(); }

void forbidden_can_happen(const RoutePlace& p) {
  if (!p.report.has(p.at("forbidden")) || p.report.has_problem_in(p.key)) return;
  if (has_rules(p.route) && p.route.access == Access::signed_in) return;
  p.report.warning(p.at("forbidden"), "has no effect: without require or deny nobody who is signed in is refused here");
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

}  // namespace

void check_answers(const Settings& settings, Report& report) {
  for (const auto& route : settings.routes) {
    const RoutePlace place{route, settings, report, "routes[" + std::to_string(route.index) + "]"};
    forbidden_can_happen(place);
    preflight_can_pass(place);
    shadow_is_meant(place);
  }
}

}  // namespace lp
