#include "auth/session/session_times.h"

#include <algorithm>
#include <limits>

namespace lp {
namespace {

constexpr std::int64_t kMaxResealAfterS = 300;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::int64_t in_seconds(std::int64_t ms) { return ms / 1000; }

// Never so early that a new token would be due at once.
std::int64_t refresh_at_s(const Session& session, std::int64_t unproven_at_s, const Settings& settings) {
  const std::int64_t proven_for_s = std::max<std::int64_t>(unproven_at_s - session.validated_at_s, 0);
  return unproven_at_s - std::min(in_seconds(settings.logto.refresh_early_ms), proven_for_s / 2);
}

std::int64_t reseal_after_s(const Settings& settings) {
  return std::min(in_seconds(settings.session.idle_timeout_ms) / 10, kMaxResealAfterS);
}

}  // namespace

SessionTimes session_times(const Session& session, const Settings& settings) {
  SessionTimes times;
  const std::int64_t idle_s = in_seconds(settings.session.idle_timeout_ms);
  times.reseal_at_s = session.sealed_at_s + reseal_after_s(settings);
  times.idle_at_s = session.sealed_at_s + idle_s;
  times.ends_at_s = session_ends_at_s(session, settings.session);
  times.unproven_at_s = session.validated_at_s + in_seconds(settings.session.revalidate_ms);
  times.refresh_at_s = times.tokens_end_at_s = kNever;
  if (session.refresh_token.empty()) return times;
  times.tokens_end_at_s = session.tokens_expire_at_s;
  times.unproven_at_s = std::min(times.unproven_at_s, times.tokens_end_at_s);
  times.refresh_at_s = refresh_at_s(session, times.unproven_at_s, settings);
  return times;
}

std::int64_t renewed_for_s(const Settings& settings) { return reseal_after_s(settings) / 5; }

std::int64_t session_ends_at_s(const Session& session, const SessionSettings& settings) {
  return in_seconds(session.signed_in_at_ms + settings.max_lifetime_ms);
}

SessionAge session_age(const Session& session, const Settings& settings, std::int64_t now_s) {
  const SessionTimes times = session_times(session, settings);
  if (now_s >= std::min(times.idle_at_s, times.ends_at_s)) return SessionAge::expired;
  if (now_s >= times.unproven_at_s) {
    return session.refresh_token.empty() ? SessionAge::due_for_revalidation : SessionAge::must_refresh;
  }
  if (now_s >= times.refresh_at_s) return SessionAge::due_for_refresh;
  return now_s >= times.reseal_at_s ? SessionAge::due_for_reseal : SessionAge::fresh;
}

bool wants_reseal(const Session& session, const Settings& settings, std::int64_t now_s) {
  return now_s >= session_times(session, settings).reseal_at_s;
}

std::int64_t age_valid_until_s(const Session& session, const Settings& settings, std::int64_t now_s) {
  const SessionTimes times = session_times(session, settings);
  std::int64_t until = kNever;
  for (const std::int64_t change :
       {times.reseal_at_s, times.refresh_at_s, times.unproven_at_s, times.idle_at_s, times.ends_at_s}) {
    if (change > now_s) until = std::min(until, change);
  }
  return until;
}

}  // namespace lp
