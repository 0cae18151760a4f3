#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// The rules by which Traefik v2 and traefik-forward-auth choose a route. Pure.
namespace lp {

// One thing that a rule of Traefik v2 asks for.
struct TraefikMatcher {
  std::string name;  // as written: Host, PathPrefix, ...
  std::vector<std::string> arguments;
  bool negated = false;
};
using TraefikMatchers = std::vector<TraefikMatcher>;  // all of them

// "Host(`a`) && (PathPrefix(`/x`) || Method(`GET`))" as alternatives of matchers that must all hold. The Error says
// where it is not such a rule, or that it stands for more than 64 alternatives.
[[nodiscard]] Result<std::vector<TraefikMatchers>> parse_traefik_rule(std::string_view rule);

}  // namespace lp
