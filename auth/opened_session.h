#pragma once
#include <string>

#include "auth/revocations.h"
#include "auth/session.h"

namespace lp {

// A session as opened from a cookie, with what every request of it needs made once. Immutable.
struct OpenedSession {
  Session session;
  Revocations::Keys revocation_keys;
  std::string identity_lines;  // ready for the upstream's head
  std::string log_sub;         // escaped for the access log, without quotes
};

}  // namespace lp
