#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/http_message.h"
#include "config/settings.h"

// How a value travels in cookies: set, cut into pieces, joined, deleted. Pure.
namespace lp {

// Calls `take(name, value)` for each pair of all Cookie fields, without allocating: cookie_pairs() for the hot path.
template <class Take>
void for_each_cookie(const Fields& fields, const Take& take) {
  if (!fields.may_have("Cookie")) return;
  for (const Field& field : fields.all()) {
    if (!iequals(field.name, "Cookie")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = trim_ows(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos) take(pair.substr(0, equals), pair.substr(equals + 1));
    }
  }
}

// Browsers keep 4096 bytes per cookie with its name and attributes; larger values are cut into pieces that are
// meaningless alone: they are sealed as one and only then cut.
inline constexpr std::size_t kCookiePieceBytes = 3600;
inline constexpr std::size_t kMaxCookiePieces = 5;

struct CookieAttributes {
  bool secure = true;
  SameSite same_site = SameSite::lax;
  std::string domain;
  std::int64_t max_age_s = 0;
  bool partitioned = false;
  bool until_closed = false;  // no Max-Age: the browser forgets it when it is closed
};
// What every cookie of ours has, whatever it is for; `domain` and `max_age_s` are its own.
[[nodiscard]] CookieAttributes common_attributes(const CookieSettings& settings, bool https, std::string domain,
                                                 std::int64_t max_age_s);
// Which piece of `name` a cookie is; the first is called `name` itself, the others `name`_1 to `name`_4.
[[nodiscard]] std::optional<std::size_t> piece_index(std::string_view cookie, std::string_view name);
// Set-Cookie values for all pieces, and deletions for pieces of an older, longer value (`pieces_before`). Empty when
// the value needs more than kMaxCookiePieces: the caller refuses the session and says so in the log.
[[nodiscard]] std::vector<std::string> set_cookie_pieces(std::string_view name, std::string_view value,
                                                         const CookieAttributes& attributes, std::size_t pieces_before);
// Deletions with the same attributes as at setting (threat C15).
[[nodiscard]] std::vector<std::string> delete_cookie_pieces(std::string_view name, const CookieAttributes& attributes,
                                                            std::size_t pieces);

// The pieces put together again. A name that comes twice (cookie tossing, threat C10) or a missing piece makes it
// unreadable: value() is empty. `pieces` says how many names, counted from the first, the browser may hold: for
// deletion.
struct JoinedCookie {
  std::string_view single;  // where there is one piece: a view into the fields, which costs a warm request no copy
  std::string assembled;
  std::size_t pieces = 0;
  bool has_other = false;  // a cookie of the other name that was asked about came too

  [[nodiscard]] std::string_view value() const { return assembled.empty() ? single : std::string_view(assembled); }
};
// Of `other` only whether it came: another pass over the cookies would cost what parsing their field has cost.
[[nodiscard]] JoinedCookie join_cookie_pieces(std::string_view name, const Fields& fields, std::string_view other = {});

}  // namespace lp
