#include "auth/service/sign_in_flights.h"

#include <utility>

#include "base/client_group.h"
#include "base/crypto.h"

namespace lp {
namespace {

// What a silent attempt (prompt=none) is told when somebody has to look at a page first (OIDC Core 3.1.2.6): expected.
bool is_expected(const std::string& rule) {
  return rule == "login_required" || rule == "consent_required" || rule == "interaction_required";
}

}  // namespace

SignInFlights::SignInFlights(EventLoop& loop, const FinishSignIn::World& world, Log& log)
    : loop_(loop), world_(world), log_(log), forget_timer_(loop, [this] { forget_old(); }) {}

void SignInFlights::join(const OnBehalfOf& whom, CallbackResponse response, PendingSignIn pending, Answer answer) {
  const std::string key = sha256(pending.state.reveal());
  const auto known = flights_.find(key);
  if (known != flights_.end() && known->second.outcome) return answer(*known->second.outcome);
  if (known != flights_.end()) return known->second.askers.push_back(std::move(answer));
  if (!make_room()) {
    return answer(SignInFailure{SignInFailure::Kind::provider_unavailable, kBusySignIn, "too many sign-ins at once"});
  }
  Flight& flight = flights_[key];
  flight.request_id = whom.request_id;
  flight.silent = pending.silent;
  flight.askers.push_back(std::move(answer));
  flight.flow =
      std::make_unique<FinishSignIn>(world_, client_group(whom.client), std::move(response), std::move(pending),
                                     [this, key](FinishSignIn::Outcome outcome) { land(key, std::move(outcome)); });
}

// Results in hand may go, flights under way may not.
bool SignInFlights::make_room() {
  if (flights_.size() < kMaxFlights) return true;
  if (landed_.empty()) return false;
  flights_.erase(landed_.front().key);
  landed_.pop_front();
  return true;
}

void SignInFlights::land(const std::string& key, FinishSignIn::Outcome outcome) {
  Flight& flight = flights_.at(key);
  loop_.defer_delete(std::move(flight.flow));
  if (!outcome) log_failure(flight, outcome.error());
  if (outcome) tell_if_no_refresh_token(*outcome);
  const bool was_sent = outcome || outcome.error().rule != kBusySignIn;
  flight.outcome = std::move(outcome);
  for (const Answer& answer : std::exchange(flight.askers, {})) answer(*flight.outcome);
  if (!was_sent) return static_cast<void>(flights_.erase(key));  // the code is as good as before
  if (landed_.empty()) forget_timer_.start_ms(kKeptMs);
  landed_.push_back({key, world_.clock.monotonic_ms()});
}

void SignInFlights::forget_old() {
  const std::int64_t now_ms = world_.clock.monotonic_ms();
  while (!landed_.empty() && now_ms - landed_.front().at_ms >= kKeptMs) {
    flights_.erase(landed_.front().key);
    landed_.pop_front();
  }
  if (!landed_.empty()) forget_timer_.start_ms(landed_.front().at_ms + kKeptMs - now_ms);
}

// Once: the operator finds out at the first sign-in, not when the first session needs it.
void SignInFlights::tell_if_no_refresh_token(const Session& session) {
  const RefreshMode mode = world_.settings.logto.refresh;
  if (mode == RefreshMode::off || !session.refresh_token.empty() || told_of_no_refresh_token_) return;
  told_of_no_refresh_token_ = true;
  log_.write(
      mode == RefreshMode::offline_access ? LogLevel::warning : LogLevel::info,
      "Logto sent no refresh token: sessions are revalidated by navigations instead of by refresh. Two settings "
      "give one: 'Always issue refresh token' of the application in Logto, or logto.refresh: offline_access here "
      "(with the refresh token grant allowed for the application)");
}

void SignInFlights::log_failure(const Flight& flight, const SignInFailure& failure) {
  LogLevel level = LogLevel::warning;
  std::string_view message = "sign-in failed";
  if (flight.silent && is_expected(failure.rule)) {
    level = LogLevel::info;
    message = "silent sign-in needs the person";
  } else if (failure.rule == "client_credentials") {
    level = LogLevel::error;
    message = "sign-in failed: Logto refuses our credentials, check logto.app_id and logto.app_secret";
  } else if (failure.rule == "invalid_target" || failure.rule == "invalid_scope") {
    level = LogLevel::error;
    message = "sign-in failed: Logto refuses what we ask for, check logto.scopes, token.resource and token.scopes";
  }
  log_.write(level, message, {{"id", flight.request_id}, {"rule", failure.rule}, {"reason", failure.message}});
}

}  // namespace lp
