#pragma once
#include <string_view>

#include "base/http_message.h"
#include "config/settings.h"

// What the modes of a route mean for one request. Pure; shared by the server, `check` and `explain`.
namespace lp {

// Nobody is asked who they are where it makes no difference: an app behind such a route learns of nobody.
[[nodiscard]] bool asks_who(const RouteSettings& route);

// Whether somebody who is signed out is sent to Logto; else it is 401. `unauthenticated: redirect` is for clients that
// follow redirects without looking like browsers; a body or an upgrade goes nowhere even then. Nor does anybody where a
// session is not what the route accepts.
[[nodiscard]] bool redirects_when_signed_out(const RouteSettings& route, const RequestHead& head, bool wants_upgrade);

// Browsers send preflights without credentials, so they say nothing of a person: they pass, where configured, and the
// app is told of nobody.
[[nodiscard]] bool passes_as_preflight(const RouteSettings& route, const RequestHead& head, bool wants_upgrade);

}  // namespace lp
