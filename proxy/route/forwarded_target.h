#pragma once
#include <string>
#include <string_view>

#include "auth/visit/forwarded_request.h"
#include "base/result.h"
#include "config/settings.h"
#include "proxy/route/router.h"
#include "proxy/route/target.h"

// The request that another proxy asks about ({prefix}/check), brought to its route by the rules of ordinary requests,
// and stricter ones where that proxy, not we, sends the app what it gets. Pure.
namespace lp {

struct ForwardedTarget {
  Target target;
  const RouteSettings* route = nullptr;  // null: none matches
};

struct ForwardedRefusal {
  int status = 400;
  std::string_view decision = "bad_forwarded";  // static text, for the access log
  std::string reason;                           // for the log
};

// Who asks, for which external URL.
struct ForwardedClient {
  const Fields& fields;  // of the check, which are the client's own
  std::string_view address;
  const Origin& external;
};

// Refused is besides all that an ordinary request would be refused for:
//  - another scheme than the external URL's;
//  - a path with dot segments or empty ones, though we could resolve them: the app gets the path as it was sent, and
//    may resolve nothing;
//  - a path of our own: the other proxy must send it to us without asking;
//  - an identity header in a spelling that gateways take for the same ("X_Forwarded_User", threat H02), which the
//    other proxy does not replace;
//  - a method override that would lead to another route: nobody takes these fields out on the way to the app.
[[nodiscard]] Result<ForwardedTarget, ForwardedRefusal> resolve_forwarded(const ForwardedRequest& request,
                                                                          const ForwardedClient& client,
                                                                          const Router& router,
                                                                          const Settings& settings);

}  // namespace lp
