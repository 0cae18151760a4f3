#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "auth/session.h"
#include "config/settings.h"

// May this session use this route? Pure; also used by `check` and later by `explain`.
namespace lp {

// One requirement that does not hold: the person has none of these.
struct MissingRequirement {
  enum class Kind { role, social };
  Kind kind = Kind::role;
  std::vector<std::string> any_of;
};

struct Authorization {
  enum class Verdict { pass, sign_in, forbidden, denied };
  Verdict verdict = Verdict::denied;
  std::vector<MissingRequirement> missing;  // forbidden: what a page says
};
// `session` is null when signed out. Requirements hold on every route that has them, whatever its access says. Role and
// target names are compared byte by byte (attacks.md H22). A claim of the wrong type, null or missing does not hold.
[[nodiscard]] Authorization authorize(const RouteSettings& route, const Session* session);

// For JSON and logs, in English: "role admin", "one of the roles admin, editor", "a linked patreon account".
[[nodiscard]] std::string describe_missing(const MissingRequirement& missing);

}  // namespace lp
