#include "auth/refresh_flights.h"

#include <utility>

namespace lp {
namespace {

using Kind = RefreshFailure::Kind;

constexpr std::int64_t kFailedTokenS = 30;  // a token that failed is not tried again for this long

// No answer, or none to us: the next token would fare no better. Everything else is about one token.
bool concerns_all(const RefreshFailure& failure) {
  return failure.kind == Kind::client_credentials || failure.rule == "provider_unavailable" ||
         failure.rule == "discovery";
}

// The token itself was sent and may be to blame, or may be spent by now.
bool concerns_token(const RefreshFailure& failure) {
  return failure.kind != Kind::client_credentials && failure.rule != "discovery";
}

// For whoever holds another token.
RefreshFailure without_successor(const RefreshFailure& failure) {
  return {failure.kind, failure.rule, failure.message, {}};
}

}  // namespace

RefreshFlights::RefreshFlights(EventLoop& loop, const AuthWorld& world, Log& log)
    : loop_(loop), world_(world), log_(log) {}

void RefreshFlights::join(const std::string& request_id, const Session& session, Answer answer) {
  const std::int64_t now_s = world_.clock.unix_s();
  memory_.forget_old(now_s);
  RefreshMemory::Found found = memory_.look_up(session, world_.settings, now_s);
  if (found.failure) return answer(*found.failure);
  if (found.refreshed) return answer(found.refreshed);
  const std::string key = refresh_key(found.newest.refresh_token);
  if (const auto flight = flights_.find(key); flight != flights_.end()) {
    return flight->second.askers.push_back(std::move(answer));
  }
  if (backoff_.is_waiting(world_.clock.monotonic_ms())) {
    return answer(failure_for(session, found.newest, last_failure_));
  }
  if (flights_.size() >= kMaxFlights) {
    return answer(RefreshFailure{Kind::unavailable, "busy", "too many refreshes at once", {}});
  }
  Flight& flight = flights_[key];
  flight.request_id = request_id;
  flight.session = std::move(found.newest);
  flight.askers.push_back(std::move(answer));
  waiting_.push_back(key);
  start_waiting();
}

void RefreshFlights::start_waiting() {
  while (!waiting_.empty() && flying_ < static_cast<std::size_t>(world_.settings.logto.max_calls)) {
    const std::string key = std::move(waiting_.front());
    waiting_.pop_front();
    start(key, flights_.at(key));
  }
}

void RefreshFlights::start(const std::string& key, Flight& flight) {
  ++flying_;
  flight.flow = std::make_unique<RefreshFlow>(world_, flight.session,
                                              [this, key](const RefreshOutcome& outcome) { land(key, outcome); });
}

void RefreshFlights::land(const std::string& key, const RefreshOutcome& outcome) {
  auto node = flights_.extract(key);
  Flight& flight = node.mapped();
  loop_.defer_delete(std::move(flight.flow));
  --flying_;
  remember(flight, outcome);
  for (const Answer& answer : flight.askers) answer(outcome);
  if (!outcome && concerns_all(outcome.error())) fail_all_waiting(outcome.error());
  start_waiting();
}

void RefreshFlights::remember(const Flight& flight, const RefreshOutcome& outcome) {
  const std::int64_t now_s = world_.clock.unix_s();
  const std::int64_t keep_until_s = RefreshMemory::keep_until_s(flight.session, world_.settings, now_s);
  if (outcome) {
    backoff_.succeeded();
    return memory_.succeeded(flight.session.refresh_token, *outcome, keep_until_s);
  }
  const RefreshFailure& failure = outcome.error();
  tell(flight, failure);
  if (failure.kind == Kind::ended) return memory_.failed(flight.session.refresh_token, failure, keep_until_s);
  const Secret& newest = failure.successor.empty() ? flight.session.refresh_token : failure.successor;
  if (!failure.successor.empty()) memory_.replaced(flight.session, failure.successor, keep_until_s);
  if (concerns_token(failure)) memory_.failed(newest, without_successor(failure), now_s + kFailedTokenS);
  if (!concerns_all(failure)) return;
  const std::int64_t now_ms = world_.clock.monotonic_ms();
  last_failure_ = without_successor(failure);
  if (!backoff_.is_waiting(now_ms)) backoff_.failed(now_ms);  // many that fail together are one failure
}

// They would fail in the same way, each after its own time-out.
void RefreshFlights::fail_all_waiting(const RefreshFailure& failure) {
  const RefreshFailure same = without_successor(failure);
  for (const std::string& key : std::exchange(waiting_, {})) {
    const auto node = flights_.extract(key);
    for (const Answer& answer : node.mapped().askers) answer(same);
  }
}

void RefreshFlights::tell(const Flight& flight, const RefreshFailure& failure) {
  LogLevel level = LogLevel::warning;
  std::string_view message = "tokens could not be refreshed now, the session goes on while they live";
  if (failure.kind == Kind::ended) {
    level = failure.rule == "invalid_grant" || failure.rule == "access_denied" ? LogLevel::info : LogLevel::error;
    message = "Logto vouches for this session no more, it ends";
  } else if (failure.kind == Kind::client_credentials) {
    level = LogLevel::error;
    message =
        "tokens cannot be refreshed: Logto refuses our credentials, check logto.app_id and logto.app_secret; nobody is "
        "signed out";
  }
  log_.write(
      level, message,
      {{"id", flight.request_id}, {"rule", failure.rule}, {"reason", failure.message}, {"sub", flight.session.sub}});
}

}  // namespace lp
