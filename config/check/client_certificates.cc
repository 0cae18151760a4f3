#include "config/check/client_certificates.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/one_of.h"
#include "config/check/route_place.h"
#include "config/identity_presets.h"

namespace lp {
namespace {

constexpr const char* kNobodyIsAsked =
    "no listener asks for client certificates: give one tls.client_certificates (a TLS terminator in front keeps them "
    "to itself)";

bool meet(const std::vector<std::string>& some, const std::vector<std::string>& others) {
  if (some.empty() || others.empty()) return some.empty() && others.empty();
  return std::any_of(some.begin(), some.end(), [&](const std::string& host) { return is_one_of(host, others); });
}

// One host, one answer.
void hosts_are_told_apart(const ListenTlsSettings& tls, const std::string& key, Report& report) {
  const auto& all = tls.client_certificates;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!meet(all[i].hosts, all[j].hosts)) continue;
      const std::string what = all[i].hosts.empty() ? "every other host is" : "a host is";
      report.problem(key, what + " named by elements " + std::to_string(j + 1) + " and " + std::to_string(i + 1));
    }
  }
}

bool asks_for_certificate(const Requirement& root) {
  bool found = false;
  for_each_requirement(
      root, [&](const Requirement& one) { found = found || one.kind == Requirement::Kind::client_certificate; });
  return found;
}

bool tells_certificate(const std::vector<IdentityHeaderSettings>& headers) {
  return std::any_of(headers.begin(), headers.end(), [](const IdentityHeaderSettings& header) {
    return header.source == IdentityHeaderSettings::Source::client_certificate;
  });
}

bool any_listener_asks(const Settings& settings) {
  return std::any_of(settings.listen.begin(), settings.listen.end(),
                     [](const ListenSettings& one) { return !one.tls.client_certificates.empty(); });
}

// Whoever asks for another proxy shows its own, if any.
void app_is_ours(const RoutePlace& p, const char* key) {
  const bool is_elsewhere =
      p.route.upstream.empty() && !p.route.reply.is_configured() && p.route.access != Access::deny;
  if (!is_elsewhere) return;
  p.report.problem(p.at(key),
                   "client_certificate never holds here: another proxy has the app of this route, and with it the "
                   "connection");
}

void rules_can_hold(const RoutePlace& p, bool somebody_asks) {
  const std::pair<const char*, const Requirement*> rules[] = {{"require", &p.route.require}, {"deny", &p.route.deny}};
  for (const auto& [key, root] : rules) {
    if (!asks_for_certificate(*root)) continue;
    if (!somebody_asks) p.report.problem(p.at(key), std::string("client_certificate: ") + kNobodyIsAsked);
    if (somebody_asks) app_is_ours(p, key);
  }
}

void headers_can_come(const RoutePlace& p, bool somebody_asks) {
  if (somebody_asks || !tells_certificate(p.route.identity_headers)) return;
  p.report.problem(p.at("identity_headers"), std::string("client_certificate: ") + kNobodyIsAsked);
}

}  // namespace

void check_client_certificates(const Settings& settings, Report& report) {
  for (std::size_t i = 0; i < settings.listen.size(); ++i)
    hosts_are_told_apart(settings.listen[i].tls, "listen[" + std::to_string(i + 1) + "].tls.client_certificates",
                         report);
  const bool somebody_asks = any_listener_asks(settings) || report.has_problem_in("listen");
  if (!somebody_asks && tells_certificate(settings.identity_headers))
    report.problem("identity_headers", std::string("client_certificate: ") + kNobodyIsAsked);
  for (const RouteSettings& route : settings.routes) {
    const RoutePlace place{route, settings, report, "routes[" + std::to_string(route.index) + "]"};
    rules_can_hold(place, somebody_asks);
    headers_can_come(place, somebody_asks);
  }
}

}  // namespace lp
