#pragma once
#include "base/http_message.h"
#include "config/settings.h"
#include "proxy/route/router.h"

// A method other than that of the request line, which frameworks take from header fields and parameters (threat P24):
// X-HTTP-Method-Override and its kin, _method and its kin, in whatever case and punctuation, one or a list. Pure.
namespace lp {

enum class OverridingFields { stay_here, reach_the_app };

// True where the same route decides whichever of these methods the app acts upon, or one of the same app
// that lets as many people pass or more; and where no route asks for methods.
// `fields`: whether the app gets such fields of the client's. `question` is that of the request, and `route` its
// answer.
[[nodiscard]] bool overrides_stay_on_route(const Router& router, const RouteQuestion& question,
                                           const RouteSettings& route, OverridingFields fields);

// The query, or what some app takes for one, names another method than `method` in such a parameter.
[[nodiscard]] bool query_overrides(const Target& target, std::string_view method);

}  // namespace lp
