#include "auth/service/online_check.h"

#include <algorithm>
#include <utility>

#include "auth/jose/jwks.h"
#include "auth/oidc/authorization_request.h"
#include "auth/oidc/client_auth.h"
#include "auth/oidc/discovery.h"
#include "auth/oidc/token_endpoint.h"
#include "auth/provider/pinned_fetch.h"
#include "auth/rules/own_paths.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "base/event.h"
#include "config/host_pattern.h"

namespace lp {
namespace {

class LogtoCheck {
 public:
  LogtoCheck(const Settings& settings, std::int64_t now_s)
      : settings_(settings), logto_(settings.logto), now_s_(now_s), fetcher_(loop_, settings.logto) {}

  std::vector<OnlineFinding> run() {
    if (!ask_discovery()) return std::move(findings_);
    ask_keys();
    for (std::size_t i = 0; i < logto_.app_secrets.size(); ++i) ask_secret(i);
    std::vector<std::string> asked;
    for (const Origin& external : settings_.external_urls) {
      if (is_wildcard(external.host) && !settings_.sign_in_url) continue;
      const std::string uri = callback_url(settings_, external);
      if (std::find(asked.begin(), asked.end(), uri) != asked.end()) continue;
      asked.push_back(uri);
      ask_redirect_uri(uri);
    }
    return std::move(findings_);
  }

 private:
  void find(OnlineFinding::Kind kind, std::string text) { findings_.push_back({kind, std::move(text)}); }
  void ok(std::string text) { find(OnlineFinding::Kind::ok, std::move(text)); }
  void failure(std::string text) { find(OnlineFinding::Kind::failure, std::move(text)); }
  void warning(std::string text) { find(OnlineFinding::Kind::warning, std::move(text)); }

  Result<ProviderReply> call(const ProviderRequest& request) {
    Result<ProviderReply> answer = fail("not asked");
    const auto handle = fetcher_.fetch(request, [&](Result<ProviderReply> reply) {
      answer = std::move(reply);
      loop_.stop();
    });
    loop_.run();
    return answer;
  }

  static std::string came(const ProviderReply& reply) {
    return " (it answered " + std::to_string(reply.status) + ", " +
           (reply.content_type.empty() ? "no type" : reply.content_type.substr(0, 100)) + ")";
  }

  bool ask_discovery() {
    const std::string url = discovery_url(logto_);
    const std::string where = url + (logto_.connect_to ? ", at " + logto_.connect_to->text() : "");
    ProviderRequest request;
    request.url = url;
    const auto reply = call(request);
    const std::string mend = "; see logto.endpoint, and logto.connect_to where this machine reaches it elsewhere";
    if (!reply) {
      failure("Logto: " + reply.error().message + " (" + where + ")" + mend);
      return false;
    }
    auto judged = judge_discovery(reply->body, logto_);
    if (reply->status != 200 || !judged) {
      failure("is this Logto? " + where + came(*reply) + (judged ? "" : ": " + judged.error().message) + mend);
      return false;
    }
    metadata_ = std::move(*judged);
    ok("Logto answers at " + where + ", issuer " + metadata_.issuer);
    return true;
  }

  void ask_keys() {
    ProviderRequest request;
    request.url = metadata_.jwks_uri;
    const auto reply = call(request);
    if (!reply) return failure("the key set: " + reply.error().message + " (" + metadata_.jwks_uri + ")");
    const auto keys = Jwks::parse(reply->body);
    if (reply->status != 200 || !keys)
      return failure("the key set at " + metadata_.jwks_uri + came(*reply) + (keys ? "" : ": " + keys.error().message));
    ok("the key set has " + std::to_string(keys->size()) + (keys->size() == 1 ? " key" : " keys"));
  }

  [[nodiscard]] PendingSignIn somebodys(const std::string& redirect_uri) const {
    return make_pending(random_bytes(96), "/", redirect_uri, now_s_);
  }
  [[nodiscard]] std::string name_of_secret(std::size_t i) const {
    return "logto.app_secret" + (logto_.app_secrets.size() == 1 ? "" : "[" + std::to_string(i + 1) + "]");
  }

  // Logto authenticates the client before it looks at the code, which it does not know.
  void ask_secret(std::size_t i) {
    const std::string uri = callback_url(settings_, settings_.external_urls.front());
    const auto reply = call(code_exchange_request(metadata_, logto_, logto_.app_secrets[i],
                                                  base64url_encode(random_bytes(32)), somebodys(uri)));
    if (!reply) return failure("the token endpoint: " + reply.error().message + " (" + metadata_.token_endpoint + ")");
    const auto verdict = judge_client_secret(*reply);
    const auto judged = judge_token_reply(*reply);
    if (verdict == ClientSecretVerdict::refused) {
      return failure("Logto refuses " + name_of_secret(i) + ": compare it with the application's in Logto");
    }
    if (!judged && judged.error().kind == TokenError::Kind::client_credentials) {
      return failure("Logto does not know the application: compare logto.app_id and logto.app_secret (" +
                     judged.error().message + ")");
    }
    if (verdict == ClientSecretVerdict::accepted || (!judged && judged.error().kind == TokenError::Kind::invalid_grant))
      return ok("Logto takes " + name_of_secret(i));
    warning("whether Logto takes " + name_of_secret(i) + " cannot be said" + came(*reply));
  }

  // A browser that begins a sign-in is sent on to Logto's page; where the redirect URI is not registered, it gets an
  // error there and then.
  void ask_redirect_uri(const std::string& uri) {
    ProviderRequest request;
    request.url = authorization_url(metadata_, logto_, logto_.sign_in, somebodys(uri), "");
    const auto reply = call(request);
    if (!reply) return failure("the sign-in: " + reply.error().message + " (" + metadata_.authorization_endpoint + ")");
    const bool is_sent_on = reply->status >= 300 && reply->status < 400 && !reply->location.starts_with(uri);
    if (is_sent_on) return ok("Logto takes the redirect URI " + uri);
    if (reply->body.find("redirect_uri") != std::string::npos) {
      return failure("Logto does not know the redirect URI " + uri +
                     ": add it to the application's redirect URIs in Logto" + came(*reply));
    }
    if (reply->body.find("client") != std::string::npos && reply->status >= 400) {
      return failure("Logto does not know the application: compare logto.app_id" + came(*reply));
    }
    const auto query = reply->location.find("error=");
    warning("a sign-in to " + uri + " does not begin" + came(*reply) +
            (query == std::string::npos ? "" : ": " + reply->location.substr(query, 200)));
  }

  const Settings& settings_;
  const LogtoSettings& logto_;
  const std::int64_t now_s_;
  EventLoop loop_;
  PinnedFetcher fetcher_;
  ProviderMetadata metadata_;
  std::vector<OnlineFinding> findings_;
};

}  // namespace

std::vector<OnlineFinding> ask_logto(const Settings& settings, std::int64_t now_s) {
  return LogtoCheck(settings, now_s).run();
}

}  // namespace lp
