#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/session/session.h"
#include "config/settings.h"

// May this person use this route? Pure; shared by the server, `check` and `explain`.
namespace lp {

// Who asks, as far as rules care: a session's person, or the subject of an access token. Views of what the caller
// holds.
struct Principal {
  std::string_view sub;
  const nlohmann::json* claims = nullptr;            // an object
  const std::vector<std::string>* scopes = nullptr;  // of the access token; null: there is none
  std::int64_t authenticated_at_s = 0;               // when they last proved who they are
  const PatreonStanding* patreon = nullptr;          // of a session; null: nothing is known of Patreon
  std::string_view organization{};                 // that the address names (config/organization_place.h); empty: none
  const ClientCertificate* certificate = nullptr;  // that the connection has shown and still holds; null: none
};
[[nodiscard]] Principal principal_of(const Session& session);

struct Authorization {
  // step_up: all would hold if they had signed in just now.
  enum class Verdict { pass, sign_in, forbidden, denied, step_up };
  Verdict verdict = Verdict::denied;
  // forbidden: the requirements that failed, for pages and logs. Point into the route.
  std::vector<const Requirement*> missing;
  bool by_deny_rule = false;   // forbidden: one of `deny` holds; the page does not say which
  std::int64_t max_age_s = 0;  // step_up: the smallest that failed
};
// The smallest max_age that must hold whatever else does; none where it depends on who comes (`any:`, `not:`). A first
// sign-in asks for it already, for Logto says when somebody signed in only where it was asked to.
[[nodiscard]] std::optional<std::int64_t> needed_max_age_s(const Requirement& requirement);
// The smallest max_age anywhere in it that does not hold, whatever else does.
[[nodiscard]] std::optional<std::int64_t> failed_max_age_s(const Requirement& requirement, const Principal& who,
                                                           std::int64_t now_s);

// `who` is null when signed out; its organization is that which the address of the request names. `shown` is the
// connection's certificate then, and else that of `who`. Requirements hold on every route that has them, whatever its
// access says. Where that lets people in without a session, what the certificate decides alone is decided; and nobody
// is sent to sign in who would be refused afterwards for want of one. Names are compared byte by byte, e-mail addresses
// without regard to case (threat H22). A claim of the wrong type, null or missing does not hold. The answer is that of
// a route without `shadow`: who obeys it must look there.
[[nodiscard]] Authorization authorize(const RouteSettings& route, const Principal* who, std::int64_t now_s,
                                      const ClientCertificate* shown = nullptr);

// The organization that the app of the route is told of: the one in the address, where `who` belongs to it; else empty.
// Lives as long as route, host and path.
[[nodiscard]] std::string_view organization_told(const RouteSettings& route, std::string_view host,
                                                 std::string_view path, const Principal* who);

[[nodiscard]] bool holds(const Requirement& requirement, const Principal& who, std::int64_t now_s);

// In English: "role admin", "one of the roles admin, editor", "a linked patreon account". `operators`: for logs and
// `explain`. `public_`: for whoever was refused, who does not learn whose addresses or which values would do.
enum class Audience { operators, public_ };
// The claim test that asks for an address which somebody has verified: it has a name among people.
[[nodiscard]] bool asks_for_verified_email(const ClaimTest& test);
[[nodiscard]] std::string describe_requirement(const Requirement& requirement, Audience audience);

}  // namespace lp
