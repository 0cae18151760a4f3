#include "auth/service/patreon_memberships.h"

#include <algorithm>
#include <utility>

#include "config/patreon_rules.h"

namespace lp {
namespace {

// How long an answer is, the person decides: with a thousand memberships nobody else shall wait (threat H27).
PatreonFailure no_answer(std::string_view who, const Error& error) {
  const bool is_of_person = Fetcher::was_too_long(error);
  const auto kind = is_of_person ? PatreonFailure::Kind::unreadable : PatreonFailure::Kind::unavailable;
  return {kind, is_of_person ? "too_long" : "no_answer", std::string(who) + ": " + error.message, 0, false};
}

PatreonFailure paused() {
  return {PatreonFailure::Kind::unavailable, "paused", "Patreon was away a moment ago and is not asked yet", 0, false};
}

PatreonFailure too_many_people() {
  return {PatreonFailure::Kind::unavailable, "busy", "too many people are asked for at once", 0, false};
}

Fetcher::Options patreon_options() {
  Fetcher::Options options;
  options.max_calls = PatreonMemberships::kAtOnce;
  return options;
}

}  // namespace

struct PatreonMemberships::Flight {
  std::string request_id;  // of the first asker
  std::string sub;
  Secret account_token;
  bool flies = false;
  std::vector<Done> waiting;
  std::unique_ptr<Fetcher::Handle> fetch;
  std::unique_ptr<Timer> patience;
};

PatreonMemberships::PatreonMemberships(EventLoop& loop, PinnedFetcher& logto, const Settings& settings,
                                       const Clock& clock, Log& log)
    : loop_(loop),
      logto_(logto),
      patreon_(loop, Pin{settings.patreon.api_url, std::nullopt}, patreon_options()),
      settings_(settings),
      campaigns_(patreon_campaigns(settings)),
      clock_(clock),
      log_(log) {}

PatreonMemberships::~PatreonMemberships() = default;

void PatreonMemberships::ask(const std::string& request_id, const std::string& sub, const Secret& account_token,
                             Done done) {
  if (const auto under_way = flights_.find(sub); under_way != flights_.end()) {
    return under_way->second->waiting.push_back(std::move(done));
  }
  if (answers_ != nullptr && answers_->pause().is_on(clock_.monotonic_ms())) {
    return answer_later(std::move(done), paused());
  }
  if (flights_.size() >= kMaxFlights) return answer_later(std::move(done), too_many_people());
  auto flight = std::make_unique<Flight>();
  flight->request_id = request_id;
  flight->sub = sub;
  flight->account_token = account_token;
  flight->waiting.push_back(std::move(done));
  flights_.emplace(sub, std::move(flight));
  waiting_.push_back(sub);
  start_waiting();
}

void PatreonMemberships::start_waiting() {
  while (!waiting_.empty() && flying_ < kAtOnce) {
    const std::string sub = std::move(waiting_.front());
    waiting_.pop_front();
    fly(*flights_.at(sub));
  }
}

void PatreonMemberships::fly(Flight& flight) {
  flight.flies = true;
  ++flying_;
  flight.patience = std::make_unique<Timer>(loop_, [this, &flight] {
    fail_with(flight, {PatreonFailure::Kind::unavailable, "timeout", "no answer within 8 s", 0, false});
  });
  flight.patience->start_ms(kPatienceMs);
  flight.fetch = logto_.fetch(patreon_token_request(settings_, flight.account_token),
                              [this, &flight](const auto& reply) { on_token(flight, reply); });
}

void PatreonMemberships::on_token(Flight& flight, const Result<ProviderReply>& reply) {
  if (!reply) return fail_with(flight, no_answer("Logto's Account API", reply.error()));
  const auto token = judge_patreon_token(*reply);
  if (!token) return fail_with(flight, token.error());
  loop_.defer_delete(std::move(flight.fetch));
  flight.fetch = patreon_.fetch(patreon_identity_request(settings_, *token),
                                [this, &flight](const auto& answer) { on_identity(flight, answer); });
}

void PatreonMemberships::on_identity(Flight& flight, const Result<ProviderReply>& reply) {
  if (!reply) return fail_with(flight, no_answer("Patreon", reply.error()));
  auto memberships = judge_patreon_identity(*reply, campaigns_);
  if (!memberships) return fail_with(flight, memberships.error());
  backoff_.succeeded();
  if (std::exchange(is_away_, false)) log_.info("Patreon answers again", {{"id", flight.request_id}});
  succeed(flight, PatreonStanding::Kind::known, std::move(*memberships));
}

void PatreonMemberships::fail_with(Flight& flight, PatreonFailure failure) {
  switch (failure.kind) {
    case PatreonFailure::Kind::no_account:
      log_.info("no token for Patreon of this person: only a sign-in with Patreon brings one",
                {{"id", flight.request_id}, {"rule", failure.rule}, {"reason", failure.message}, {"sub", flight.sub}});
      return succeed(flight, PatreonStanding::Kind::no_account, {});
    case PatreonFailure::Kind::account_token_refused:
      break;
    case PatreonFailure::Kind::unreadable:
      leave_alone(flight, failure);
      break;
    case PatreonFailure::Kind::unavailable:
      if (is_about_one(flight, failure)) {
        leave_alone(flight, failure);
        break;
      }
      pause_for(flight, failure);
      fail_all_waiting(failure);
      break;
  }
  end(flight, failure);
}

// What Patreon asks for, and what is not set up, is about everybody.
bool PatreonMemberships::is_about_one(const Flight& flight, const PatreonFailure& failure) {
  const bool may_be = !failure.is_setup && failure.rule != "too_many_requests" && failure.retry_after_s == 0;
  return may_be && answers_ != nullptr && answers_->fails_alone(flight.sub);
}

void PatreonMemberships::leave_alone(const Flight& flight, const PatreonFailure& failure) {
  log_.warning("Patreon's memberships of a person could not be read",
               {{"id", flight.request_id}, {"rule", failure.rule}, {"reason", failure.message}, {"sub", flight.sub}});
  if (answers_ != nullptr) answers_->note_trouble(flight.sub, clock_.monotonic_ms());
}

// Many that fail together are one failure.
void PatreonMemberships::pause_for(const Flight& flight, const PatreonFailure& failure) {
  const std::int64_t now_ms = clock_.monotonic_ms();
  if (!backoff_.is_waiting(now_ms)) backoff_.failed(now_ms);
  std::int64_t pause_s = std::min(failure.retry_after_s, kMaxPauseS);
  if (pause_s == 0 && failure.rule == "too_many_requests") pause_s = kUnsaidPauseS;
  const std::int64_t until_ms = std::max(backoff_.retry_at_ms(), now_ms + pause_s * 1000);
  if (answers_ != nullptr) answers_->pause().extend(until_ms);
  const bool is_news = !std::exchange(is_away_, true);
  if (!is_news && pause_s == 0) return;
  const std::string_view words =
      failure.is_setup ? "memberships at Patreon cannot be looked up: Logto must let people's applications use its "
                         "Account API; `logto-proxy provision` sets it up, and `logto-proxy doctor` says what lacks"
                       : "memberships at Patreon cannot be looked up now: what is known of people holds for "
                         "patreon.hold_when_away, others get 503";
  log_.write(failure.is_setup ? LogLevel::error : LogLevel::warning, words,
             {{"id", flight.request_id},
              {"rule", failure.rule},
              {"reason", failure.message},
              {"pause_ms", until_ms - now_ms}});
}

// They would meet the same. Who comes now meets the pause.
void PatreonMemberships::fail_all_waiting(const PatreonFailure& failure) {
  for (const std::string& sub : std::exchange(waiting_, {})) end(*flights_.at(sub), failure);
}

void PatreonMemberships::succeed(Flight& flight, PatreonStanding::Kind kind,
                                 std::vector<PatreonMembership> memberships) {
  auto standing =
      std::make_shared<const PatreonStanding>(PatreonStanding{kind, clock_.unix_ms(), std::move(memberships)});
  if (answers_ != nullptr) answers_->put(flight.sub, standing);
  end(flight, PatreonOutcome(std::shared_ptr<const PatreonStanding>(std::move(standing))));
}

void PatreonMemberships::end(Flight& flight, const PatreonOutcome& outcome) {
  if (flight.flies) --flying_;
  auto ended = flights_.extract(flight.sub);
  for (Done& done : ended.mapped()->waiting) answer_later(std::move(done), outcome);
  ended.mapped()->fetch.reset();  // nothing of it may come any more
  if (ended.mapped()->patience) ended.mapped()->patience->stop();
  loop_.defer_delete(std::move(ended.mapped()));  // one of its callbacks may be on the stack
  start_waiting();
}

void PatreonMemberships::answer_later(Done done, PatreonOutcome outcome) {
  loop_.post([done = std::move(done), outcome = std::move(outcome)] { done(outcome); });
}

}  // namespace lp
