#include "proxy/route/way_back.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "auth/rules/return_to.h"
#include "config/host_pattern.h"
#include "config/path_pattern.h"
#include "config/spelling.h"

namespace lp {
namespace {

// In any spelling, for the app's page would lead here again.
bool leads_to_action(const WayBackFacts& facts, std::string_view place) {
  const std::string_view path = place.substr(0, place.find_first_of("?#"));
  const auto target = normalise_target(path.starts_with('/') ? path : "/");
  const PathPattern asked{PathPattern::Kind::exact, target ? target->path : "/"};
  const PathPattern key = spelling_key(asked);
  const auto& routes = facts.settings.routes;
  return std::any_of(routes.begin(), routes.end(), [&](const RouteSettings& route) {
    return route.reply.action != RouteReplySettings::Action::none && host_matches(route.host, facts.external.host) &&
           (covers(route.path, asked) || covers(spelling_key(route.path), key));
  });
}

std::string vetted(std::string_view candidate, const WayBackFacts& facts) {
  if (candidate.size() > kMostNamedTargetBytes) return {};
  const auto place = vet_return_to_own(candidate, facts.external, facts.settings);
  return place && !leads_to_action(facts, *place) ? *place : std::string();
}

// A parameter that stands there twice names no place.
std::string of_query(const RouteSettings& route, const Target& target, const WayBackFacts& facts) {
  const auto pairs = target.has_query ? parse_form(target.query) : Result<FormPairs>(FormPairs());
  if (!pairs) return {};
  for (const std::string& name : route.reply.return_to_parameters) {
    const auto is_it = [&](const auto& pair) { return pair.first == name; };
    if (std::count_if(pairs->begin(), pairs->end(), is_it) != 1) continue;
    const std::string place = vetted(std::find_if(pairs->begin(), pairs->end(), is_it)->second, facts);
    if (!place.empty()) return place;
  }
  return {};
}

}  // namespace

std::string way_back(const RouteSettings& route, const Target& target, const WayBackFacts& facts,
                     WayBackSource source) {
  std::string place = of_query(route, target, facts);
  if (!place.empty() || source == WayBackSource::query || facts.fields.count("Referer") != 1) return place;
  return vetted(facts.fields.get("Referer"), facts);
}

}  // namespace lp
