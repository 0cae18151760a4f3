#include "auth/provider/provider.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "auth/provider/backoff.h"
#include "auth/provider/patience.h"
#include "auth/provider/strangers_budget.h"
#include "auth/provider/waiters.h"
#include "base/crypto.h"

namespace lp {
namespace {

using MetadataPtr = std::shared_ptr<const ProviderMetadata>;
using KeysPtr = std::shared_ptr<const Jwks>;

constexpr std::int64_t kUnknownKeyRefetchMs = 10'000;
constexpr std::int64_t kFailedRefreshMs = 60'000;

template <class Ticket>
class TicketWait final : public Provider::Wait {
 public:
  explicit TicketWait(Ticket ticket) : ticket_(std::move(ticket)) {}

 private:
  Ticket ticket_;
};
template <class Ticket>
std::unique_ptr<Provider::Wait> wait_for(Ticket ticket) {
  return std::make_unique<TicketWait<Ticket>>(std::move(ticket));
}

// A document of the back channel as JSON text; the content is judged by whom it concerns.
Result<std::string> document_of(const Result<ProviderReply>& reply, const std::string& what) {
  if (!reply) return reply.error();
  if (reply->status != 200) return fail(what + " answered " + std::to_string(reply->status));
  return reply->body;
}

// Behind what is wrong with the text of an answer: a page of HTML is mostly somebody else's.
std::string answered(const ProviderReply& reply) {
  const std::string type = reply.content_type.empty() ? "no type" : reply.content_type.substr(0, 100);
  const bool is_page = type.starts_with("text/html");
  return " (it answered " + std::to_string(reply.status) + ", " + type + (is_page ? ": is this Logto?)" : ")");
}

// One warning when Logto stops being usable, one line when it is back: not one a request.
class Health {
 public:
  Health(Log& log, const LogtoSettings& logto) : log_(log), logto_(logto) {}
  // `url`: that was asked.
  void failed(std::string_view why, std::string_view url) {
    if (std::exchange(state_, State::failing) == State::failing) return;
    const std::string connect_to = logto_.connect_to ? logto_.connect_to->text() : std::string();
    log_.warning("Logto cannot be used, sign-ins fail until it can: see logto.endpoint, logto.connect_to",
                 {{"reason", why}, {"url", url}, {"connect_to", connect_to}});
  }
  void succeeded() {
    if (std::exchange(state_, State::usable) == State::failing) log_.info("Logto can be used again");
  }

 private:
  enum class State { unknown, usable, failing };
  Log& log_;
  const LogtoSettings& logto_;
  State state_ = State::unknown;
};

// A value that is fetched when needed: what is known, who waits, the fetch under way, when to try again.
template <class Value>
struct Fetched {
  using Answer = Result<std::shared_ptr<const Value>>;
  std::shared_ptr<const Value> known;
  std::int64_t known_since_ms = 0;  // monotonic
  Waiters<Answer> waiters;
  std::unique_ptr<Fetcher::Handle> fetch;
  Backoff backoff;
  std::string last_error;

  [[nodiscard]] bool is_stale(std::int64_t now_ms, std::int64_t fresh_ms) const {
    return now_ms - known_since_ms >= fresh_ms;
  }
  void succeeded(std::shared_ptr<const Value> value, std::int64_t now_ms) {
    known = std::move(value);
    known_since_ms = now_ms;
    backoff.succeeded();
    waiters.answer_all(known);
  }
  void failed(std::string why, std::int64_t now_ms) {
    last_error = std::move(why);
    backoff.failed(now_ms);
    waiters.answer_all(fail(last_error));
  }
};

class Look final : public Provider::Wait {
 public:
  std::unique_ptr<Fetcher::Handle> fetch;
};

// Fetches of the key set for tokens that anybody may have sent.
struct Strangers {
  Waiters<Result<KeysPtr>> waiters;
  std::unique_ptr<Fetcher::Handle> fetch;
  Patience patience;
  std::int64_t began_ms = 0;      // monotonic, of the fetch
  bool will_fetch_again = false;  // a moment after a failure
  StrangersBudget budget;
  std::string last_error;  // empty: the last one succeeded
};

}  // namespace

struct Provider::Impl {
  Impl(EventLoop& loop_in, PinnedFetcher& fetcher_in, const LogtoSettings& logto_in, const Clock& clock_in, Log& log_in,
       Freshness freshness_in)
      : loop(loop_in),
        fetcher(fetcher_in),
        logto(logto_in),
        clock(clock_in),
        freshness(freshness_in),
        health(log_in, logto_in),
        refresh_timer(loop_in, [this] { refresh_metadata(); }),
        keys_again(loop_in, [this] { fetch_keys(); }),
        strangers_again(loop_in, [this] { fetch_for_strangers(); }) {}

