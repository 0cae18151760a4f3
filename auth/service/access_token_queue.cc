#include "auth/service/access_token_queue.h"

#include <algorithm>
#include <utility>

#include "auth/jose/jws.h"
#include "auth/oidc/introspection.h"
#include "base/client_group.h"
#include "base/crypto.h"

namespace lp {
namespace {

using Kind = AccessTokenFailure::Kind;

constexpr std::int64_t kRememberRejectedMs = 30'000;
constexpr std::int64_t kRefreshKeysMs = 5 * kMinute;

AccessTokenFailure rejected(const RuleError& error) { return {Kind::rejected, error.rule, error.message}; }
AccessTokenFailure unavailable(std::string rule, std::string message) {
  return {Kind::unavailable, std::move(rule), std::move(message)};
}

AccessTokenFailure too_many() { return unavailable("busy", "too many tokens at once"); }

}  // namespace

// One token under way, and everybody who asked about it.
struct AccessTokenQueue::Flight {
  std::string hash;
  Secret token;
  std::string client;
  bool is_opaque = false;
  bool lacks_key = false;
  std::string kid;
  bool is_queued = false;  // what was reserved went with it into the queue
  std::vector<Done> waiting;
  std::size_t issuer = 0;
  std::shared_ptr<const Jwks> keys;
  std::shared_ptr<const ProviderMetadata> metadata;
  // The one thing that is waited for.
  std::variant<std::monostate, std::unique_ptr<Provider::Wait>, IssuerKeys::Wait, std::unique_ptr<Fetcher::Handle>>
      pending;
};

AccessTokenQueue::AccessTokenQueue(EventLoop& loop, const Settings& settings, Provider& provider,
                                   ClientFetch& client_fetch, const Clock& clock, Log& log)
    : loop_(loop),
      settings_(settings),
      provider_(provider),
      client_fetch_(client_fetch),
      clock_(clock),
      accepted_(static_cast<std::size_t>(settings.bearer.max_cached)),
      rejected_(kMaxRejected),
      ready_(kMaxAtOnce, kMaxAtOnce / 4),
      keyless_(kMaxAtOnce, kMaxAtOnce / 4),
      opaque_(kMaxAtOnce, kMaxAtOnce / 4),
      turn_(loop, [this] { judge_next(); }),
      refresh_(loop, [this] { refresh_keys(); }) {
  const auto changed = [this] { keys_version_.fetch_add(1, std::memory_order_acq_rel); };
  provider_.on_new_keys(changed);
  for (const IssuerSettings& issuer : settings_.bearer.issuers) {
    issuers_.push_back(std::make_unique<IssuerKeys>(loop_, issuer, clock_, log, changed));
  }
}

AccessTokenQueue::~AccessTokenQueue() { provider_.on_new_keys({}); }

void AccessTokenQueue::judge(OnBehalfOf whom, Secret token, Done done) {
  std::string hash = sha256(token.reveal());
  if (auto known = remembered(hash)) {
    return answer_later(std::move(done), AcceptedToken{std::move(known), keys_version()});
  }
  if (const auto* failure = remembered_failure(hash)) return answer_later(std::move(done), *failure);
  const auto under_way = flights_.find(hash);
  if (under_way != flights_.end()) return under_way->second->waiting.push_back(std::move(done));
  auto flight = std::make_unique<Flight>();
  flight->client = client_group(whom.client);
  flight->token = std::move(token);
  if (auto good = look_at(*flight); !good) return answer_later(std::move(done), good.error());
  if (!queue_of(*flight).has_room_for(flight->client, 1)) {
    return answer_later(std::move(done), too_many());
  }
  queue_of(*flight).reserve(flight->client, 1);
  flight->hash = hash;
  flight->waiting.push_back(std::move(done));
  Flight& begun = *flight;
  flights_.emplace(std::move(hash), std::move(flight));
  begin(begun);
}

std::shared_ptr<const Jwks> AccessTokenQueue::known_keys(std::size_t issuer) const {
  return issuer == 0 ? provider_.known_keys() : issuers_[issuer - 1]->known();
}

// A new set that still has the very same key needs no new verification.
std::shared_ptr<const AccessToken> AccessTokenQueue::remembered(const std::string& hash) {
  Accepted* entry = accepted_.find(hash);
  if (entry == nullptr) return nullptr;
  bool holds = clock_.unix_s() < entry->token->trusted_until_s;
  if (holds && entry->keys) {
    const auto now_known = known_keys(entry->token->issuer);
    holds = now_known == entry->keys || (now_known && agree_on_key(*entry->keys, *now_known, entry->kid, entry->alg));
    if (holds) entry->keys = now_known;
  }
  if (holds) return entry->token;
  accepted_.erase(hash);
  return nullptr;
}

const AccessTokenFailure* AccessTokenQueue::remembered_failure(const std::string& hash) {
  Rejected* entry = rejected_.find(hash);
  if (entry == nullptr) return nullptr;
  if (clock_.monotonic_ms() < entry->until_ms) return &entry->failure;
  rejected_.erase(hash);
  return nullptr;
}

// What a token says of itself, which decides what it costs us; nothing of it is believed.
Result<void, AccessTokenFailure> AccessTokenQueue::look_at(Flight& flight) const {
  flight.is_opaque = !looks_like_jwt(flight.token.reveal());
  if (flight.is_opaque) return {};
  const auto claimed = read_access_token(flight.token.reveal(), settings_, clock_.unix_s());
  if (!claimed) return rejected(claimed.error());
  const auto jws = parse_jws(flight.token.reveal());
  flight.issuer = claimed->issuer;
  flight.kid = jws ? jws->kid : std::string();
  const auto known = known_keys(flight.issuer);
  flight.lacks_key = !known || (!flight.kid.empty() && !known->has_kid(flight.kid));
  return {};
}

FairQueue<AccessTokenQueue::Flight*>& AccessTokenQueue::queue_of(const Flight& flight) {
  if (flight.is_opaque) return opaque_;
  return flight.lacks_key ? keyless_ : ready_;
}

void AccessTokenQueue::begin(Flight& flight) { flight.is_opaque ? introspect(flight) : need_keys(flight); }

void AccessTokenQueue::need_keys(Flight& flight) {
  const auto done = [this, &flight](const Result<std::shared_ptr<const Jwks>>& keys) {
    if (!keys) return refuse(flight, unavailable("keys", keys.error().message), false);
    flight.keys = *keys;
    make_ready(flight);
  };
  if (!std::exchange(refreshes_, true)) refresh_.start_ms(kRefreshKeysMs);
  if (flight.issuer == 0) {
    flight.pending = provider_.need_keys_for_stranger(flight.client, flight.kid, done);
  } else {
    flight.pending = issuers_[flight.issuer - 1]->need(flight.client, flight.kid, done);
  }
}

void AccessTokenQueue::make_ready(Flight& flight) {
  if (flight.lacks_key) {
    if (!ready_.has_room_for(flight.client, 1)) return refuse(flight, too_many(), false);
    keyless_.release(flight.client, 1);
    flight.lacks_key = false;
    ready_.reserve(flight.client, 1);
  }
  if (ready_.empty()) turn_.start_ms(0);
  flight.is_queued = true;
  ready_.push(flight.client, 1, &flight);
}

void AccessTokenQueue::judge_next() {
  Flight& flight = *ready_.pop();
  if (!ready_.empty()) turn_.start_ms(0);
  verify(flight);
}

void AccessTokenQueue::verify(Flight& flight) {
  // While it waited for its turn its key may have gone: what counts is the newest set.
  if (auto newest = known_keys(flight.issuer)) flight.keys = std::move(newest);
  bool unknown_key = false;
  const std::string_view text = flight.token.reveal();
  auto token = judge_access_token(text, settings_, *flight.keys, clock_.unix_s(), unknown_key);
  // Whether a key is known may change at any time.
  if (!token) return refuse(flight, rejected(token.error()), !unknown_key);
  const auto jws = parse_jws(text);
  accept(flight, {std::make_shared<const AccessToken>(std::move(*token)), flight.keys, jws->kid, jws->alg});
}

void AccessTokenQueue::introspect(Flight& flight) {
  flight.pending = provider_.need_metadata([this, &flight](const auto& known) {
    if (!known) return on_introspected(flight, fail(known.error().message));
    if (!(*known)->introspection_endpoint) return on_introspected(flight, fail("Logto names no such endpoint"));
    flight.metadata = *known;
    send_introspection(flight);
  });
}

void AccessTokenQueue::send_introspection(Flight& flight) {
  const auto build = [this, metadata = flight.metadata, token = flight.token,
                      client = flight.client](const Secret& client_secret) {
    ProviderRequest request = introspection_request(*metadata, settings_.logto, client_secret, token);
    request.caller.client = client;
    return request;
  };
  flight.pending = client_fetch_.fetch(build, [this, &flight](const auto& reply) { on_introspected(flight, reply); });
}

void AccessTokenQueue::on_introspected(Flight& flight, const Result<ProviderReply>& reply) {
  auto token = reply ? judge_introspection(*reply, settings_, clock_.unix_s())
                     : Result<AccessToken, AccessTokenFailure>(unavailable("introspection", reply.error().message));
  if (!token) {
    const bool is_news = token.error().kind == Kind::rejected && settings_.bearer.introspection_cache_ms > 0;
    refuse(flight, token.error(), is_news);
  } else {
    accept(flight, {std::make_shared<const AccessToken>(std::move(*token)), nullptr, "", ""});
  }
}

void AccessTokenQueue::accept(Flight& flight, Accepted accepted) {
  const AcceptedToken outcome{accepted.token, keys_version()};
  if (clock_.unix_s() < accepted.token->trusted_until_s) accepted_.put(flight.hash, std::move(accepted));
  end(flight, outcome);
}

void AccessTokenQueue::refuse(Flight& flight, AccessTokenFailure failure, bool remember) {
  if (remember) {
    const std::int64_t for_ms =
        flight.is_opaque ? std::min(kRememberRejectedMs, settings_.bearer.introspection_cache_ms) : kRememberRejectedMs;
    rejected_.put(flight.hash, {failure, clock_.monotonic_ms() + for_ms});
  }
  end(flight, std::move(failure));
}

void AccessTokenQueue::end(Flight& flight, const Outcome& outcome) {
  if (!flight.is_queued) queue_of(flight).release(flight.client, 1);
  auto ended = flights_.extract(flight.hash);
  for (Done& done : ended.mapped()->waiting) answer_later(std::move(done), outcome);
  loop_.defer_delete(std::move(ended.mapped()));  // a callback of its wait may be on the stack
}

void AccessTokenQueue::answer_later(Done done, Outcome outcome) {
  loop_.post([done = std::move(done), outcome = std::move(outcome)] { done(outcome); });
}

// Workers pass what is cached without asking here, so nobody else would ever notice that a key is gone.
void AccessTokenQueue::refresh_keys() {
  refresh_.start_ms(kRefreshKeysMs);
  if (provider_.known_keys()) static_cast<void>(provider_.need_keys("", [](const auto&) {}));
  for (const auto& issuer : issuers_) issuer->refresh_if_stale();
}

}  // namespace lp
