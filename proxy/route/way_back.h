#pragma once
#include <string>

#include "base/http_message.h"
#include "base/url.h"
#include "config/settings.h"
#include "proxy/route/target.h"

// Where a person who came by an app's own link to sign in, or out, wants to go behind it. Pure.
namespace lp {

struct WayBackFacts {
  const Settings& settings;  // of the realm
  const Origin& external;
  const Fields& fields;
};

// Behind a sign-out the page that led there would only ask to sign in again.
enum class WayBackSource { query, query_or_referer };

// The first of the parameters that `route`.reply.return_to_parameters names which stands in the query once and is
// granted by the guard against open redirects (auth/rules/return_to.h), else the page of this origin that led here.
// Never a route with an action, for that would lead around in a circle. Empty: none.
[[nodiscard]] std::string way_back(const RouteSettings& route, const Target& target, const WayBackFacts& facts,
                                   WayBackSource source);

}  // namespace lp