  std::unique_ptr<Wait> need_metadata(MetadataDone done);
  std::unique_ptr<Wait> need_keys(const std::string& missing_kid, KeysDone done);
  std::unique_ptr<Wait> need_keys_for_stranger(const std::string& client, const std::string& kid, KeysDone done);

  std::unique_ptr<Wait> look(MetadataDone done);

  void refresh_metadata();
  void fetch_metadata();
  Result<MetadataPtr> judge_metadata(const Result<ProviderReply>& reply);
  void on_metadata(const Result<ProviderReply>& reply);
  void publish(MetadataPtr metadata);

  bool may_refetch_for_unknown_kid();
  void fetch_keys();
  void request_keys(const ProviderMetadata& from);
  void on_keys(const Result<ProviderReply>& reply, std::uint64_t number);
  void fail_keys(const std::string& why);
  void fetch_for_strangers();
  void on_strangers_keys(const Result<ProviderReply>& reply, std::uint64_t number);
  std::unique_ptr<Fetcher::Handle> fetch_key_set(const ProviderMetadata& from, Fetcher::Done done);
  KeysPtr newest(Jwks fetched, std::uint64_t number);
  void publish_keys(KeysPtr set);
  bool keys_under_way() const {
    return keys.fetch != nullptr || keys_metadata_wait != nullptr || will_fetch_keys_again;
  }

  EventLoop& loop;
  PinnedFetcher& fetcher;
  const LogtoSettings& logto;
  const Clock& clock;
  Freshness freshness;
  Health health;

  Fetched<ProviderMetadata> metadata;
  mutable std::mutex snapshot_mutex;
  MetadataPtr snapshot;  // metadata.known for other threads
  Timer refresh_timer;   // nobody needs to ask for an old one to be renewed: workers only read the snapshot

