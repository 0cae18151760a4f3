#include "auth/refresh/flights.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "auth/session/session_times.h"
#include "base/crypto.h"

namespace lp {
namespace {

using Kind = RefreshFailure::Kind;

constexpr int kMaxStaleSuccessors = 3;
constexpr std::int64_t kFailedTokenS = 30;   // a token whose answer made no sense is not tried again for this long
constexpr std::int64_t kTroubledTokenS = 2;  // nor one for which there was no answer, or not all that it takes

// No answer, or none to us: the next token would fare no better. Everything else is about one token.
bool concerns_all(const RefreshFailure& failure) {
  return failure.kind == Kind::client_credentials || failure.rule == "provider_unavailable" ||
         failure.rule == "discovery" || failure.rule == "broken_answer";
}

// The token itself was sent and may be to blame, or may be spent by now.
bool concerns_token(const RefreshFailure& failure) {
  return failure.kind != Kind::client_credentials && failure.rule != "discovery";
}

// Rather a trouble on the way, or of Logto, than an answer about this token.
bool is_trouble(const RefreshFailure& failure) {
  return failure.rule == "provider_unavailable" || failure.rule == "discovery" || failure.rule == "key";
}

// For whoever holds another token.
RefreshFailure without_successor(const RefreshFailure& failure) {
  return {failure.kind, failure.rule, failure.message, {}};
}

RefreshFailure busy() { return {Kind::unavailable, "busy", "too many refreshes at once", {}}; }

}  // namespace

RefreshFlights::RefreshFlights(EventLoop& loop, const AuthWorld& world, Log& log)
    : loop_(loop), world_(world), log_(log), try_again_(loop, [this] {
        is_patient_ = false;
        start_waiting();
      }) {}

void RefreshFlights::share(RedisLink& redis, const Realm& realm) {
  replicas_ = std::make_unique<ReplicaRefreshes>(loop_, redis, realm, memory_);
}

void RefreshFlights::keep_journal(const std::string& path, const Realm& realm) {
  journal_ = RefreshJournal::open(path, realm, memory_);
}

// At once: whoever is killed a moment later must not have it under a secret that has left.
void RefreshFlights::on_new_keyring() {
  if (journal_) journal_->reseal(memory_, world_.clock.unix_s());
  if (replicas_) replicas_->reseal();
}

void RefreshFlights::upkeep() {
  const std::int64_t now_s = world_.clock.unix_s();
  memory_.forget_old(now_s);
  if (journal_) journal_->upkeep(memory_, now_s);
}

void RefreshFlights::join(const std::string& request_id, const Session& session, Answer answer) {
  join({request_id, session, std::nullopt, [answer = std::move(answer)](const GrantOutcome& outcome) {
          answer(outcome ? RefreshOutcome(outcome->refreshed) : RefreshOutcome(outcome.error()));
        }});
}

void RefreshFlights::join_for(const std::string& request_id, const Session& session, TokenAudience audience,
                              GrantAnswer answer) {
  join({request_id, session, std::move(audience), std::move(answer)});
}

void RefreshFlights::join(Asker asker) {
  const std::int64_t now_s = world_.clock.unix_s();
  memory_.forget_old(now_s);
  RefreshMemory::Found found = memory_.look_up(asker.session, world_.settings, now_s);
  const std::optional<RefreshFailure>& failure = asker.audience ? found.newest_failure : found.failure;
  if (failure) return asker.answer(*failure);
  if (!asker.audience && found.refreshed) return asker.answer(GrantedTokens{found.refreshed});
  const std::string key = refresh_key(found.newest.refresh_token);
  if (const auto flight = flights_.find(key); flight != flights_.end()) {
    return join_flight(flight->second, std::move(asker));
  }
  if (backoff_.is_waiting(world_.clock.monotonic_ms()) && !has_patience(asker)) {
    RefreshFailure away = failure_for(asker.session, found.newest, last_failure_);
    away.known = found.known;
    return asker.answer(std::move(away));
  }
  if (flights_.size() >= kMaxFlights) return asker.answer(busy());
  Flight& flight = flights_[key];
  flight.request_id = asker.request_id;
  flight.session = std::move(found.newest);
  flight.audience = asker.audience.value_or(TokenAudience{});
  flight.askers.push_back(std::move(asker));
  waiting_.push_back(key);
  start_waiting();
}

void RefreshFlights::join_flight(Flight& flight, Asker asker) {
  const bool same = asker.audience.value_or(TokenAudience{}) == flight.audience;
  if (!same && asker.audience && flight.behind.size() >= kMaxBehind) return asker.answer(busy());
  (same ? flight.askers : flight.behind).push_back(std::move(asker));
}

// While there is trouble one of them finds out for all.
std::size_t RefreshFlights::most_at_once() const {
  if (is_patient_) return 0;
  return patience_.is_tried(world_.clock.monotonic_ms()) ? 1
                                                         : static_cast<std::size_t>(world_.settings.logto.max_calls);
}

void RefreshFlights::start_waiting() {
  while (!waiting_.empty() && flying_ < most_at_once()) {
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
  flight.began_ms = world_.clock.monotonic_ms();
  flight.flow = std::make_unique<RefreshFlow>(world_, flight.session, flight.audience,
                                              [this, key](const GrantOutcome& outcome) { land(key, outcome); });
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
  const bool is_backing_off = backoff_.is_waiting(world_.clock.monotonic_ms()) && !has_patience(flight);
  const bool is_full = !flight.has_slot && flying_ >= most_at_once();
  if (is_backing_off || is_full) replicas_->give_back(std::move(flight.turn), key, std::nullopt);
  if (is_backing_off) return end_without_logto(key, last_failure_);
  if (is_full) return waiting_.push_front(key);
  if (!std::exchange(flight.has_slot, true)) ++flying_;
  fly(key, flight);
}

void RefreshFlights::adopt(const std::string& key, const RefreshSuccessor& successor) {
  const auto outcome = replicas_->open(key, successor);
  Flight& waiting = flights_.at(key);
  if (!outcome && replicas_->is_removed(successor)) return ask_again(key, waiting, successor);
  if (!outcome) {
    return end_without_logto(
        key, RefreshFailure{Kind::unavailable, "other_secrets", "another replica's refresh cannot be read", {}});
  }
  const std::int64_t keep_until_s =
      RefreshMemory::keep_until_s(waiting.session, world_.settings, world_.clock.unix_s());
  if (!*outcome) {
    memory_.failed(waiting.session.refresh_token, outcome->error(), keep_until_s);
    return end_without_logto(key, outcome->error());
  }
  const std::shared_ptr<const Refreshed>& refreshed = **outcome;
  const bool is_same_token = refreshed->refresh_token.equals(waiting.session.refresh_token.reveal());
  const bool says_nothing = !says_more(*refreshed, waiting.session);
  if (!is_same_token || !says_nothing) memory_.restored(key, refreshed, keep_until_s);
  if (is_same_token && (says_nothing || !waiting.audience.is_id_token())) return ask_again(key, waiting, successor);
  Flight flight = take_out(key);
  keep(key);
  adopt_refreshed(flight, refreshed);
  start_waiting();
}

// What another replica learnt may be old by now: then its token is the one to refresh. And its tokens are its own.
void RefreshFlights::adopt_refreshed(Flight& flight, const std::shared_ptr<const Refreshed>& refreshed) {
  const Session newest = with_refreshed(std::move(flight.session), *refreshed);
  const bool is_old = session_age(newest, world_.settings, world_.clock.unix_s()) == SessionAge::must_refresh;
  for (Asker& asker : flight.askers) {
    if (!is_old && !asker.audience) {
      asker.answer(GrantedTokens{refreshed});
    } else {
      asker.session = newest;
      join(std::move(asker));
    }
  }
  for (Asker& asker : flight.behind) join(std::move(asker));
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

void RefreshFlights::end_without_logto(const std::string& key, const RefreshFailure& failure) {
  Flight flight = take_out(key);
  answer_all(flight, failure);
  start_waiting();
}

// After remember(): who needs another call asks with what is known by now.
void RefreshFlights::answer_all(Flight& flight, const GrantOutcome& outcome) {
  for (const Asker& asker : flight.askers) asker.answer(with_known(asker.session, outcome));
  for (Asker& asker : flight.behind) join(std::move(asker));
}

// Who comes with an old cookie is none the worse off for it while what is known lives.
GrantOutcome RefreshFlights::with_known(const Session& asker, const GrantOutcome& outcome) {
  if (outcome || outcome.error().kind == Kind::ended) return outcome;
  RefreshFailure failure = outcome.error();
  failure.known = memory_.look_up(asker, world_.settings, world_.clock.unix_s()).known;
  return failure;
}

// A request waits for it, or will before the back-off of a second is over.
bool RefreshFlights::waits(const Asker& asker) const {
  return asker.audience ||
         session_age(asker.session, world_.settings, world_.clock.unix_s() + 1) == SessionAge::must_refresh;
}

bool RefreshFlights::is_waited_for(const Flight& flight) const {
  return !flight.behind.empty() ||
         std::any_of(flight.askers.begin(), flight.askers.end(), [this](const Asker& asker) { return waits(asker); });
}

// What failed for somebody who did not wait is no reason to refuse those who do.
bool RefreshFlights::has_patience(const Asker& asker) const { return waits(asker) && may_be_short(); }
bool RefreshFlights::has_patience(const Flight& flight) const { return is_waited_for(flight) && may_be_short(); }
bool RefreshFlights::may_be_short() const {
  return last_failure_.kind == Kind::unavailable && !patience_.is_exhausted(world_.clock.monotonic_ms());
}

// Not where an answer had begun: it may have been for us, and then the token is spent. Nor where a token came along:
// what failed then is another matter, and who holds the old one must hear of it.
bool RefreshFlights::try_again_soon(const std::string& key, const GrantOutcome& outcome) {
  if (outcome || outcome.error().kind != Kind::unavailable || !concerns_all(outcome.error())) return false;
  if (!is_trouble(outcome.error()) || !outcome.error().successor.empty()) {
    patience_.give_up(world_.clock.monotonic_ms());
    return false;
  }
  Flight& flight = flights_.at(key);
  if (!is_waited_for(flight)) return false;
  if (flight.repeats++ >= Patience::kRepeats) return false;  // also where others succeed meanwhile
  if (!is_patient_) {
    const auto wait_ms = patience_.after_failure(flight.began_ms, world_.clock.monotonic_ms(), random_fraction());
    if (!wait_ms) return false;
    is_patient_ = true;
    try_again_.start_ms(*wait_ms);
  }
  loop_.defer_delete(std::move(flight.flow));
  if (replicas_) replicas_->give_back(std::move(flight.turn), key, std::nullopt);
  waiting_.push_back(key);  // behind the others: this token may be what Logto stumbles over
  if (std::exchange(flight.has_slot, false)) --flying_;
  return true;
}

void RefreshFlights::land(const std::string& key, const GrantOutcome& outcome) {
  if (try_again_soon(key, outcome)) return;
  if (outcome || !concerns_all(outcome.error())) patience_.succeeded();
  remember(flights_.at(key), outcome);
  keep(key);
  if (replicas_) replicas_->give_back(std::move(flights_.at(key).turn), key, worth_telling(key, outcome));
  Flight flight = take_out(key);
  answer_all(flight, outcome);
  if (!outcome && concerns_all(outcome.error())) fail_all_waiting(outcome.error());
  start_waiting();
}

// For the other replicas: what ended, and what must not or need not be done again. Of a token that was not spent they
// are told only by the session's own refresh: each fetches its audiences by itself, and would find this in its way.
std::optional<RefreshOutcome> RefreshFlights::worth_telling(const std::string& key, const GrantOutcome& outcome) const {
  if (!outcome && outcome.error().kind == Kind::ended) return RefreshOutcome(outcome.error());
  if (outcome && flights_.at(key).audience.is_id_token()) return RefreshOutcome(outcome->refreshed);
  const auto spent = memory_.find_rotated(key);
  return spent ? std::optional<RefreshOutcome>(spent->refreshed) : std::nullopt;
}

void RefreshFlights::keep(const std::string& key) {
  if (!journal_) return;
  if (const auto rotated = memory_.find_rotated(key)) journal_->keep(key, *rotated);
}

void RefreshFlights::remember_granted(const Flight& flight, const GrantedTokens& granted, std::int64_t keep_until_s) {
  backoff_.succeeded();
  if (granted.refreshed) memory_.succeeded(flight.session.refresh_token, granted.refreshed, keep_until_s);
  if (!world_.keep_id_token || !granted.id_token) return;
  (*world_.keep_id_token)(flight.session, granted.id_token->token, granted.id_token->expires_at_s);
}

void RefreshFlights::remember(const Flight& flight, const GrantOutcome& outcome) {
  const std::int64_t now_s = world_.clock.unix_s();
  const std::int64_t keep_until_s = RefreshMemory::keep_until_s(flight.session, world_.settings, now_s);
  if (outcome) return remember_granted(flight, *outcome, keep_until_s);
  const RefreshFailure& failure = outcome.error();
  tell(flight, failure);
  if (failure.kind == Kind::ended) return memory_.failed(flight.session.refresh_token, failure, keep_until_s);
  const Secret& newest = failure.successor.empty() ? flight.session.refresh_token : failure.successor;
  if (!failure.successor.empty()) memory_.replaced(flight.session, failure.successor, keep_until_s);
  if (failure.kind == Kind::refused) return backoff_.succeeded();
  const std::int64_t rest_s = is_trouble(failure) ? kTroubledTokenS : kFailedTokenS;
  const bool is_for_later = is_trouble(failure) && failure.successor.empty() && !is_waited_for(flight);
  if (concerns_token(failure) && !is_for_later) memory_.failed(newest, without_successor(failure), now_s + rest_s);
  if (!concerns_all(failure)) return;
  const std::int64_t now_ms = world_.clock.monotonic_ms();
  last_failure_ = without_successor(failure);
  if (!backoff_.is_waiting(now_ms)) backoff_.failed(now_ms);  // many that fail together are one failure
}

// They would fail in the same way, each after its own time-out. Who waits behind them meets the back-off.
void RefreshFlights::fail_all_waiting(const RefreshFailure& failure) {
  const GrantOutcome same = without_successor(failure);
  for (const std::string& key : std::exchange(waiting_, {})) {
    if (has_patience(flights_.at(key))) {
      waiting_.push_back(key);
      continue;
    }
    auto node = flights_.extract(key);
    answer_all(node.mapped(), same);
  }
}

// That somebody is no member is an ordinary answer; the others are for the operator.
void RefreshFlights::tell_refused(const Flight& flight, const RefreshFailure& failure) {
  const LogLevel level = failure.rule == "access_denied" ? LogLevel::info : LogLevel::error;
  log_.write(level, "Logto gives no access token for a route, which answers 403 in this session",
             {{"id", flight.request_id},
              {"rule", failure.rule},
              {"reason", failure.message},
              {"sub", flight.session.sub},
              {"resource", flight.audience.resource},
              {"organization", flight.audience.organization}});
}

void RefreshFlights::tell(const Flight& flight, const RefreshFailure& failure) {
  if (failure.kind == Kind::refused) return tell_refused(flight, failure);
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
