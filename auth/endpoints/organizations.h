#pragma once
#include "auth/visit/visit.h"

namespace lp {

// The switcher, {auth_prefix}/organizations?route=N: the organizations of the person that a route is for, each with the
// place where it begins: that of the route named, or the first one that has places. A membership that is not in the
// session yet is asked of Logto first, at most once a minute. 404 where no route is for an organization. Who is not
// signed in is sent there first.
[[nodiscard]] Verdict handle_organizations(const Visit& visit, Waiting waiting);

}  // namespace lp
