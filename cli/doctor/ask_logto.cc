#include "cli/doctor/ask_logto.h"

#include <algorithm>
#include <ctime>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "auth/oidc/app_token_needs.h"
#include "auth/oidc/authorization_request.h"
#include "auth/oidc/discovery.h"
#include "auth/oidc/rp_logout.h"
#include "auth/oidc/token_endpoint.h"
#include "auth/provider/pinned_fetch.h"
#include "auth/rules/own_paths.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "base/event.h"
#include "base/one_of.h"
#include "cli/doctor/logto_answers.h"
#include "config/host_pattern.h"

namespace lp {
namespace {

using Level = DoctorFinding::Level;

class LogtoCheck {
 public:
  LogtoCheck(const Settings& settings, const TellFinding& tell, const DoctorTerms& terms)
      : settings_(settings), logto_(settings.logto), tell_(tell), terms_(terms), fetcher_(loop_, settings.logto) {}

  void run() {
    if (!ask_discovery()) return;
    ask_keys();
    for (std::size_t i = 0; terms_.with_secrets && i < logto_.app_secrets.size(); ++i) ask_secret(i);
    for (const Origin& external : origins()) ask_redirect_uri(callback_url(settings_, external));
    for (const Origin& external : origins()) ask_sign_out(own_url(settings_, external, "signed-out"));
    for (const std::string& resource : app_token_needs(settings_).resources) ask_resource(resource);
    ask_connectors();
  }

 private:
  // Without a wildcard, which stands for no host; with sign_in_url all URIs are the same one.
  [[nodiscard]] std::vector<Origin> origins() const {
    if (settings_.sign_in_url) return {*settings_.sign_in_url};
    std::vector<Origin> all = settings_.external_urls;
    std::erase_if(all, [](const Origin& external) { return is_wildcard(external.host); });
    return all;
  }

  Result<ProviderReply> call(const ProviderRequest& request) {
    Result<ProviderReply> answer = fail("not asked");
    if (terms_.stop.stop_requested()) return answer;
    const auto handle = fetcher_.fetch(request, [&](Result<ProviderReply> reply) {
      answer = std::move(reply);
      loop_.stop();
    });
    loop_.run();
    return answer;
  }
  Result<ProviderReply> get(const std::string& url) {
    ProviderRequest request;
    request.url = url;
    return call(request);
  }

  void no_answer(const char* check, const std::string& what, const Error& error) {
    tell_({Level::failure, check, what + ": " + error.message, "see whether Logto runs, and what stands between"});
  }

  bool ask_discovery() {
    const std::string url = discovery_url(logto_);
    const std::string where = url + (logto_.connect_to ? ", at " + logto_.connect_to->text() : "");
    const std::int64_t asked_s = std::time(nullptr);
    const auto reply = get(url);
    if (!reply) {
      tell_({Level::failure, "discovery", "Logto: " + reply.error().message + " (" + where + ")",
             "see logto.endpoint, and logto.connect_to where this machine reaches it elsewhere"});
      return false;
    }
    const DoctorFinding finding = judge_discovery_answer(*reply, where, logto_);
    tell_(finding);
    for (const DoctorFinding& clock : judge_clock(reply->date_s, asked_s, std::time(nullptr))) tell_(clock);
    if (finding.level != Level::ok) return false;
    metadata_ = judge_discovery(reply->body, logto_).value();
    return true;
  }

  void ask_keys() {
    const auto reply = get(metadata_.jwks_uri);
    if (!reply) return no_answer("keys", "the key set at " + metadata_.jwks_uri, reply.error());
    tell_(judge_keys_answer(*reply, metadata_.jwks_uri));
  }

  [[nodiscard]] std::string name_of_secret(std::size_t i) const {
    return "logto.app_secret" + (logto_.app_secrets.size() == 1 ? "" : "[" + std::to_string(i + 1) + "]");
  }

  // Logto authenticates the client before it looks at the token, which it does not know.
  void ask_secret(std::size_t i) {
    const Secret nobodys(base64url_encode(random_bytes(32)));
    const auto reply = call(refresh_request(metadata_, logto_, logto_.app_secrets[i], nobodys));
    if (!reply) return no_answer("app_secret", "the token endpoint " + metadata_.token_endpoint, reply.error());
    tell_(judge_secret_answer(*reply, name_of_secret(i)));
  }

  // Logto looks at application, redirect URI and resources before it finds that nobody is signed in.
  Result<ProviderReply> ask_silently(const std::string& redirect_uri, const AppTokenNeeds& needs) {
    PendingSignIn nobody = make_pending(random_bytes(96), "/", redirect_uri, std::time(nullptr));
    nobody.silent = true;
    return get(authorization_url(metadata_, logto_, {}, nobody, "", needs));
  }

  void ask_redirect_uri(const std::string& uri) {
    const auto reply = ask_silently(uri, {});
    if (!reply) return no_answer("redirect_uri", "the sign-in at " + metadata_.authorization_endpoint, reply.error());
    const DoctorFinding finding = judge_redirect_answer(*reply, uri, logto_.app_id);
    if (finding.level == Level::ok && !known_uri_) known_uri_ = uri;
    tell_(finding);
  }

  void ask_resource(const std::string& resource) {
    if (!known_uri_) return;  // it would be refused for the redirect URI
    const auto reply = ask_silently(*known_uri_, {{resource}, {}});
    if (!reply) return no_answer("resource", "the sign-in at " + metadata_.authorization_endpoint, reply.error());
    tell_(judge_resource_answer(*reply, resource, routes_with(resource)));
  }

  [[nodiscard]] std::string routes_with(const std::string& resource) const {
    std::string list;
    for (const RouteSettings& route : settings_.routes) {
      if (route.token.resource == resource) list.append(list.empty() ? "" : ", ").append(route.label);
    }
    return list.empty() ? "routes" : list;
  }

  void ask_sign_out(const std::string& uri) {
    const std::string url = rp_logout_url(metadata_, logto_.app_id, uri);
    if (url.empty()) return;
    const auto reply = get(url);
    if (!reply)
      return no_answer("post_logout_uri", "the sign-out at " + *metadata_.end_session_endpoint, reply.error());
    tell_(judge_sign_out_answer(*reply, uri));
  }

  void ask_connectors() {
    const auto wanted = wanted_connectors(settings_);
    const std::string url = logto_.endpoint.text() + "/api/.well-known/sign-in-exp";
    const auto reply = get(url);
    const bool is_needed = !wanted.empty() || shows_ways(settings_);
    if (!reply && !is_needed) return;
    if (!reply) return no_answer("connector", "the sign-in experience at " + url, reply.error());
    for (const DoctorFinding& finding : judge_sign_in_mode(*reply)) tell_(finding);
    for (const DoctorFinding& finding : judge_sign_in_experience(*reply, wanted)) tell_(finding);
    if (shows_ways(settings_)) tell_(judge_ways_shown(*reply));
  }

  const Settings& settings_;
  const LogtoSettings& logto_;
  const TellFinding& tell_;
  const DoctorTerms& terms_;
  EventLoop loop_;
  PinnedFetcher fetcher_;
  ProviderMetadata metadata_;
  std::optional<std::string> known_uri_;  // a redirect URI that Logto takes
};

}  // namespace

void ask_logto(const Settings& settings, const TellFinding& tell, const DoctorTerms& terms) {
  LogtoCheck(settings, tell, terms).run();
}

}  // namespace lp
