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

// Which of the routes that some app may take for the one of a path decides: the strictest, where there is one.
class Strictest {
 public:
  // The route that matches the path as it stands.
  explicit Strictest(const RouteSettings& route) : strictest_(&route) {}

  [[nodiscard]] bool is_changed_by(const RouteSettings& other) const { return may_be_stricter(other, *strictest_); }
  // `surely`: `other` is the path's in another spelling, whatever an app makes of query and fields.
  void meet(const RouteSettings& other, bool surely) {
    if (!is_changed_by(other)) return;
    is_clear_ = is_clear_ && surely && admits(*strictest_, other);
    strictest_ = &other;
  }
  // Null: nobody decides, for each of two keeps somebody out.
  [[nodiscard]] const RouteSettings* route() const { return is_clear_ ? strictest_ : nullptr; }

 private:
  const RouteSettings* strictest_;
  bool is_clear_ = true;
};

}  // namespace lp
