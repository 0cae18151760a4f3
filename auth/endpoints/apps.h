#pragma once
#include <vector>

#include "auth/visit/visit.h"

namespace lp {

// The launcher, {auth_prefix}/apps: the routes with `app` that the person may open, each judged as a request for it
// would be. 404 where no route has one. Who is not signed in is sent there first.
[[nodiscard]] Verdict handle_apps(const Visit& visit, Waiting waiting);

}  // namespace lp
