#include "auth/rules/route_modes.h"

#include "auth/rules/cors.h"
#include "auth/rules/grpc.h"
#include "auth/rules/navigation.h"

namespace lp {

bool asks_who(const RouteSettings& route) {
  const bool has_rules = !route.require.empty() || !route.deny.empty() || route.organization.is_configured();
  return !(route.access == Access::deny || (route.access == Access::public_ && !has_rules));
}

bool redirects_when_signed_out(const RouteSettings& route, const RequestHead& head, bool wants_upgrade) {
  if (!route.accept.session) return false;
  if (wants_upgrade || is_grpc(head.fields)) return false;
  switch (route.unauthenticated) {
    case Unauthenticated::automatic:
      return may_start_sign_in(head.method, head.fields);
    case Unauthenticated::redirect:
      return head.method == "GET" || head.method == "HEAD";
    case Unauthenticated::status_401:
      return false;
  }
  return false;
}

bool passes_as_preflight(const RouteSettings& route, const RequestHead& head, bool wants_upgrade) {
  return route.preflight && route.access != Access::deny && !wants_upgrade && is_preflight(head);
}

}  // namespace lp
