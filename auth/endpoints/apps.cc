#include "auth/endpoints/apps.h"

#include <string>
#include <utility>

#include "auth/endpoints/sign_in.h"
#include "auth/rules/own_returns.h"
#include "auth/rules/route_modes.h"
#include "config/apps.h"

namespace lp {
namespace {

// What a browser sends that follows a link, with what this one says of itself.
RequestHead navigation_to(const Visit& visit, std::string_view target) {
  RequestHead head;
  head.method = "GET";
  head.target = target;
  for (const char* name : {"User-Agent", "Accept-Language"}) {
    if (visit.fields().has(name)) head.fields.add(name, visit.fields().get(name));
  }
  head.fields.add("Accept", "text/html");
  head.fields.add("Sec-Fetch-Mode", "navigate");
  head.fields.add("Sec-Fetch-Dest", "document");
  return head;
}

// Who must sign in once more for it may open it all the same.
bool is_open(Decision::Kind kind) { return kind == Decision::Kind::pass || kind == Decision::Kind::step_up; }

// Of the route that takes the link, which need not be the one that names the app.
bool may_open(const Visit& visit, const AppPlace& place) {
  if (visit.routes == nullptr) return false;
  const RequestHead head = navigation_to(visit, place.target);
  const auto found = visit.routes->find(head, place.origin, visit.facts.client);
  if (!found || found->route->access == Access::deny) return false;
  const bool counts = counts_on_route(*found->route, Asker::Kind::session);
  const AskedOnRoute asked{head, found->external.host, found->path};
  const Decision decision =
      decide(*found->route, asked, counts ? visit.asker() : Asker::nobody_with(visit.facts.client_certificate),
             visit.settings().logto.sign_in, visit.now_s);
  return is_open(decision.kind);
}

std::vector<PageApp> open_apps(const Visit& visit) {
  std::vector<PageApp> apps;
  for (const RouteSettings& route : visit.settings().routes) {
    if (route.app.name.empty()) continue;
    const auto place = place_of_app(route, visit.settings(), *visit.facts.external);
    if (place && may_open(visit, *place))
      apps.push_back({route.app.name, route.app.description, route.app.icon.data_uri, place->url()});
  }
  return apps;
}

}  // namespace

Verdict handle_apps(const Visit& visit, Waiting waiting) {
  if (!has_apps(visit.settings())) return status_verdict(visit, "own", 404);
  const Session* session = visit.signed_in();
  if (session == nullptr)
    return sign_in_for_own_page(visit, apps_path(visit.settings().auth_prefix), std::move(waiting));
  PageFacts facts = page_facts(visit);
  facts.user = display_name(*session);
  facts.apps = open_apps(visit);
  const PageKind page = facts.apps.empty() ? PageKind::no_apps : PageKind::apps;
  Verdict verdict = answer_verdict(visit, "own", make_page(page, facts));
  append_cookies(verdict, cookies_to_renew(visit));
  return verdict;
}

}  // namespace lp
