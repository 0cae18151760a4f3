#include "auth/service/resource_probe.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "auth/jose/json_strict.h"
#include "auth/oidc/app_token_needs.h"
#include "auth/oidc/authorization_request.h"
#include "auth/oidc/discovery.h"
#include "auth/rules/own_paths.h"
#include "base/crypto.h"
#include "config/host_pattern.h"

namespace lp {
namespace {

constexpr std::int64_t kSilentStartMs = 10'000;
constexpr std::size_t kMaxAnswerBytes = 64 * 1024;

bool holds(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// Where a sign-in would begin: a wildcard stands for no host.
Origin some_external_url(const Settings& settings) {
  const auto& urls = settings.external_urls;
  const auto found = std::find_if(urls.begin(), urls.end(), [](const Origin& url) { return !is_wildcard(url.host); });
  return found == urls.end() ? urls.front() : *found;
}

std::string error_in(const std::string& location) {
  const std::size_t query = location.find('?');
  const auto pairs =
      parse_form(query == std::string::npos ? std::string_view() : std::string_view(location).substr(query + 1));
  if (!pairs) return {};
  const auto found = std::find_if(pairs->begin(), pairs->end(), [](const auto& pair) { return pair.first == "error"; });
  return found == pairs->end() ? std::string() : found->second;
}

// "#2 /api/*, #3 /bills/*"
std::string routes_with(const Settings& settings, const std::string& resource) {
  std::string list;
  for (const RouteSettings& route : settings.routes) {
    if (route.token.resource == resource) list.append(list.empty() ? "" : ", ").append(route.label);
  }
  return list;
}

}  // namespace

ResourceProbe::ResourceProbe(EventLoop& loop, PinnedFetcher& fetcher, Provider& provider, const Settings& settings,
                             const Clock& clock, Log& log, std::int64_t longest_wait_ms)
    : loop_(loop),
      fetcher_(fetcher),
      provider_(provider),
      settings_(settings),
      clock_(clock),
      log_(log),
      longest_wait_ms_(longest_wait_ms),
      resources_(app_token_needs(settings).resources),
      start_patience_(loop, [this] { on_silent_start(); }),
      impatience_(loop, [this] { on_impatient(); }),
      again_(loop, [this] {
        if (!is_under_way()) start();
      }) {}

ResourceProbe::Ticket ResourceProbe::begin(Done done) {
  start_patience_.start_ms(kSilentStartMs);
  auto ticket = start_waiters_.add(std::move(done));
  if (!is_under_way()) start();
  return ticket;
}

// What fails is told by Provider; a call may hang for longer than anybody watches a start.
void ResourceProbe::on_silent_start() {
  if (metadata_ || !is_under_way()) return;
  log_.warning("Logto has not answered since the start: see logto.endpoint, logto.connect_to",
               {{"url", discovery_url(settings_.logto)}, {"seconds", kSilentStartMs / 1000}});
}

ResourceProbe::Resources ResourceProbe::unknown() const {
  const std::lock_guard lock(mutex_);
  return unknown_;
}

// A round that nobody asked for may have been before the change that the first sign-in meets: it does not count.
ResourceProbe::Ticket ResourceProbe::ask(Done done) {
  const std::int64_t now_ms = clock_.monotonic_ms();
  if (!is_under_way()) {
    const bool is_answered = asked_at_ms_ && now_ms - *asked_at_ms_ < kAgainMs;
    if (is_answered) return Waiters<Result<bool>>::answer_later(loop_, std::move(done), last_is_known_);
    asked_at_ms_ = now_ms;
    start();
  }
  if (!std::exchange(is_impatient_, true)) impatience_.start_ms(longest_wait_ms_);
  return waiters_.add(std::move(done));
}

// A round goes on without them, for whoever asks next.
void ResourceProbe::on_impatient() {
  is_impatient_ = false;
  waiters_.answer_all(false);
}

// Provider tells the log where Logto cannot be used.
void ResourceProbe::start() {
  again_.stop();
  wait_ = provider_.look([this](const auto& known) { on_metadata(known); });
}

void ResourceProbe::on_metadata(const Result<std::shared_ptr<const ProviderMetadata>>& known) {
  loop_.defer_delete(std::move(wait_));
  if (!known) return finish(false);
  metadata_ = *known;
  refused_.clear();
  at_ = resources_.size();
  if (resources_.empty()) return finish(true);
  send(resources_);
}

// As a sign-in asks, so that what is said of one holds for the other.
void ResourceProbe::send(const std::vector<std::string>& resources) {
  AppTokenNeeds needs = app_token_needs(settings_);
  needs.resources = resources;
  PendingSignIn nobody = make_pending(random_bytes(96), "/", callback_url(settings_, some_external_url(settings_)), 0);
  nobody.silent = true;
  ProviderRequest request;
  request.caller.kind = CallKind::upkeep;
  request.url = authorization_url(*metadata_, settings_.logto, {}, nobody, {}, needs);
  auto fetch = fetcher_.fetch(request, [this](const Result<ProviderReply>& reply) { on_reply(reply); });
  fetch_ = std::move(fetch);
}

void ResourceProbe::on_reply(const Result<ProviderReply>& reply) {
  loop_.defer_delete(std::move(fetch_));
  const Word word = word_of(reply);
  at_ == resources_.size() ? on_all(word) : on_one(word);
}

void ResourceProbe::on_all(Word word) {
  if (word != Word::unknown) return finish(word == Word::known);
  if (resources_.size() == 1) {
    refused_ = resources_;
    return finish(true);
  }
  at_ = 0;
  send({resources_[at_]});
}

void ResourceProbe::on_one(Word word) {
  if (word == Word::nothing) return finish(false);
  if (word == Word::unknown) refused_.push_back(resources_[at_]);
  if (++at_ == resources_.size()) return finish(true);
  send({resources_[at_]});
}

// login_required and the like: it has looked at the request and found nothing wrong.
ResourceProbe::Word ResourceProbe::word_of(const Result<ProviderReply>& reply) {
  if (!reply) return Word::nothing;
  const bool redirects = reply->status >= 300 && reply->status < 400;
  if (!redirects && reply->status >= 400 && reply->status < 500) tell_refused(*reply);
  if (!redirects) return Word::nothing;
  told_of_refusal_ = false;
  const std::string error = error_in(reply->location);
  if (error == "invalid_target") return Word::unknown;
  return error.empty() || error.ends_with("_required") ? Word::known : Word::nothing;
}

// An unknown application or redirect URI is never redirected: people would end at that page.
void ResourceProbe::tell_refused(const ProviderReply& reply) {
  if (std::exchange(told_of_refusal_, true)) return;
  const auto body = parse_json_strict(reply.body, kMaxAnswerBytes);
  const std::string* code = body && body->is_object() ? string_member(*body, "code") : nullptr;
  log_.error("Logto does not take our sign-ins: check logto.app_id, and that the redirect URI is registered for it",
             {{"status", static_cast<std::int64_t>(reply.status)},
              {"code", code == nullptr ? std::string_view() : std::string_view(*code).substr(0, 100)},
              {"app_id", settings_.logto.app_id},
              {"redirect_uri", callback_url(settings_, some_external_url(settings_))},
              {"url", metadata_->authorization_endpoint}});
}

void ResourceProbe::finish(bool is_known) {
  if (is_known) publish(refused_);
  const Resources unknown = this->unknown();
  const bool is_open = !is_known && !resources_.empty();
  if (is_open || (unknown && !unknown->empty())) again_.start_ms(kAgainMs);
  last_is_known_ = is_known;
  impatience_.stop();
  is_impatient_ = false;
  start_waiters_.answer_all(is_known);
  waiters_.answer_all(is_known);
}

void ResourceProbe::publish(std::vector<std::string> unknown) {
  const Resources before = this->unknown();
  const std::vector<std::string> none;
  const std::vector<std::string>& was = before ? *before : none;
  for (const std::string& resource : unknown) {
    if (!holds(was, resource)) tell(resource, false);
  }
  for (const std::string& resource : was) {
    if (!holds(unknown, resource)) tell(resource, true);
  }
  const std::lock_guard lock(mutex_);
  unknown_ = std::make_shared<const std::vector<std::string>>(std::move(unknown));
}

void ResourceProbe::tell(const std::string& resource, bool is_known) const {
  if (is_known) {
    return log_.info("Logto knows the API resource of token.resource now: whoever signs in from now on gets tokens",
                     {{"resource", resource}, {"routes", routes_with(settings_, resource)}});
  }
  log_.error(
      "Logto knows no API resource of this indicator (token.resource): sign-ins leave it out, and the route's app gets "
      "no token; make it at Logto, or mend the key",
      {{"resource", resource}, {"routes", routes_with(settings_, resource)}});
}

}  // namespace lp
