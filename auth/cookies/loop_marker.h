#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/cookies/sealed_cookie.h"
#include "base/http_message.h"
#include "base/result.h"

// The marker cookie: which sign-ins of this browser succeeded in the last minute and have not been followed by a
// request with their session. It is host-only, small and as short-lived as its use, so that it comes back where the
// session cookie does not, and carries the evidence why. Pure.
namespace lp {

// One session that was handed to the browser.
struct LoopNote {
  std::string target;  // loop_target() of where the browser wanted to go
  std::int64_t signed_in_at_ms = 0;
  std::uint64_t pieces = 0;  // cookies that the session was set in
  std::uint64_t bytes = 0;   // of their values
  bool alone = false;        // no other sign-in of this browser was under way
};
inline constexpr std::size_t kMaxLoopNotes = 6;
inline constexpr std::int64_t kLoopMarkerLifetimeS = 60;

// Path and query in eight bytes: the marker must not tell the target nor grow with it. The fragment does not count.
[[nodiscard]] std::string loop_target(std::string_view path_and_query);

[[nodiscard]] std::string encode_loop_notes(const std::vector<LoopNote>& notes);
[[nodiscard]] Result<std::vector<LoopNote>> decode_loop_notes(std::string_view bytes);

// The cookie's value is FINGERPRINT.COUNT.SEALED. What stands in front is readable by a proxy with other secrets, which
// can thus tell its operator so; nothing but a page for the browser that sent it depends on it.
struct FoundMarker {
  enum class Fate { missing, readable, foreign };
  Fate fate = Fate::missing;
  std::vector<LoopNote> notes;  // oldest first; empty unless readable
  std::string fingerprint;      // of the secret that sealed it
  std::uint64_t sign_ins = 0;   // in a row, by proxies of whatever secret
};
[[nodiscard]] FoundMarker find_loop_marker(const Fields& fields, std::string_view name, const CookieSealer& sealer);
// `sign_ins` counts those before the notes too. The oldest notes go first when there are more than kMaxLoopNotes.
[[nodiscard]] std::string loop_marker_value(std::string_view name, std::vector<LoopNote> notes, std::uint64_t sign_ins,
                                            std::string_view fingerprint, const CookieSealer& sealer,
                                            std::string_view nonce);
// The same form, under another name, for returns of somebody who is signed in (auth/loops/sent_back.h). A numbered
// piece of the marker's name, so that whoever knows that one for ours knows this one too.
[[nodiscard]] std::string return_marker_name(std::string_view marker_name);
// Whether the browser sent a marker at all: for the hot path, without a copy.
[[nodiscard]] bool sends_cookie(const Fields& fields, std::string_view name);

}  // namespace lp
