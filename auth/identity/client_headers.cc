#include "auth/identity/client_headers.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>

#include "auth/cookies/cookie_names.h"
#include "base/encoding.h"
#include "config/host_pattern.h"
#include "config/identity_presets.h"

namespace lp {
namespace {

// Names are kept folded: lower case, everything that is not a letter or a digit as '-'. CGI and WSGI make one variable
// of X-Forwarded-User, X_Forwarded_User and (some) X.Forwarded.User (threat H02). A name that ends in '-' stands
// for all that begin with it.

// Who somebody is, in the words of proxies that do our job: an app may be set up to believe any of them.
constexpr std::string_view kIdentity[] = {
    "x-forwarded-",     // oauth2-proxy and many more; For, Proto, Host, Prefix, Client-Cert and the rest with it
    "x-auth-request-",  // oauth2-proxy behind nginx
    "remote-user",      // CGI, authelia, Apache
    "remote-groups",
    "remote-name",
    "remote-email",
    "remote-addr",
    "remote-ident",
    "x-remote-",  // mod_auth_openidc recipes, Kubernetes (X-Remote-Extra-)
    "oidc-",      // mod_auth_openidc: OIDC_CLAIM_*, OIDC_access_token, OIDC_id_token_payload, ...
    "x-oidc-",
    "x-userinfo",
    "x-id-token",  // apisix, lua-resty-openidc recipes
    "x-authentik-",
    "x-authelia-",
    "x-pomerium-",
    "x-vouch-",
    "x-keycloak-",
    "x-caddy-",
    "x-token-user-",
    "x-token-subject",  // caddy-security
    "x-auth-user",
    "x-auth-username",
    "x-auth-userid",
    "x-auth-subject",
    "x-auth-email",
    "x-auth-name",
    "x-auth-groups",
    "x-auth-roles",
    "x-auth-given-name",
    "x-auth-family-name",  // gatekeeper and louketo
    "x-goog-authenticated-",
    "x-goog-iap-",
    "x-serverless-authorization",  // Google IAP
    "x-amzn-oidc-",
    "x-amzn-ava-user-context",
    "x-ms-client-principal",
    "x-ms-client-principal-",
    "x-ms-token-",
    "cf-access-",
    "tailscale-",
    "x-tailscale-",
    "x-teleport-",
    "x-user",
    "x-user-",
    "x-username",
    "x-userid",
    "x-email",
    "x-groups",
    "x-group",
    "x-role",
    "x-roles",
    "x-webauth-",
    "x-authenticated-",
    "x-proxy-user",
    "x-proxy-",
    "x-sso-",
    "x-saml-",
    "x-token-claim-",
    "x-logto-",
    "logto-id-token",
    "logto-host",
    "logto-",  // Logto's Protected App and ourselves
    "x-skipper-",
    "x-consumer-",
    "x-credential-",
    "x-anonymous-consumer",
    "x-jwt-claim-",
    "x-jwt-payload",
    "x-jwt-assertion",  // WSO2
    "sm-",              // SiteMinder: SM_USER, SM_UNIVERSALID, ...
    "iv-",              // WebSEAL: iv-user, iv-groups, iv-creds
    "shib-",            // Shibboleth with ShibUseHeaders
    "ssl-client-",
    "x-ssl-",
    "x-client-cert",
    "x-client-cert-",
    "x-client-dn",
    "x-client-verify",
    "client-cert",
    "client-cert-chain",
};

// Where a request comes from and where it was meant to go, which we say ourselves or nobody.
constexpr std::string_view kForwarding[] = {
    "forwarded",
    "x-forwarded",
    "x-real-ip",
    "x-client-ip",
    "client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "cf-pseudo-ipv4",
    "fastly-client-ip",
    "x-cluster-client-ip",
    "x-originating-ip",
    "x-custom-ip-authorization",
    "x-azure-clientip",
    "x-azure-socketip",
    "x-appengine-user-ip",
    "x-proxyuser-ip",
    "proxy-client-ip",
    "wl-proxy-client-ip",
    "wl-proxy-ssl",
    "x-host",
    "x-http-host-override",
    "x-original-",
    "x-rewrite-url",
    "x-rewrite-uri",
    "x-envoy-",
    "x-scheme",
    "x-url-scheme",
    "front-end-https",
    "x-arr-",
    "x-request-id",
    "x-waws-unencoded-url",
    "proxy",
    "x-proxy",
    "x-forward-for",
    "x-forwarder-for",
};

// A method other than the one that the route judged (threat P24).
constexpr std::string_view kMethodOverrides[] = {"x-http-method", "x-http-method-override", "x-method-override"};

// Commands to a proxy in front of an app (threat H25).
constexpr std::string_view kProxyCommands[] = {"x-accel-redirect",       "x-accel-charset",      "x-accel-expires",
                                               "x-accel-limit-rate",     "x-sendfile",           "x-lighttpd-send-file",
                                               "x-lighttpd-sendfile",    "x-litespeed-location", "x-reproxy-url",
                                               "x-reproxy-expected-size"};

// The whole family from clients; an app may still say X-Accel-Buffering: an nginx in front of us would hold back its
// event stream otherwise.
constexpr std::string_view kRequestCommands[] = {"x-accel-"};

// What an app may not answer: our word on identity, and commands to proxies in front of us.
constexpr std::string_view kResponseOnly[] = {"x-forwarded-", "x-auth-request-", "remote-user", "x-remote-user",
                                              "x-logto-",     "x-envoy-",        "x-pomerium-", "x-authentik-"};

// Fields that the codec itself acts upon. Their own spelling is dealt with there; any other that folds to them
// ("Content_Length") is for the app's gateway to misread (threat S32).
constexpr std::string_view kCodec[] = {"content-length", "transfer-encoding", "content-type",
                                       "keep-alive",     "proxy-connection",  "proxy-authorization"};

constexpr std::array<char, 256> kFold = [] {
  std::array<char, 256> table{};
  for (std::size_t c = 0; c < 256; ++c) table[c] = '-';
  for (std::size_t c = '0'; c <= '9'; ++c) table[c] = static_cast<char>(c);
  for (std::size_t c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = static_cast<char>(c);
  return table;
}();

char fold(char c) { return kFold[static_cast<unsigned char>(c)]; }

struct ViewHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using NameTable = std::unordered_set<std::string, ViewHash, std::equal_to<>>;

// A set of folded names and name beginnings. Nearly all fields are told apart by their first two
// letters.
class FoldedNames {
 public:
  void add(std::string_view name) {
    std::string folded;
    for (const char c : name) folded += fold(c);
    if (folded.empty()) return;
    beginnings_[beginning_of(folded)] = true;
    if (folded.back() == '-') longest_beginning_ = std::max(longest_beginning_, folded.size());
    names_.insert(std::move(folded));
  }
  template <class List>
  void add_all(const List& list) {
    for (const std::string_view name : list) add(name);
  }

  [[nodiscard]] bool contains(std::string_view name) const {
    if (name.empty() || !beginnings_[beginning_of(name)]) return false;
    std::array<char, 64> small;
    if (name.size() > small.size()) return contains_long(name);
    std::transform(name.begin(), name.end(), small.begin(), fold);
    return contains_folded({small.data(), name.size()});
  }

 private:
  // A number for the first two characters; not unique, which costs a look-up and nothing else.
  static std::size_t beginning_of(std::string_view name) {
    const auto bits = [&](std::size_t i) { return i < name.size() ? static_cast<std::size_t>(fold(name[i])) & 31 : 0; };
    return bits(0) << 5 | bits(1);
  }
  [[nodiscard]] bool contains_long(std::string_view name) const {
    std::string folded(name.size(), '-');
    std::transform(name.begin(), name.end(), folded.begin(), fold);
    return contains_folded(folded);
  }
  [[nodiscard]] bool contains_folded(std::string_view folded) const {
    const std::size_t end = std::min(folded.size(), longest_beginning_);
    for (std::size_t i = 1; i < end; ++i) {
      if (folded[i] == '-' && names_.contains(folded.substr(0, i + 1))) return true;
    }
    return names_.contains(folded);
  }

  NameTable names_;
  std::array<bool, 1024> beginnings_{};
  std::size_t longest_beginning_ = 0;
};

// True where folding changes more than the case.
bool has_odd_spelling(std::string_view name) {
  return std::any_of(name.begin(), name.end(), [](char c) { return c != '-' && fold(c) == '-'; });
}

// What Logto sets on its host (Logto fact 24): its session, sign-ins under way, and their signatures.
constexpr std::array<std::string_view, 5> kLogtoCookies = {"_session", "_interaction", "_interaction_resume", "_logto",
                                                           "_logto_google_one_tap_credential"};

bool is_logto_cookie(std::string_view name) {
  for (const std::string_view end : {".sig", ".legacy"}) {
    if (name.ends_with(end)) name.remove_suffix(end.size());
  }
  return std::find(kLogtoCookies.begin(), kLogtoCookies.end(), name) != kLogtoCookies.end();
}

}  // namespace

struct ClientHeaderRules::Impl {
  FoldedNames request;
  FoldedNames response;
  FoldedNames codec;
  std::vector<CookieNames> cookies;      // of both schemes and all realms, whichever is in use
  std::vector<std::string> logto_hosts;  // where a Logto of ours shares a host with an external URL

