#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "auth/oidc/pending_sign_in.h"
#include "auth/visit/visit.h"

// Sending a browser to Logto, and the own endpoints that do so: /_auth/sign-in?return_to=&with=&prompt=login and
// /_auth/sign-up.
namespace lp {

// One sign-in about to start.
struct SignInStart {
  std::string return_to = "/";            // vetted; below this origin, or of another one of ours
  SignInSettings sign_in;                 // over the defaults of logto.sign_in
  int route = 0;                          // RouteSettings::index that sign_in comes from; 0: the defaults alone
  bool silent = false;                    // prompt=none: asks Logto whether the person is still signed in there
  bool step_up = false;                   // a session lives, but its sign-in is too long ago
  std::optional<std::int64_t> max_age_s;  // of the sign-in, besides what the route needs of everybody
  bool fresh_start = false;               // after a stale callback
  bool is_chosen = false;                 // the person has said how, or need not: no page with ways in between
  // The sign-in before this one proved nothing: what it was asked for, and since when it must be proved. Without them
  // the session that the browser sends says whether anything must be.
  ProofAsked proof_asked = ProofAsked::nothing;
  std::int64_t ended_at_ms = 0;
  ResourcesAsked resources_asked = ResourcesAsked::known;
  Secret one_time_token;       // of a magic link
  std::string answered_state;  // of the sign-in that this one comes after, whose cookie goes
  std::string_view decision = "own";
  std::optional<Verdict> otherwise;  // what happens where Logto cannot be asked; none: the 503 page
};

// For whoever must sign in for the route that they ask for, to come back to it.
[[nodiscard]] SignInStart start_for_route(const Visit& visit);
// The sign-in settings of the route with this index; none for 0 and for unknown ones.
[[nodiscard]] SignInSettings sign_in_settings_of_route(const Settings& settings, int route);

// ?route=N of our own endpoints; 0: none.
[[nodiscard]] int route_index(std::string_view text);

// 303 to Logto with a pending cookie. Waits where Logto's metadata is not known yet.
[[nodiscard]] Verdict start_sign_in(const Visit& visit, SignInStart start, Waiting waiting);

// For whoever must sign in for a page of ours, to come back to it; 401 to scripts.
[[nodiscard]] Verdict sign_in_for_own_page(const Visit& visit, std::string page, Waiting waiting);

[[nodiscard]] Verdict handle_sign_in(const Visit& visit, Waiting waiting);
[[nodiscard]] Verdict handle_sign_up(const Visit& visit, Waiting waiting);

}  // namespace lp
