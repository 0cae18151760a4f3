#include "auth/service/logout_token_queue.h"

#include <iterator>
#include <utility>

#include "auth/jose/jws.h"
#include "base/client_group.h"

namespace lp {
namespace {

using LogoutKind = LogoutTokenFailure::Kind;

// Each for an hour at most. Only who has Logto's signing key can fill it.
constexpr std::size_t kMaxSeen = 100'000;
constexpr std::size_t kQueuedBytes = 512;  // besides the token

LogoutTokenFailure rejected_token(RuleError error) {
  return {LogoutKind::rejected, std::move(error.rule), std::move(error.message)};
}

LogoutTokenFailure used_before() { return rejected_token(broken_rule("jti", "token has been used before")); }

// The key id that a token claims; none when no key would help it. Nothing is verified.
std::optional<std::string> wanted_kid(std::string_view token, const LogoutTokenExpectations& expected) {
  bool lacks_only_key = false;
  if (judge_logout_token(token, Jwks(), expected, lacks_only_key) || !lacks_only_key) return std::nullopt;
  auto jws = parse_jws(token);
  return jws ? std::optional(std::move(jws->kid)) : std::nullopt;
}

}  // namespace

LogoutTokenQueue::LogoutTokenQueue(EventLoop& loop, Provider& provider, const LogtoSettings& logto, const Clock& clock,
                                   Log& log, Accepted accepted)
    : loop_(loop),
      provider_(provider),
      clock_(clock),
      log_(log),
      accepted_(std::move(accepted)),
      issuer_(logto.issuer()),
      client_id_(logto.app_id),
      seen_(kMaxSeen),
      ready_(kMaxBytes, kMaxBytes / 4),
      turn_(loop, [this] { judge_next(); }) {}

LogoutTokenExpectations LogoutTokenQueue::expectations() const { return {issuer_, client_id_, clock_.unix_s()}; }

std::size_t LogoutTokenQueue::cost_of(const Queued& queued) { return queued.token.size() + kQueuedBytes; }

void LogoutTokenQueue::judge(const OnBehalfOf& whom, std::string token, Done done) {
  Queued queued{whom.request_id, client_group(whom.client), std::move(token), std::move(done), nullptr};
  if (!ready_.has_room_for(queued.client, cost_of(queued))) return refuse_for_want_of_room(std::move(queued));
  ready_.reserve(queued.client, cost_of(queued));
  waiting_.push_back(std::move(queued));
  const Place place = std::prev(waiting_.end());
  const auto kid = wanted_kid(place->token, expectations());
  if (!kid) return make_ready(place);
  place->wait = provider_.need_keys_for_stranger(place->client, *kid, [this, place](const auto& keys) {
    place->keys = keys;
    make_ready(place);
  });
}

void LogoutTokenQueue::refuse_for_want_of_room(Queued queued) {
  const Outcome outcome = LogoutTokenFailure{LogoutKind::unavailable, "busy", "too many logout tokens at once"};
  if (const auto times = no_room_.happened(clock_.monotonic_ms())) {
    log_.warning("too many logout tokens at once, some are refused with 503",
                 {{"id", queued.request_id}, {"client", queued.client}, {"refused", *times}});
  }
  loop_.post([done = std::move(queued.done), outcome] { done(outcome); });
}

void LogoutTokenQueue::make_ready(Place place) {
  loop_.defer_delete(std::move(place->wait));
  const bool is_first = ready_.empty();
  Queued queued = std::move(*place);
  waiting_.erase(place);
  const std::string client = queued.client;
  const std::size_t cost = cost_of(queued);
  ready_.push(client, cost, std::move(queued));
  if (is_first) turn_.start_ms(0);
}

void LogoutTokenQueue::judge_next() {
  const Queued queued = ready_.pop();
  if (!ready_.empty()) turn_.start_ms(0);
  const Outcome outcome = outcome_of(queued);
  if (!outcome) return finish(queued.request_id, queued.done, outcome);
  accepted_(*outcome, [this, id = queued.request_id, done = queued.done, outcome](bool first_time) {
    finish(id, done, first_time ? outcome : Outcome(used_before()));
  });
}

void LogoutTokenQueue::finish(const std::string& request_id, const Done& done, const Outcome& outcome) {
  tell(request_id, outcome);
  done(outcome);
}

// 2.6, and last its (8): a token is used up only by what holds in all else.
LogoutTokenQueue::Outcome LogoutTokenQueue::outcome_of(const Queued& queued) {
  if (!queued.keys)
    return LogoutTokenFailure{LogoutKind::unavailable, "provider_unavailable", queued.keys.error().message};
  const LogoutTokenExpectations expected = expectations();
  bool unknown_key = false;
  auto token = judge_logout_token(queued.token, **queued.keys, expected, unknown_key);
  if (!token) return rejected_token(token.error());
  if (!seen_.first_time(issuer_ + "\n" + token->jti, expected.now_s, token->remember_until_s)) {
    return used_before();
  }
  return std::move(*token);
}

void LogoutTokenQueue::tell(const std::string& request_id, const Outcome& outcome) {
  if (outcome) {
    log_.info("Logto ended sessions",
              {{"id", request_id}, {"by", outcome->sid.empty() ? "sub" : "sid"}, {"sub", outcome->sub}});
    return;
  }
  log_.warning("logout token refused",
               {{"id", request_id}, {"rule", outcome.error().rule}, {"reason", outcome.error().message}});
}

}  // namespace lp
