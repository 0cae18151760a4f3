#pragma once
#include <string_view>

#include "base/client_rates.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/repeated_notice.h"
#include "config/settings.h"

namespace lp {

// The access log's decision about whom these refuse; such requests have no line of their own.
inline constexpr std::string_view kTooMany = "too_many";

// How often one client address may do without a session what costs us or Logto: limits.unauthenticated_per_address, and
// limits.public_per_address for the rest. Nothing of it is asked for a session that is known. A client is empty where
// nobody can say which one it is: then nothing is counted. Who is refused is told once and then once a minute. Any
// thread.
class StrangerLimits {
 public:
  // Both must outlive it.
  StrangerLimits(const LimitSettings& limits, const Clock& clock, Log& log);

  // Before a sign-in begins, or an endpoint of ours is asked: counts. False: 429.
  [[nodiscard]] bool admit(std::string_view client) { return admit(costly_, client, kCostly); }
  // Before a cookie or a token is looked at that may be false. False: 429. Only what turns out false counts.
  [[nodiscard]] bool may_try(std::string_view client);
  void was_false(std::string_view client);
  // Before anything else of a route's.
  [[nodiscard]] bool admit_public(std::string_view client) { return admit(public_, client, kPublic); }

 private:
  static constexpr std::string_view kCostly = "limits.unauthenticated_per_address";
  static constexpr std::string_view kPublic = "limits.public_per_address";
  [[nodiscard]] bool admit(ClientRates& rates, std::string_view client, std::string_view key);
  void tell(std::string_view client, std::string_view key);

  const Clock& clock_;
  Log& log_;
  ClientRates costly_;
  ClientRates public_;
  RepeatedNotice notice_;
};

}  // namespace lp
