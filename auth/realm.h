#pragma once
#include <memory>

#include "auth/auth_questions.h"
#include "auth/client_headers.h"
#include "auth/held_requests.h"
#include "auth/sealed_cookie.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/settings.h"

namespace lp {

// The seam for more than one Logto application: settings, key ring, cookie codecs and the auth service of one, in one
// object that is passed into everything in auth/. A session never crosses realms: the realm's name is in the sealed
// cookie's associated data. Immutable after construction and shared by all threads; owned by cli/serve, outlives the
// workers. `clock_in` and `log_in` must outlive it.
struct Realm {
  Realm(std::shared_ptr<const Settings> settings_in, const Clock& clock_in, Log& log_in);

  std::shared_ptr<const Settings> settings;
  const Clock& clock;
  Log& log;
  CookieSealer session_sealer;
  CookieSealer pending_sealer;
  CookieSealer state_sealer;
  ClientHeaderRules client_headers;
  HeldRequests held_requests;  // any thread
  // An AuthService in the program, set once before the first worker starts. Null means that Logto can't be asked:
  // open routes and sessions in hand go on, sign-ins get the 503 page.
  std::unique_ptr<AuthQuestions> auth;
};

}  // namespace lp
