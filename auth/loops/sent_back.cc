#include "auth/loops/sent_back.h"

#include <algorithm>
#include <vector>

#include "base/one_of.h"
#include "config/host_pattern.h"
#include "config/identity_presets.h"
#include "config/path_pattern.h"

namespace lp {
namespace {

using Action = RouteReplySettings::Action;

std::string_view path_of(std::string_view place) { return place.substr(0, place.find_first_of("?#")); }

bool is_asked_by_pages(const RouteSettings& route) {
  const bool has_conditions = !route.query.empty() || !route.headers.empty() || !route.networks.empty();
  return !has_conditions && (route.methods.empty() || is_one_of("GET", route.methods));
}

// For words alone: the router knows better which route decides.
const RouteSettings* route_of_page(const Return& back) {
  const PathPattern page{PathPattern::Kind::exact, std::string(path_of(back.place))};
  const auto& routes = back.settings.routes;
  const auto found = std::find_if(routes.begin(), routes.end(), [&](const RouteSettings& route) {
    return (route.host.empty() || host_matches(route.host, back.host)) && is_asked_by_pages(route) &&
           covers(route.path, page);
  });
  return found == routes.end() ? nullptr : &*found;
}

void add_name(std::string& list, std::string_view name) { list.append(list.empty() ? "" : ", ").append(name); }

LoopEvidence what_it_is_told(const Settings& settings, const RouteSettings* route) {
  if (route == nullptr) return {LoopSight::no_route_there, {}};
  if (route->reply.is_configured()) return {LoopSight::answers_itself, {route->label}};
  if (route->upstream.empty()) return {LoopSight::asked_by_other_proxy, {route->label}};
  std::string names;
  if (route->access != Access::public_) {
    for (const IdentityHeaderSettings& header : identity_headers_of(settings, *route)) add_name(names, header.header);
  }
  if (names.empty()) return {LoopSight::told_nothing, {route->label}};
  return {LoopSight::told_app, {route->label, names}};
}

std::string sign_in_actions(const Settings& settings) {
  std::string labels;
  for (const RouteSettings& route : settings.routes) {
    if (route.reply.action == Action::sign_in) add_name(labels, route.label);
  }
  return labels;
}

}  // namespace

LoopNote note_of_return(const Return& back) {
  std::string whose(back.sub);
  whose.append("\n").append(path_of(back.place));
  return {loop_target(whose), back.now_ms, 0, 0, false};
}

std::optional<LoopFinding> judge_return(const Return& back, const FoundMarker& marker) {
  const LoopNote now = note_of_return(back);
  std::vector<LoopNote> before = notes_with(marker, now);
  std::erase_if(before, [&](const LoopNote& note) { return note.target != now.target; });
  if (before.size() < kReturnsBeforeStop) return std::nullopt;
  const std::int64_t since_ms = back.now_ms - before.front().signed_in_at_ms;
  LoopFinding finding{
      LoopCause::sent_back,
      0,
      {{LoopSight::sent_back_signed_in,
        {std::to_string(before.size()), std::to_string((since_ms + 999) / 1000), std::string(path_of(back.place))}},
       what_it_is_told(back.settings, route_of_page(back))}};
  const std::string actions = sign_in_actions(back.settings);
  if (!actions.empty()) finding.evidence.push_back({LoopSight::action_leads_here, {actions}});
  return finding;
}

}  // namespace lp
