#include "auth/provider/pinned_fetch.h"

#include <utility>

namespace lp {
namespace {

Fetcher::Options with_http(Fetcher::Options options) {
  options.allows_http = true;
  return options;
}

}  // namespace

PinnedFetcher::PinnedFetcher(EventLoop& loop, Pin pin, Fetcher::Options options)
    : pin_(std::move(pin)), fetcher_(loop, with_http(std::move(options))) {}

PinnedFetcher::PinnedFetcher(EventLoop& loop, const LogtoSettings& logto)
    : PinnedFetcher(loop, {logto.endpoint, logto.connect_to}, {logto.ca_file, logto.max_calls}) {}

std::unique_ptr<Fetcher::Handle> PinnedFetcher::fetch(const ProviderRequest& request, Fetcher::Done done) {
  const auto url = parse_url(request.url);
  const bool is_there = url && url->origin == pin_.origin;
  if (!is_there) return fetcher_.refuse(fail("back-channel URL is not on the configured endpoint"), std::move(done));
  if (!listener_) return fetcher_.fetch(request, pin_.connect_to, std::move(done));
  return fetcher_.fetch(request, pin_.connect_to, [this, done = std::move(done)](Result<ProviderReply> reply) {
    if (reply || !Fetcher::was_never_sent(reply.error())) listener_(reply);
    done(std::move(reply));
  });
}

}  // namespace lp
