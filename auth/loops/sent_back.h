#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/cookies/loop_marker.h"
#include "auth/loops/detective.h"
#include "config/settings.h"

// The other circle: somebody is signed in, and what they open sends them to sign in again. No sign-in at Logto is in
// it, each request passes, so that the marker of sign-ins (auth/loops/detective.h) never sees it. What counts is how
// often a sign-in endpoint has sent this person back to the same page; it is noted in a cookie of its own, which
// passing does not wipe. Pure.
namespace lp {

// Below what a browser follows by itself (16 at least): three redirects make one round.
inline constexpr std::size_t kReturnsBeforeStop = 5;

struct Return {
  const Settings& settings;
  std::string_view host;
  std::string_view place;  // path, query and fragment of where the person is sent back to
  std::string_view sub;    // whose session it is
  std::int64_t now_ms = 0;
};

// Names this person and this page, whatever its query: a note that somebody else planted is of another.
[[nodiscard]] LoopNote note_of_return(const Return& back);
// Set where it is the fifth time within kLoopWindowMs: what the configuration says of what may send them here.
[[nodiscard]] std::optional<LoopFinding> judge_return(const Return& back, const FoundMarker& marker);

}  // namespace lp
