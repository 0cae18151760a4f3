#include "proxy/route/outgoing.h"

namespace lp {

OutgoingRequest outgoing_request(const ParsedRequest& request, const Resolution& routed, const FieldsOfRoutes& fields) {
  const RouteSettings& route = *routed.route;
  OutgoingRequest out;
  out.method = request.head.method;
  out.target = routed.app_target;
  out.external = routed.external;
  out.body = request.body;
  out.client_may_name_fields = request.may_name_fields;
  if (route.strip_prefix != "/") out.stripped_prefix = route.strip_prefix;
  out.tells_forwarded = route.forwarded_header;
  out.drops_method_override = routed.drops_method_override;
  out.changes = fields.of(route).request.get();
  return out;
}

}  // namespace lp
