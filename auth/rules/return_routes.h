#pragma once
#include <string_view>

#include "base/url.h"
#include "config/settings.h"

// Where a return address leads that does not stay where it points. Pure.
namespace lp {

// An endpoint of ours stands at this path below `own`, in any case and with slashes merged, or a configured route leads
// on to one: an action, a redirect, also over several. Those that do something, as signing out, or would loop; not the
// account page of a route.
[[nodiscard]] bool leads_to_own_endpoint(std::string_view path, const Origin& own, const Settings& settings);

}  // namespace lp
