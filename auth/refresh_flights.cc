#include "auth/refresh_flights.h"

#include <utility>

namespace lp {
namespace {

using Kind = RefreshFailure::Kind;

constexpr int kMaxStaleSuccessors = 3;
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

void RefreshFlights::share(RedisLink& redis, const Realm& realm) {
  replicas_ = std::make_unique<ReplicaRefreshes>(loop_, redis, realm, memory_);
}

void RefreshFlights::keep_journal(const std::string& path, const Realm& realm) {
  journal_ = RefreshJournal::open(path, realm, memory_);
}

void RefreshFlights::on_new_keyring() {
  if (journal_) journal_->reseal();
}

void RefreshFlights::upkeep() {
  const std::int64_t now_s = world_.clock.unix_s();
  memory_.forget_old(now_s);
  if (journal_) journal_->upkeep(memory_, now_s);
}

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
  flight.has_slot = true;
  if (!replicas_) return fly(key, flight);
  flight.turn = replicas_->take_turn(
      key, [this, key] { give_slot_back(flights_.at(key)); },
      [this, key](const RefreshTurn::Outcome& outcome) { on_turn(key, outcome); });
}

void RefreshFlights::fly(const std::string& key, Flight& flight) {
  flight.flow = std::make_unique<RefreshFlow>(world_, flight.session,
                                              [this, key](const RefreshOutcome& outcome) { land(key, outcome); });
}

void RefreshFlights::give_slot_back(Flight& flight) {
  if (!std::exchange(flight.has_slot, false)) return;
  --flying_;
  start_waiting();
}

void RefreshFlights::on_turn(const std::string& key, const RefreshTurn::Outcome& outcome) {
  if (!std::holds_alternative<RefreshTurn::Failed>(outcome)) told_of_no_turns_ = false;
  if (const auto* successor = std::get_if<RefreshSuccessor>(&outcome)) return adopt(key, *successor);
  if (std::holds_alternative<HeldRefreshLock>(outcome)) return on_held(key, flights_.at(key));
  const auto& failed = std::get<RefreshTurn::Failed>(outcome);
  const bool is_away = failed.failure == RefreshTurn::Failure::unreachable;
  if (is_away && !std::exchange(told_of_no_turns_, true)) {
    log_.warning("tokens are not refreshed while Redis is away, sessions go on while theirs live",
                 {{"reason", failed.reason}});
  }
  end_without_logto(key, RefreshFailure{Kind::unavailable, is_away ? "redis" : "other_replica", failed.reason, {}});
}

// The lock may come when the slot has been given to others meanwhile.
void RefreshFlights::on_held(const std::string& key, Flight& flight) {
  const bool is_backing_off = backoff_.is_waiting(world_.clock.monotonic_ms());
  const bool is_full = !flight.has_slot && flying_ >= static_cast<std::size_t>(world_.settings.logto.max_calls);
  if (is_backing_off || is_full) replicas_->give_back(std::move(flight.turn), key, std::nullopt);
  if (is_backing_off) return end_without_logto(key, last_failure_);
  if (is_full) return waiting_.push_front(key);
  if (!std::exchange(flight.has_slot, true)) ++flying_;
  fly(key, flight);
}

void RefreshFlights::adopt(const std::string& key, const RefreshSuccessor& successor) {
  const auto outcome = replicas_->open(key, successor.sealed);
  if (!outcome) {
    return end_without_logto(
        key, RefreshFailure{Kind::unavailable, "other_secrets", "another replica's refresh cannot be read", {}});
  }
  Flight& waiting = flights_.at(key);
  const bool is_same_token = *outcome && (**outcome)->refresh_token.equals(waiting.session.refresh_token.reveal());
  if (is_same_token && !says_more(***outcome, waiting.session)) return ask_again(key, waiting, successor);
  if (!*outcome) {
    const std::int64_t now_s = world_.clock.unix_s();
    memory_.failed(waiting.session.refresh_token, outcome->error(),
                   RefreshMemory::keep_until_s(waiting.session, world_.settings, now_s));
    return end_without_logto(key, *outcome);
  }
  Flight flight = take_out(key);
  memory_.restored(key, **outcome, RefreshMemory::keep_until_s(flight.session, world_.settings, world_.clock.unix_s()));
  keep(key);
  adopt_refreshed(flight, **outcome);
  start_waiting();
}

// What another replica learnt may be old by now: then its token is the one to refresh.
void RefreshFlights::adopt_refreshed(Flight& flight, const std::shared_ptr<const Refreshed>& refreshed) {
  const Session newest = with_refreshed(std::move(flight.session), *refreshed);
  const bool is_old = session_age(newest, world_.settings, world_.clock.unix_s()) == SessionAge::must_refresh;
  for (Answer& answer : flight.askers) {
    if (is_old) {
      join(flight.request_id, newest, std::move(answer));
    } else {
      answer(refreshed);
    }
  }
}

// The token was not spent and may be used again: its last refresh just stands in the way.
void RefreshFlights::ask_again(const std::string& key, Flight& flight, const RefreshSuccessor& stale) {
  if (++flight.stale_successors > kMaxStaleSuccessors) {
    return end_without_logto(
        key, RefreshFailure{Kind::unavailable, "other_replica", "another replica repeats an old refresh", {}});
  }
  replicas_->discard(key, stale.sealed);
  loop_.defer_delete(std::move(flight.turn));
  waiting_.push_front(key);
  give_slot_back(flight);
  start_waiting();
}

// Also inside the callback of its turn or flow.
RefreshFlights::Flight RefreshFlights::take_out(const std::string& key) {
  auto node = flights_.extract(key);
  Flight flight = std::move(node.mapped());
  loop_.defer_delete(std::move(flight.turn));
  loop_.defer_delete(std::move(flight.flow));
  if (std::exchange(flight.has_slot, false)) --flying_;
  return flight;
}

void RefreshFlights::end_without_logto(const std::string& key, const RefreshOutcome& outcome) {
  const Flight flight = take_out(key);
  for (const Answer& answer : flight.askers) answer(outcome);
  start_waiting();
}

void RefreshFlights::land(const std::string& key, const RefreshOutcome& outcome) {
  remember(flights_.at(key), outcome);
  keep(key);
  if (replicas_) replicas_->give_back(std::move(flights_.at(key).turn), key, worth_telling(key, outcome));
  const Flight flight = take_out(key);
  for (const Answer& answer : flight.askers) answer(outcome);
  if (!outcome && concerns_all(outcome.error())) fail_all_waiting(outcome.error());
  start_waiting();
}

// For the other replicas: what ended, and what must not or need not be done again.
std::optional<RefreshOutcome> RefreshFlights::worth_telling(const std::string& key,
                                                            const RefreshOutcome& outcome) const {
  if (outcome || outcome.error().kind == Kind::ended) return outcome;
  const auto spent = memory_.find_rotated(key);
  return spent ? std::optional<RefreshOutcome>(spent->refreshed) : std::nullopt;
}

void RefreshFlights::keep(const std::string& key) {
  if (!journal_) return;
  if (const auto rotated = memory_.find_rotated(key)) journal_->keep(key, *rotated);
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