  Fetched<Jwks> keys;
  std::unique_ptr<Wait> keys_metadata_wait;
  Patience keys_patience;
  std::int64_t keys_began_ms = 0;      // monotonic, of the fetch
  bool will_fetch_keys_again = false;  // a moment after a failure
  Timer keys_again;
  Timer strangers_again;
  std::optional<std::int64_t> unknown_kid_refetch_at_ms;
  Strangers strangers;
  std::function<void()> keys_listener;
  std::uint64_t last_key_fetch = 0;   // each fetch of the key set has a number
  std::uint64_t known_key_fetch = 0;  // the one that keys.known is from
};

std::unique_ptr<Provider::Wait> Provider::Impl::need_metadata(MetadataDone done) {
  using Waiting = Waiters<Result<MetadataPtr>>;
  if (metadata.known) return wait_for(Waiting::answer_later(loop, std::move(done), metadata.known));
  if (!metadata.fetch && metadata.backoff.is_waiting(clock.monotonic_ms())) {
    return wait_for(Waiting::answer_later(loop, std::move(done), fail(metadata.last_error)));
  }
  auto ticket = metadata.waiters.add(std::move(done));
  if (!metadata.fetch) fetch_metadata();
  return wait_for(std::move(ticket));
}

void Provider::Impl::refresh_metadata() {
  if (!metadata.fetch) fetch_metadata();
}

void Provider::Impl::fetch_metadata() {
  ProviderRequest request;
  request.url = discovery_url(logto);
  metadata.fetch = fetcher.fetch(request, [this](const Result<ProviderReply>& reply) { on_metadata(reply); });
}

std::unique_ptr<Provider::Wait> Provider::Impl::look(MetadataDone done) {
  ProviderRequest request;
  request.caller.kind = CallKind::upkeep;
  request.url = discovery_url(logto);
  auto wait = std::make_unique<Look>();
  wait->fetch = fetcher.fetch(
      request, [this, done = std::move(done)](const Result<ProviderReply>& reply) { done(judge_metadata(reply)); });
  return wait;
}

Result<MetadataPtr> Provider::Impl::judge_metadata(const Result<ProviderReply>& reply) {
  const auto document = document_of(reply, "discovery");
  auto judged = document ? judge_discovery(*document, logto) : Result<ProviderMetadata>(document.error());
  if (!judged) {
    const std::string why = judged.error().message + (document ? answered(*reply) : "");
    health.failed(why, discovery_url(logto));
    return fail(why);
  }
  health.succeeded();
  return std::make_shared<const ProviderMetadata>(std::move(*judged));
}

void Provider::Impl::on_metadata(const Result<ProviderReply>& reply) {
  loop.defer_delete(std::move(metadata.fetch));
  Result<MetadataPtr> judged = judge_metadata(reply);
  if (!judged) {
    if (metadata.known) refresh_timer.start_ms(std::min(kFailedRefreshMs, freshness.metadata_ms));
    metadata.failed(judged.error().message, clock.monotonic_ms());
    return;
  }
  refresh_timer.start_ms(freshness.metadata_ms);
  publish(*judged);
  metadata.succeeded(std::move(*judged), clock.monotonic_ms());
}

void Provider::Impl::publish(MetadataPtr value) {
  const std::lock_guard lock(snapshot_mutex);
  snapshot = std::move(value);
}

std::unique_ptr<Provider::Wait> Provider::Impl::need_keys(const std::string& missing_kid, KeysDone done) {
  using Waiting = Waiters<Result<KeysPtr>>;
  const std::int64_t now_ms = clock.monotonic_ms();
  const bool lacks_kid = keys.known && !missing_kid.empty() && !keys.known->has_kid(missing_kid);
  if (lacks_kid && !keys_under_way() && keys.backoff.is_waiting(now_ms)) {
    return wait_for(Waiting::answer_later(loop, std::move(done), fail(keys.last_error)));
  }
  const bool suffices = keys.known && !(lacks_kid && (keys_under_way() || may_refetch_for_unknown_kid()));
  if (suffices) {
    if (keys.is_stale(now_ms, freshness.keys_ms) && !keys_under_way() && !keys.backoff.is_waiting(now_ms)) fetch_keys();
    return wait_for(Waiting::answer_later(loop, std::move(done), keys.known));
  }
  if (!keys.known && !keys_under_way() && keys.backoff.is_waiting(now_ms)) {
    return wait_for(Waiting::answer_later(loop, std::move(done), fail(keys.last_error)));
  }
  auto ticket = keys.waiters.add(std::move(done));
  if (!keys_under_way()) fetch_keys();
  return wait_for(std::move(ticket));
}

// Spends the budget when it says yes.
bool Provider::Impl::may_refetch_for_unknown_kid() {
  const std::int64_t now_ms = clock.monotonic_ms();
  if (unknown_kid_refetch_at_ms && now_ms - *unknown_kid_refetch_at_ms < kUnknownKeyRefetchMs) return false;
  unknown_kid_refetch_at_ms = now_ms;
  return true;
}

std::unique_ptr<Provider::Wait> Provider::Impl::need_keys_for_stranger(const std::string& client,
                                                                       const std::string& kid, KeysDone done) {
  using Waiting = Waiters<Result<KeysPtr>>;
  const bool lacks_kid = keys.known && !kid.empty() && !keys.known->has_kid(kid);
  if (keys_under_way() || (keys.known && !lacks_kid)) return need_keys(kid, std::move(done));
  if (strangers.fetch || strangers.will_fetch_again) return wait_for(strangers.waiters.add(std::move(done)));
  const bool may_fetch = strangers.budget.take(client, clock.monotonic_ms());
  if (!keys.known && may_fetch) return need_keys("", std::move(done));
  if (!keys.known) return wait_for(Waiting::answer_later(loop, std::move(done), fail(keys.last_error)));
  if (may_fetch) {
    auto ticket = strangers.waiters.add(std::move(done));
    fetch_for_strangers();
    return wait_for(std::move(ticket));
  }
  if (strangers.last_error.empty()) return wait_for(Waiting::answer_later(loop, std::move(done), keys.known));
  return wait_for(Waiting::answer_later(loop, std::move(done), fail(strangers.last_error)));
}

// Keys are known, hence metadata too.
void Provider::Impl::fetch_for_strangers() {
  strangers.will_fetch_again = false;
  strangers.began_ms = clock.monotonic_ms();
  strangers.fetch = fetch_key_set(
      *metadata.known, [this, number = last_key_fetch + 1](const auto& reply) { on_strangers_keys(reply, number); });
}

void Provider::Impl::on_strangers_keys(const Result<ProviderReply>& reply, std::uint64_t number) {
  loop.defer_delete(std::move(strangers.fetch));
  const auto document = document_of(reply, "jwks_uri");
  auto parsed = document ? Jwks::parse(*document) : Result<Jwks>(document.error());
  if (!parsed) {
    strangers.last_error = parsed.error().message;
    const auto again_ms = strangers.patience.after_failure(strangers.began_ms, clock.monotonic_ms(), random_fraction());
    strangers.will_fetch_again = again_ms.has_value();
    if (again_ms) return strangers_again.start_ms(*again_ms);
    return strangers.waiters.answer_all(fail(strangers.last_error));
  }
  strangers.last_error.clear();
  strangers.patience.succeeded();
  publish_keys(newest(std::move(*parsed), number));
  keys.known_since_ms = clock.monotonic_ms();
  strangers.waiters.answer_all(keys.known);
}

std::unique_ptr<Fetcher::Handle> Provider::Impl::fetch_key_set(const ProviderMetadata& from, Fetcher::Done done) {
  ++last_key_fetch;
  ProviderRequest request;
  request.url = from.jwks_uri;
  return fetcher.fetch(request, std::move(done));
}

// Two fetches may land in another order than they were sent: an older set must not bring back what a newer one lacks.
KeysPtr Provider::Impl::newest(Jwks fetched, std::uint64_t number) {
  if (number < known_key_fetch) return keys.known;
  known_key_fetch = number;
  if (keys.known && keys.known->digest() == fetched.digest()) return keys.known;
  return std::make_shared<const Jwks>(std::move(fetched));
}

void Provider::Impl::publish_keys(KeysPtr set) {
  if (set == std::exchange(keys.known, set)) return;
  if (keys_listener) keys_listener();
}

void Provider::Impl::fetch_keys() {
  will_fetch_keys_again = false;
  keys_began_ms = clock.monotonic_ms();
  keys_metadata_wait = need_metadata([this](const Result<MetadataPtr>& known) {
    loop.defer_delete(std::move(keys_metadata_wait));
    if (!known) return fail_keys(known.error().message);
    request_keys(**known);
  });
}

void Provider::Impl::request_keys(const ProviderMetadata& from) {
  keys.fetch = fetch_key_set(from, [this, number = last_key_fetch + 1](const auto& reply) { on_keys(reply, number); });
}

void Provider::Impl::on_keys(const Result<ProviderReply>& reply, std::uint64_t number) {
  loop.defer_delete(std::move(keys.fetch));
  const auto document = document_of(reply, "jwks_uri");
  auto parsed = document ? Jwks::parse(*document) : Result<Jwks>(document.error());
  if (!parsed) return fail_keys(parsed.error().message + (document ? answered(*reply) : ""));
  health.succeeded();
  keys_patience.succeeded();
  publish_keys(newest(std::move(*parsed), number));
  keys.succeeded(keys.known, clock.monotonic_ms());
}

// A fetch that failed has told nobody whether a key is there: it does not count as one for it.
void Provider::Impl::fail_keys(const std::string& why) {
  const auto again_ms = keys_patience.after_failure(keys_began_ms, clock.monotonic_ms(), random_fraction());
  will_fetch_keys_again = again_ms.has_value();
  if (again_ms) return keys_again.start_ms(*again_ms);
  unknown_kid_refetch_at_ms.reset();
  health.failed(why, metadata.known ? metadata.known->jwks_uri : discovery_url(logto));
  keys.failed(why, clock.monotonic_ms());
}

Provider::Provider(EventLoop& loop, PinnedFetcher& fetcher, const LogtoSettings& logto, const Clock& clock, Log& log)
    : Provider(loop, fetcher, logto, clock, log, Freshness{}) {}
Provider::Provider(EventLoop& loop, PinnedFetcher& fetcher, const LogtoSettings& logto, const Clock& clock, Log& log,
                   Freshness freshness)
    : impl_(std::make_unique<Impl>(loop, fetcher, logto, clock, log, freshness)) {}
Provider::~Provider() = default;

std::shared_ptr<const ProviderMetadata> Provider::metadata() const {
  const std::lock_guard lock(impl_->snapshot_mutex);
  return impl_->snapshot;
}
std::shared_ptr<const Jwks> Provider::known_keys() const { return impl_->keys.known; }
void Provider::on_new_keys(std::function<void()> listener) { impl_->keys_listener = std::move(listener); }
std::unique_ptr<Provider::Wait> Provider::need_metadata(MetadataDone done) {
  return impl_->need_metadata(std::move(done));
}
std::unique_ptr<Provider::Wait> Provider::look(MetadataDone done) { return impl_->look(std::move(done)); }
std::unique_ptr<Provider::Wait> Provider::need_keys(std::string missing_kid, KeysDone done) {
  return impl_->need_keys(missing_kid, std::move(done));
}
std::unique_ptr<Provider::Wait> Provider::need_keys_for_stranger(const std::string& client, const std::string& kid,
                                                                 KeysDone done) {
  return impl_->need_keys_for_stranger(client, kid, std::move(done));
}

}  // namespace lp
