#include "auth/identity/header_sets.h"

#include <algorithm>

#include "base/check.h"
#include "config/header_changes.h"
#include "config/identity_presets.h"
#include "config/value.h"

namespace lp {
namespace {

using Source = IdentityHeaderSettings::Source;

bool same(const IdentityHeaderSettings& a, const IdentityHeaderSettings& b) {
  return a.header == b.header && a.source == b.source && a.claim == b.claim && a.encoding == b.encoding &&
         a.separator == b.separator && a.certificate_field == b.certificate_field && a.constant == b.constant &&
         a.secret.equals(b.secret.reveal());
}

bool same(const UpstreamAuthorizationSettings& a, const UpstreamAuthorizationSettings& b) {
  return a.kind == b.kind && a.username == b.username && a.username_claim == b.username_claim &&
         a.password.equals(b.password.reveal());
}

bool same(const HeaderSet& a, const HeaderSet& b) {
  return a.audience == b.audience && same(a.authorization, b.authorization) &&
         std::equal(a.headers.begin(), a.headers.end(), b.headers.begin(), b.headers.end(),
                    [](const auto& x, const auto& y) { return same(x, y); });
}

HeaderSet set_of(const Settings& settings, const RouteSettings& route) {
  HeaderSet set;
  set.headers = identity_headers_of(settings, route);
  const HeaderChanges changes = request_changes_of(settings, route);
  for (const auto* more : {&changes.set, &changes.add})
    set.headers.insert(set.headers.end(), more->begin(), more->end());
  set.authorization = route.authorization;
  const auto has = [&](Source source) {
    return std::any_of(set.headers.begin(), set.headers.end(), [&](const auto& one) { return one.source == source; });
  };
  const auto upstream = settings.upstreams.find(route.upstream);
  const bool asserts = has(Source::assertion);
  if (asserts && upstream != settings.upstreams.end()) set.audience = format_upstream_url(upstream->second);
  set.has_id_token = has(Source::id_token) || route.authorization.kind == UpstreamAuthorizationSettings::Kind::id_token;
  set.has_access_token = has(Source::access_token);
  set.names_organization = has(Source::organization);
  set.names_certificate = has(Source::client_certificate);
  set.names_origin = asserts || has(Source::host);
  return set;
}

}  // namespace

HeaderSets::HeaderSets(const Settings& settings) {
  for (const RouteSettings& route : settings.routes) {
    HeaderSet set = set_of(settings, route);
    const auto known = std::find_if(sets_.begin(), sets_.end(), [&](const HeaderSet& one) { return same(one, set); });
    const auto at = static_cast<std::size_t>(route.index);
    if (of_route_.size() <= at) of_route_.resize(at + 1);
    of_route_[at] = static_cast<std::size_t>(known - sets_.begin());
    if (known == sets_.end()) sets_.push_back(std::move(set));
  }
}

std::size_t HeaderSets::index_of(const RouteSettings& route) const {
  const auto at = static_cast<std::size_t>(route.index);
  LP_CHECK(at < of_route_.size(), "a route that is not of these settings");
  return of_route_[at];
}

}  // namespace lp
