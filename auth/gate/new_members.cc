#include "auth/gate/new_members.h"

#include <algorithm>

#include "auth/rules/own_returns.h"

namespace lp {
namespace {

bool is_refused_as_stranger(const Visit& visit) {
  const RouteSettings& route = *visit.facts.route;
  if (!route.organization.is_configured()) return false;
  const auto who = visit.principal();
  const auto missing = authorize(route, who ? &*who : nullptr, visit.now_s).missing;
  return who && !who->organization.empty() &&
         std::find(missing.begin(), missing.end(), &route.organization.rule) != missing.end();
}

}  // namespace

bool may_have_joined(const Visit& visit) {
  const Session* session = visit.signed_in();
  if (session == nullptr || session->refresh_token.empty() || !visit.realm.auth) return false;
  if (visit.now_s - session->validated_at_s < kMembershipIsOldS) return false;
  if (visit.realm.clock.monotonic_ms() < visit.session.refresh_not_before_ms) return false;
  if (visit.facts.route != nullptr) return is_refused_as_stranger(visit);
  return visit.facts.path == organizations_path(visit.settings().auth_prefix);
}

}  // namespace lp
