#include "auth/realm.h"

#include <algorithm>
#include <utility>

namespace lp {

Realm::Realm(std::shared_ptr<const Settings> settings_in, const Clock& clock_in, Log& log_in)
    : settings(std::move(settings_in)),
      clock(clock_in),
      log(log_in),
      session_sealer(settings->session.secrets, CookiePurpose::session, settings->realm),
      pending_sealer(settings->session.secrets, CookiePurpose::pending_sign_in, settings->realm),
      state_sealer(settings->session.secrets, CookiePurpose::state, settings->realm),
      client_headers(*settings),
      held_requests(static_cast<std::size_t>(std::max<std::int64_t>(settings->limits.held_requests_bytes, 0))) {}

}  // namespace lp
