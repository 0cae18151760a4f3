#include "auth/provider/further_issuer_keys.h"

#include <utility>

#include "auth/oidc/issuer_discovery.h"
#include "base/url.h"

namespace lp {
namespace {

constexpr std::int64_t kStaleMs = 10 * kMinute;
constexpr std::int64_t kMaxCalls = 2;

// A checked configuration: both are URLs.
Pin pin_of(const IssuerSettings& issuer) {
  const auto url = parse_url(issuer.jwks_url.empty() ? issuer.issuer : issuer.jwks_url);
  return {url ? url->origin : Origin(), issuer.connect_to};
}

// As parse_url writes it: origins are compared.
std::string normal_url(const std::string& text) {
  const auto url = parse_url(text);
  return url ? url->text() : text;
}

}  // namespace

IssuerKeys::IssuerKeys(EventLoop& loop, const IssuerSettings& issuer, const Clock& clock, Log& log,
                       std::function<void()> changed)
    : loop_(loop),
      issuer_(issuer),
      clock_(clock),
      log_(log),
      changed_(std::move(changed)),
      fetcher_(loop, pin_of(issuer), {{}, kMaxCalls}),
      keys_url_(issuer.jwks_url.empty() ? "" : normal_url(issuer.jwks_url)) {}

IssuerKeys::Wait IssuerKeys::need(const std::string& client, const std::string& kid, Done done) {
  using Waiting = Waiters<Result<KeysPtr>>;
  const std::int64_t now_ms = clock_.monotonic_ms();
  const bool lacks_kid = known_ && !kid.empty() && !known_->has_kid(kid);
  if (lacks_kid && !call_ && backoff_.is_waiting(now_ms)) {
    return Waiting::answer_later(loop_, std::move(done), fail(last_error_));
  }
  if (known_ && !(lacks_kid && (call_ || strangers_.take(client, now_ms))))
    return Waiting::answer_later(loop_, std::move(done), known_);
  if (!call_ && backoff_.is_waiting(now_ms)) {
    return Waiting::answer_later(loop_, std::move(done), fail(last_error_));
  }
  Wait ticket = waiters_.add(std::move(done));
  if (!call_) fetch();
  return ticket;
}

void IssuerKeys::refresh_if_stale() {
  const std::int64_t now_ms = clock_.monotonic_ms();
  if (!known_ || call_ || now_ms - fetched_at_ms_ < kStaleMs || backoff_.is_waiting(now_ms)) return;
  fetch();
}

void IssuerKeys::fetch() {
  if (!keys_url_.empty()) return request(keys_url_, [this](const std::string& body) { on_keys(body); });
  request(normal_url(issuer_discovery_url(issuer_.issuer)), [this](const std::string& body) { on_discovery(body); });
}

void IssuerKeys::request(const std::string& url, std::function<void(const std::string&)> then) {
  ProviderRequest request;
  request.url = url;
  call_ = fetcher_.fetch(request, [this, then = std::move(then)](const Result<ProviderReply>& reply) {
    loop_.defer_delete(std::move(call_));  // its callback is on the stack
    if (!reply) return failed(reply.error().message);
    if (reply->status != 200) return failed("status " + std::to_string(reply->status));
    then(reply->body);
  });
}

void IssuerKeys::on_discovery(const std::string& body) {
  auto url = judge_issuer_discovery(body, issuer_.issuer);
  if (!url) return failed(url.error().message);
  keys_url_ = std::move(*url);
  fetch();
}

void IssuerKeys::on_keys(const std::string& body) {
  auto set = Jwks::parse(body);
  if (!set) {
    if (issuer_.jwks_url.empty()) keys_url_.clear();  // it may have moved
    return failed(set.error().message);
  }
  if (std::exchange(is_failing_, false)) log_.info("an issuer of access tokens is back", {{"issuer", issuer_.issuer}});
  backoff_.succeeded();
  fetched_at_ms_ = clock_.monotonic_ms();
  if (!known_ || known_->digest() != set->digest()) {
    known_ = std::make_shared<const Jwks>(std::move(*set));
    changed_();
  }
  waiters_.answer_all(known_);
}

void IssuerKeys::failed(const std::string& why) {
  if (!std::exchange(is_failing_, true)) {
    log_.warning("the keys of an issuer of access tokens can't be had", {{"issuer", issuer_.issuer}, {"reason", why}});
  }
  strangers_.give_back();
  backoff_.failed(clock_.monotonic_ms());
  last_error_ = "the issuer's keys can't be had: " + why;
  waiters_.answer_all(fail(last_error_));
}

}  // namespace lp
