#include "config/organization_place.h"

#include <doctest/doctest.h>

#include "config/route_access.h"

using namespace lp;
using Place = RouteOrganizationSettings::Place;

namespace {

RouteSettings route_with(Place place, const char* id = "") {
  RouteSettings route;
  route.path = {PathPattern::Kind::prefix, "/o"};
  route.organization.place = place;
  route.organization.id = id;
  route.organization.rule.kind = Requirement::Kind::member;
  return route;
}

}  // namespace

TEST_CASE("an address names an organization, or none") {
  const struct {
    const char* says;
    Place place;
    const char* host;
    const char* path;
    const char* id;
  } rows[] = {
      {"the segment behind the prefix", Place::from_path, "app.test", "/o/acme/x", "acme"},
      {"at the end too", Place::from_path, "app.test", "/o/acme", "acme"},
      {"none behind it", Place::from_path, "app.test", "/o", ""},
      {"an empty one", Place::from_path, "app.test", "/o/", ""},
      {"not of another prefix", Place::from_path, "app.test", "/other/acme", ""},
      {"not where the prefix ends in a word", Place::from_path, "app.test", "/other", ""},
      {"no dot", Place::from_path, "app.test", "/o/a.b", ""},
      {"no escape", Place::from_path, "app.test", "/o/a%2Fb", ""},
      {"no parameter", Place::from_path, "app.test", "/o/acme;x", ""},
      {"the first label", Place::from_host, "acme.example.com", "/o/other", "acme"},
      {"one and the same", Place::fixed, "other.example.com", "/o/other", "fixed-1"},
      {"not asked for", Place::none, "acme.example.com", "/o/acme", ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.says);
    CHECK(organization_of_route(route_with(row.place, "fixed-1"), row.host, row.path) == row.id);
  }
  CHECK_FALSE(is_organization_id(std::string(129, 'a')));
}

TEST_CASE("another reading is another organization's only where it names one") {
  const RouteSettings route = route_with(Place::from_path);
  CHECK(names_other_organization(route, "/o/acme/x", "/o/other/x"));
  CHECK_FALSE(names_other_organization(route, "/o/acme/x", "/o/acme/y"));
  CHECK_FALSE(names_other_organization(route, "/o/acme/x", "/o//x"));
  CHECK_FALSE(names_other_organization(route, "/o/a%63me/x", "/o/acme/x"));  // that is 404 by itself
  CHECK_FALSE(names_other_organization(route_with(Place::fixed, "acme"), "/o/acme/x", "/o/other/x"));
}

TEST_CASE("a route for members is stricter than one for everybody, and two are not compared by what they cannot know") {
  RouteSettings everybody;
  everybody.path = {PathPattern::Kind::prefix, "/o"};
  const RouteSettings by_path = route_with(Place::from_path);
  RouteSettings elsewhere = by_path;
  elsewhere.path.text = "/p";
  CHECK(admits(everybody, by_path));
  CHECK_FALSE(admits(by_path, everybody));
  CHECK(admits(by_path, by_path));
  CHECK_FALSE(admits(by_path, elsewhere));
  CHECK_FALSE(admits(by_path, route_with(Place::fixed, "acme")));
  CHECK(admits(route_with(Place::fixed, "acme"), route_with(Place::fixed, "acme")));
  CHECK_FALSE(admits(route_with(Place::fixed, "acme"), route_with(Place::fixed, "globex")));
}
