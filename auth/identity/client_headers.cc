#include "auth/identity/client_headers.h"

#include <algorithm>
#include <array>
#include <string>

#include "auth/cookies/cookie_names.h"
#include "auth/identity/folded_names.h"
#include "base/encoding.h"
#include "config/client_fields.h"
#include "config/host_pattern.h"
#include "config/identity_presets.h"

namespace lp {
namespace {

// What an app may not answer: our word on identity, and commands to proxies in front of us.
constexpr std::string_view kResponseOnly[] = {"x-forwarded-", "x-auth-request-", "remote-user", "x-remote-user",
                                              "x-logto-",     "x-envoy-",        "x-pomerium-", "x-authentik-"};

// True where folding changes more than the case.
bool has_odd_spelling(std::string_view name) {
  return std::any_of(name.begin(), name.end(), [](char c) { return c != '-' && fold_of_field(c) == '-'; });
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
  FoldedNames not_believed;
  FoldedNames response;
  FoldedNames codec;
  FoldedNames request_or_codec;          // the one look that nearly all fields get
  std::vector<CookieNames> cookies;      // of both schemes and all realms, whichever is in use
  std::vector<std::string> logto_hosts;  // where a Logto of ours shares a host with an external URL

  void strip(std::string_view name) {
    request.add(name);
    request_or_codec.add(name);
  }
  [[nodiscard]] bool strips_one_that_may_be(std::string_view name) const;
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
  using Family = ClientFieldFamily;
  for (const Family family :
       {Family::identity, Family::forwarding, Family::path, Family::proxy_command, Family::request_command})
    for (const std::string_view name : client_fields_of(family)) impl_->strip(name);
  impl_->not_believed.add_all(client_fields_of(Family::not_believed));
  impl_->response.add_all(client_fields_of(Family::proxy_command));
  impl_->response.add_all(kResponseOnly);
  impl_->codec.add_all(client_fields_of(Family::codec));
  impl_->request_or_codec.add_all(client_fields_of(Family::codec));
  for (const NamedPreset& named : identity_presets()) {
    for (const IdentityHeaderSettings& header : preset_headers(named.preset)) impl_->strip(header.header);
  }
  const auto add_ours = [this](const std::vector<IdentityHeaderSettings>& headers) {
    for (const IdentityHeaderSettings& header : headers) {
      impl_->strip(header.header);
      impl_->not_believed.remove(header.header);
      impl_->response.add(header.header);
    }
  };
  add_ours(identity_headers_of(settings));
  for (const RouteSettings& route : settings.routes) add_ours(identity_headers_of(settings, route));
  impl_->strip(settings.forward_auth.secret_header);
  impl_->response.add(settings.forward_auth.secret_header);
  if (!settings.client_ip_header.empty()) impl_->strip(settings.client_ip_header);
  impl_->cookies = all_cookie_names(settings);
  if (settings.realms.empty()) impl_->add_logto(settings.logto.endpoint, settings);
  for (const RealmSettings& realm : settings.realms) impl_->add_logto(realm.logto.endpoint, settings);
}

ClientHeaderRules::~ClientHeaderRules() = default;

bool ClientHeaderRules::strips_request_field(std::string_view name) const {
  return impl_->request_or_codec.may_contain(name) && impl_->strips_one_that_may_be(name);
}

bool ClientHeaderRules::Impl::strips_one_that_may_be(std::string_view name) const {
  if (!request_or_codec.contains(name)) return false;
  if (request.contains(name)) return !not_believed.contains(name);
  return codec.contains(name) && has_odd_spelling(name);
}

bool ClientHeaderRules::strips_response_field(std::string_view name) const { return impl_->response.contains(name); }

bool ClientHeaderRules::is_own_cookie(std::string_view name) const {
  return std::any_of(impl_->cookies.begin(), impl_->cookies.end(), [&](const CookieNames& own) {
    return is_piece_of(name, own.session) || name.starts_with(own.pending_prefix) || is_piece_of(name, own.loop) ||
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
  bool is_first = true, is_blank = true;
  while (!cookie_value.empty()) {
    const std::size_t end = std::min(cookie_value.find(';'), cookie_value.size());
    const std::string_view as_sent = cookie_value.substr(0, end);
    const bool is_last = end == cookie_value.size();
    cookie_value.remove_prefix(std::min(end + 1, cookie_value.size()));
    const std::string_view pair = trim_ows(as_sent);
    const bool is_kept = !is_no_apps(trim_ows(pair.substr(0, pair.find('='))), is_with_logto);
    if (is_kept) {
      out += is_first ? std::string_view() : std::string_view(";");
      // Behind one of ours that is gone, the blank goes with it.
      out += is_first ? as_sent.substr(std::min(as_sent.find_first_not_of(" \t"), as_sent.size())) : as_sent;
      is_first = false;
      is_blank = is_blank && pair.empty();
      if (!is_last && cookie_value.empty()) out += ';';
    }
  }
  if (is_blank) out.resize(start);
}

// A browser keeps "=name=value" and "=name" as a nameless cookie and sends it as "name=value": the first name that a
// server would read out of it counts (threats C10, C11).
bool ClientHeaderRules::app_may_set(std::string_view set_cookie_value, std::string_view host) const {
  std::string_view pair = trim_ows(set_cookie_value.substr(0, set_cookie_value.find(';')));
  while (pair.starts_with('=')) pair = trim_ows(pair.substr(1));
  return !is_no_apps(trim_ows(pair.substr(0, pair.find('='))), impl_->is_with_logto(host));
}

}  // namespace lp