  [[nodiscard]] bool is_with_logto(std::string_view host) const {
    return std::find(logto_hosts.begin(), logto_hosts.end(), host) != logto_hosts.end();
  }
  void add_logto(const Origin& endpoint, const Settings& settings) {
    const auto is_there = [&](const Origin& url) { return host_matches(url.host, endpoint.host); };
    bool shares = std::any_of(settings.external_urls.begin(), settings.external_urls.end(), is_there);
    for (const RealmSettings& realm : settings.realms) {
      shares = shares || std::any_of(realm.external_urls.begin(), realm.external_urls.end(), is_there);
    }
    if (shares) logto_hosts.push_back(endpoint.host);
  }
};

ClientHeaderRules::ClientHeaderRules(const Settings& settings) : impl_(std::make_unique<Impl>()) {
  impl_->request.add_all(kIdentity);
  impl_->request.add_all(kForwarding);
  impl_->request.add_all(kMethodOverrides);
  impl_->request.add_all(kProxyCommands);
  impl_->request.add_all(kRequestCommands);
  impl_->response.add_all(kProxyCommands);
  impl_->response.add_all(kResponseOnly);
  impl_->codec.add_all(kCodec);
  for (const NamedPreset& named : identity_presets()) {
    for (const IdentityHeaderSettings& header : preset_headers(named.preset)) impl_->request.add(header.header);
  }
  const auto add_ours = [this](const std::vector<IdentityHeaderSettings>& headers) {
    for (const IdentityHeaderSettings& header : headers) {
      impl_->request.add(header.header);
      impl_->response.add(header.header);
    }
  };
  add_ours(identity_headers_of(settings));
  for (const RouteSettings& route : settings.routes) add_ours(identity_headers_of(settings, route));
  impl_->request.add(settings.forward_auth.secret_header);
  impl_->response.add(settings.forward_auth.secret_header);
  impl_->cookies = all_cookie_names(settings);
  if (settings.realms.empty()) impl_->add_logto(settings.logto.endpoint, settings);
  for (const RealmSettings& realm : settings.realms) impl_->add_logto(realm.logto.endpoint, settings);
}

ClientHeaderRules::~ClientHeaderRules() = default;

bool ClientHeaderRules::strips_request_field(std::string_view name) const {
  return impl_->request.contains(name) || (impl_->codec.contains(name) && has_odd_spelling(name));
}

bool ClientHeaderRules::strips_response_field(std::string_view name) const { return impl_->response.contains(name); }

bool ClientHeaderRules::is_own_cookie(std::string_view name) const {
  return std::any_of(impl_->cookies.begin(), impl_->cookies.end(), [&](const CookieNames& own) {
    return is_piece_of(name, own.session) || name.starts_with(own.pending_prefix) || name == own.loop ||
           name == own.held;
  });
}

// What an app may neither read nor write.
bool ClientHeaderRules::is_no_apps(std::string_view cookie, bool is_with_logto) const {
  return is_own_cookie(cookie) || (is_with_logto && is_logto_cookie(cookie));
}

void ClientHeaderRules::append_foreign_cookies(std::string_view cookie_value, std::string_view host,
                                               std::string& out) const {
  const bool is_with_logto = impl_->is_with_logto(host);
  const std::size_t start = out.size();
  while (!cookie_value.empty()) {
    const std::size_t end = std::min(cookie_value.find(';'), cookie_value.size());
    const std::string_view pair = trim_ows(cookie_value.substr(0, end));
    cookie_value.remove_prefix(std::min(end + 1, cookie_value.size()));
    const std::string_view name = trim_ows(pair.substr(0, pair.find('=')));
    if (pair.empty() || is_no_apps(name, is_with_logto)) continue;
    if (out.size() > start) out += "; ";
    out += pair;
  }
}

// A browser keeps "=name=value" and "=name" as a nameless cookie and sends it as "name=value": the first name that a
// server would read out of it counts (threats C10, C11).
bool ClientHeaderRules::app_may_set(std::string_view set_cookie_value, std::string_view host) const {
  std::string_view pair = trim_ows(set_cookie_value.substr(0, set_cookie_value.find(';')));
  while (pair.starts_with('=')) pair = trim_ows(pair.substr(1));
  return !is_no_apps(trim_ows(pair.substr(0, pair.find('='))), impl_->is_with_logto(host));
}

}  // namespace lp
