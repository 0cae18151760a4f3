#include "config/check/bearer.h"

#include <algorithm>

#include "base/url.h"
#include "config/check/loopback.h"

namespace lp {
namespace {

// Whoever can change what comes over the wire could sign as this issuer.
void judge_url(const std::string& key, const std::string& text, const IssuerSettings& issuer, Report& report) {
  const auto url = parse_url(text);
  if (!url) {
    report.problem(key, "expected an absolute https URL without user or fragment, found '" + text + "'");
  } else if (!url->origin.is_https() && !issuer.connect_to && !is_loopback(url->origin.host)) {
    report.problem(key, "must be https: anybody on the way could hand out keys of their own");
  }
}

void check_issuer(const Settings& s, std::size_t index, Report& report) {
  const IssuerSettings& issuer = s.bearer.issuers[index];
  const std::string key = "bearer.issuers[" + std::to_string(index + 1) + "]";
  if (issuer.issuer.empty()) return;
  judge_url(key + ".issuer", issuer.issuer, issuer, report);
  if (!issuer.jwks_url.empty()) judge_url(key + ".jwks_url", issuer.jwks_url, issuer, report);
  if (issuer.issuer == s.logto.issuer()) {
    report.problem(key + ".issuer", "is Logto itself: its access tokens need bearer.audiences only");
  }
  const auto earlier = s.bearer.issuers.begin() + static_cast<std::ptrdiff_t>(index);
  if (std::any_of(s.bearer.issuers.begin(), earlier, [&](const auto& e) { return e.issuer == issuer.issuer; })) {
    report.problem(key + ".issuer", "the same issuer stands there before");
  }
}

bool takes_bearer(const Settings& s) {
  return std::any_of(s.routes.begin(), s.routes.end(), [](const auto& route) { return route.accept.bearer; });
}

bool has_audience(const RouteSettings& route, const Settings& s) {
  return !route.audiences.empty() || !s.bearer.audiences.empty() || s.bearer.introspection ||
         std::any_of(s.bearer.issuers.begin(), s.bearer.issuers.end(),
                     [](const auto& i) { return !i.audiences.empty(); });
}

}  // namespace

void check_bearer(const Settings& s, Report& report) {
  for (std::size_t i = 0; i < s.bearer.issuers.size(); ++i) check_issuer(s, i, report);
  if (report.has("bearer") && !takes_bearer(s) && !report.has_problem_in("routes")) {
    report.warning("bearer", "has no effect: no route has accept: [session, bearer]");
  }
}

void check_bearer_route(const RouteSettings& route, const Settings& s, Report& report) {
  const std::string key = "routes[" + std::to_string(route.index) + "]";
  if (report.has_problem_in(key + ".accept") || report.has_problem_in("bearer")) return;
  if (!route.accept.bearer) {
    if (!route.audiences.empty()) report.warning(key + ".audiences", "has no effect without accept: [bearer]");
    return;
  }
  if (route.access == Access::public_ || route.access == Access::deny) {
    report.warning(key + ".accept", "has no effect: this route asks nobody who they are");
  } else if (!has_audience(route, s)) {
    report.problem(
        key + ".accept",
        "bearer needs audiences, of the route or in bearer.audiences: without them every access token of the "
        "tenant would pass, whatever it is for");
  }
}

}  // namespace lp
