#include "auth/endpoints/organizations.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "auth/endpoints/sign_in.h"
#include "auth/rules/own_returns.h"
#include "base/encoding.h"
#include "config/apps.h"
#include "config/claims.h"
#include "config/host_pattern.h"
#include "config/organization_place.h"

namespace lp {
namespace {

using Place = RouteOrganizationSettings::Place;

// More would be a page that nobody reads.
constexpr std::size_t kMaxShown = 500;
constexpr std::size_t kMaxHostBytes = 253;

// A route for an organization, and where its members begin.
struct Beginning {
  const RouteSettings* route;
  std::string url;  // from_path: without the organization; from_host: the path alone
};

std::string path_of(const RouteSettings& route) {
  if (route.path.kind == PathPattern::Kind::regex) return {};
  return route.path.text + (route.path.kind == PathPattern::Kind::prefix ? "/" : "");
}

// An app's own address (app.url) leads to one organization or to none.
std::string beginning_of(const RouteSettings& route, const Visit& visit) {
  if (route.organization.place == Place::from_host) return path_of(route);
  RouteSettings begun = route;
  if (route.organization.place == Place::from_path) begun.app.url.clear();
  const auto place = place_of_app(begun, visit.settings(), *visit.facts.external);
  return place ? place->url() : std::string();
}

// The route that was named goes before the others, in the order of the file.
std::vector<Beginning> beginnings(int named, const Visit& visit) {
  std::vector<Beginning> all;
  for (const bool is_first : {true, false}) {
    for (const RouteSettings& route : visit.settings().routes) {
      if (!route.organization.is_configured() || (route.index == named) != is_first) continue;
      std::string url = beginning_of(route, visit);
      if (!url.empty()) all.push_back({&route, std::move(url)});
    }
  }
  return all;
}

// The organization stands for the first label of the route's host, at an external URL of ours.
std::string place_at_host(const Beginning& beginning, const std::string& id, const Visit& visit) {
  Origin origin = *visit.facts.external;
  origin.host = ascii_lower(id) + beginning.route->host.substr(1);
  if (origin.host.size() > kMaxHostBytes || ascii_lower(id) != id) return {};  // a host has no capital letters
  for (const Origin& url : visit.settings().external_urls) {
    origin.scheme = url.scheme;
    origin.port = url.port;
    if (origin_matches(url, origin)) return origin.text() + beginning.url;
  }
  return {};
}

std::string place_of(const std::string& id, const std::vector<Beginning>& all, const Visit& visit) {
  for (const Beginning& one : all) {
    const RouteOrganizationSettings& organization = one.route->organization;
    if (organization.place == Place::from_path) return one.url + id + "/";
    if (organization.place == Place::fixed && organization.id == id) return one.url;
    if (organization.place != Place::from_host) continue;
    std::string place = place_at_host(one, id, visit);
    if (!place.empty()) return place;
  }
  return {};
}

std::string organization_name(const Session& session, const std::string& id) {
  const auto names = session.claims->find("organization_data");
  if (names == session.claims->end() || !names->is_object()) return id;
  const auto name = names->find(id);
  return name != names->end() && name->is_string() ? name->get<std::string>() : id;
}

std::vector<PageApp> organizations_of(const Session& session, int named, const Visit& visit) {
  std::vector<PageApp> all;
  const auto ids = session.claims->find("organizations");
  if (ids == session.claims->end() || !ids->is_array()) return all;
  const std::vector<Beginning> begin = beginnings(named, visit);
  for (const nlohmann::json& item : *ids) {
    const std::string id = item.is_string() ? item.get<std::string>() : std::string();
    if (!is_organization_id(id) || all.size() == kMaxShown) continue;
    std::string place = place_of(id, begin, visit);
    const std::string name = organization_name(session, id);
    if (!place.empty()) all.push_back({name, name == id ? "" : id, "", std::move(place)});
  }
  return all;
}

// ?route=N; 0: none, or no such one.
int named_route(std::string_view query) {
  const auto pairs = parse_form(query);
  if (!pairs) return 0;
  const auto found = std::find_if(pairs->begin(), pairs->end(), [](const auto& pair) { return pair.first == "route"; });
  return found == pairs->end() ? 0 : route_index(found->second);
}

}  // namespace

Verdict handle_organizations(const Visit& visit, Waiting waiting) {
  if (!has_organizations(visit.settings())) return status_verdict(visit, "own", 404);
  const Session* session = visit.signed_in();
  if (session == nullptr)
    return sign_in_for_own_page(visit, organizations_path(visit.settings().auth_prefix), std::move(waiting));
  PageFacts facts = page_facts(visit);
  facts.user = display_name(*session);
  facts.apps = organizations_of(*session, named_route(visit.facts.query), visit);
  const PageKind page = facts.apps.empty() ? PageKind::no_organizations : PageKind::organizations;
  Verdict verdict = answer_verdict(visit, "own", make_page(page, facts));
  append_cookies(verdict, cookies_to_renew(visit));
  return verdict;
}

}  // namespace lp
