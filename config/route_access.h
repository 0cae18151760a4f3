#pragma once
#include "config/settings.h"

// Which of two routes lets more people pass. The one meaning of "open" and "stricter" for the router and for the
// configuration's checks. Pure.
namespace lp {

// Whoever asks passes.
[[nodiscard]] bool is_open(const RouteSettings& route);

// Certain that everybody whom `narrow` lets pass is let pass by `wide` too. Where neither of two admits the other, each
// keeps somebody out. Of rules on different things, and of two patterns, it says no.
[[nodiscard]] bool admits(const RouteSettings& wide, const RouteSettings& narrow);

// `strict` may keep somebody out whom `route` lets pass.
[[nodiscard]] inline bool may_be_stricter(const RouteSettings& strict, const RouteSettings& route) {
  return !admits(strict, route);
}

}  // namespace lp
