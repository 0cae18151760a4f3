#include "config/check/tls.h"

#include <algorithm>
#include <string>

#include "config/check/loopback.h"

namespace lp {
namespace {

std::string listen_key(std::size_t index) { return "listen[" + std::to_string(index + 1) + "]"; }

bool any_https(const std::vector<Origin>& urls) {
  return std::any_of(urls.begin(), urls.end(), [](const Origin& url) { return url.is_https(); });
}

bool has_https_url(const Settings& s) {
  return any_https(s.external_urls) || std::any_of(s.realms.begin(), s.realms.end(), [](const RealmSettings& realm) {
           return any_https(realm.external_urls);
         });
}

// What reads as if it were TLS is never plain HTTP: "tls:" with all that belongs to it behind '#'.
void tls_has_a_certificate(const ListenSettings& listen, const std::string& key, Report& report) {
  const bool says_tls = report.line_of(key + ".tls") > 0;
  const bool says_none = report.line_of(key + ".tls.certificates") > 0 && !report.has(key + ".tls.certificates");
  if (!says_tls || says_none || listen.tls.is_on() || report.has_problem_in(key + ".tls")) return;
  report.problem(key + ".tls",
                 "required: expected certificates, as in certificates: { certificate_file: FILE, key_file: FILE }, "
                 "or acme, found nothing");
}

// Who may connect is said where it is found out, or not at all: a port has no file, and nor has an abstract name.
void socket_keys_matter(const ListenSettings& listen, const std::string& key, Report& report) {
  if (report.has_problem_in(key)) return;
  const std::string_view why = listen.kind == ListenSettings::Kind::tcp ? "an IP address has no file"
                               : listen.is_abstract() ? "an abstract name has no file, and whoever is in its network "
                                                        "namespace may connect"
                                                      : "";
  if (why.empty()) return;
  if (listen.mode >= 0) report.problem(key + ".mode", std::string(why) + ": expected address: unix:/PATH");
  if (!listen.group.empty()) report.problem(key + ".group", std::string(why) + ": expected address: unix:/PATH");
}

void listener_is_one_thing(const Settings& s, std::size_t index, Report& report) {
  const ListenSettings& listen = s.listen[index];
  const std::string key = listen_key(index);
  tls_has_a_certificate(listen, key, report);
  const bool knows_urls = !report.has_problem_in("external_urls") && !report.has_problem_in("realms");
  if (listen.redirect_to_https && listen.tls.is_on())
    report.problem(key + ".redirect_to_https", "this listener has tls: there is nowhere to send anybody to");
  if (listen.redirect_to_https && knows_urls && !has_https_url(s))
    report.problem(key + ".redirect_to_https", "external_urls names no https:// address to send anybody to");
  if (listen.tls.is_on() && knows_urls && !has_https_url(s)) {
    report.problem(key + ".tls",
                   "external_urls names no https:// address: cookies and links would be made for http://, which nobody "
                   "asks for here");
  }
  if (listen.proxy_protocol && s.trusted_proxies.empty() && !report.has_problem_in("trusted_proxies")) {
    report.problem(
        key + ".proxy_protocol",
        "nobody may say who is behind a connection: name the address of your balancer under trusted_proxies");
  }
  socket_keys_matter(listen, key, report);
  if (listen.h2c && listen.tls.is_on())
    report.problem(key + ".h2c", "this listener has tls: HTTP/2 is agreed on in the handshake there (http2)");
  if (report.line_of(key + ".http2") > 0 && !listen.tls.is_on() && !report.has_problem_in(key))
    report.warning(key + ".http2", "has no effect without tls; h2c: true takes HTTP/2 without");
  if (listen.tls.hsts_subdomains && listen.tls.hsts_ms == 0 && !report.has_problem_in(key + ".tls"))
    report.warning(key + ".tls.hsts_subdomains", "has no effect without hsts");
}

// Beside our own TLS, and with nobody in front who would have ended another.
void https_hosts_are_not_served_in_plain(const Settings& s, Report& report) {
  const bool has_tls =
      std::any_of(s.listen.begin(), s.listen.end(), [](const ListenSettings& one) { return one.tls.is_on(); });
  for (std::size_t i = 0; i < s.listen.size(); ++i) {
    const ListenSettings& one = s.listen[i];
    const bool is_open = one.kind == ListenSettings::Kind::tcp && !one.tls.is_on() && !one.redirect_to_https;
    if (!has_tls || !is_open || is_loopback(one.host) || !s.trusted_proxies.empty()) continue;
    report.warning(listen_key(i),
                   "serves https:// addresses without TLS, sessions and all, to whoever asks here: "
                   "redirect_to_https: true sends people to the listener that has tls");
  }
}

void somebody_is_served(const Settings& s, Report& report) {
  const bool is_none =
      !s.listen.empty() &&
      std::all_of(s.listen.begin(), s.listen.end(), [](const ListenSettings& one) { return one.redirect_to_https; });
  if (is_none) report.problem("listen", "every listener only sends people to https://, and none serves that: add one");
}

void upstream_keys_matter(const UpstreamSettings& upstream, const std::string& key, Report& report) {
  const UpstreamTlsSettings& tls = upstream.tls;
  if (report.has_problem_in(key)) return;
  const bool asks_for_tls = !tls.ca_file.empty() || !tls.server_name.empty() || !tls.certificate.certificate.empty() ||
                            tls.insecure_skip_verify;
  if (!tls.is_on && asks_for_tls) {
    return report.problem(key + ".tls",
                          upstream.url_says_h2c
                              ? "its url is h2c://, which is HTTP/2 without TLS: write https:// and http2: true"
                              : "its url is no https://: the app would be asked without TLS");
  }
  if (upstream.url_says_h2c && !upstream.http2 && report.line_of(key + ".http2") > 0)
    return report.problem(key + ".http2", "its url is h2c://, which is HTTP/2: write http:// for HTTP/1");
  if (!tls.insecure_skip_verify) return;
  report.warning(key + ".tls.insecure_skip_verify",
                 "any certificate will do: whoever is between us and the app reads and changes everything, identity "
                 "headers too; ca_file takes the app's own certificate as well");
  if (!tls.ca_file.empty()) report.warning(key + ".tls.ca_file", "has no effect with insecure_skip_verify");
}

}  // namespace

void check_tls(const Settings& settings, Report& report) {
  for (std::size_t i = 0; i < settings.listen.size(); ++i) listener_is_one_thing(settings, i, report);
  https_hosts_are_not_served_in_plain(settings, report);
  somebody_is_served(settings, report);
  for (const auto& [name, upstream] : settings.upstreams) upstream_keys_matter(upstream, "upstreams." + name, report);
}

}  // namespace lp
