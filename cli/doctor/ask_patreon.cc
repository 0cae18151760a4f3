#include "cli/doctor/ask_patreon.h"

#include <optional>
#include <string>
#include <utility>

#include "auth/oidc/patreon.h"
#include "auth/provider/pinned_fetch.h"
#include "base/event.h"

namespace lp {
namespace {

constexpr const char* kCheck = "patreon_api";
constexpr const char* kWithout = "whoever has a rule `patreon` before them gets 503 without it";

}  // namespace

DoctorFinding ask_patreon(const Settings& settings) {
  EventLoop loop;
  PinnedFetcher fetcher(loop, Pin{settings.patreon.api_url, std::nullopt}, Fetcher::Options{});
  ProviderRequest request = patreon_identity_request(settings, Secret("nobody"));
  request.authorization = Secret();
  Result<ProviderReply> answer = fail("not asked");
  const auto handle = fetcher.fetch(request, [&](Result<ProviderReply> reply) {
    answer = std::move(reply);
    loop.stop();
  });
  loop.run();
  return judge_patreon_api(answer, settings);
}

DoctorFinding judge_patreon_api(const Result<ProviderReply>& reply, const Settings& settings) {
  using Level = DoctorFinding::Level;
  const std::string where = "Patreon's API at " + settings.patreon.api_url.text();
  if (!reply) {
    return {Level::failure, kCheck, where + " cannot be reached: " + reply.error().message,
            "let this machine reach it: " + std::string(kWithout)};
  }
  if (reply->status == 401) return {Level::ok, kCheck, where + " answers, and lets nobody in without a token"};
  return {Level::warning, kCheck, where + " does not refuse a call without a token",
          "see patreon.api_url, and what stands between: " + std::string(kWithout),
          "status " + std::to_string(reply->status)};
}

}  // namespace lp
