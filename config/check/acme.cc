#include "config/check/acme.h"

#include <algorithm>
#include <string>

#include "config/acme.h"

namespace lp {
namespace {

constexpr std::uint16_t kHttpPort = 80;

std::string acme_key(std::size_t index) { return "listen[" + std::to_string(index + 1) + "].tls.acme"; }

bool is_plain(const ListenSettings& listen) { return listen.kind == ListenSettings::Kind::tcp && !listen.tls.is_on(); }

// "acme: { email: ... }" is no agreement, and "acme:" with all of it behind '#' none to do without. Who says false
// means it.
void terms_are_agreed_to(const ListenSettings& listen, const std::string& key, Report& report) {
  const bool says_false = report.has(key + ".agree_tos") && !listen.tls.acme.is_on();
  if (report.line_of(key) <= 0 || listen.tls.acme.is_on() || says_false || report.has_problem_in(key)) return;
  report.problem(key + ".agree_tos",
                 "required: true says that you have read the authority's terms of service and agree (Let's Encrypt: "
                 "https://letsencrypt.org/repository/)");
}

void all_say_the_same(const Settings& s, std::size_t index, Report& report) {
  const AcmeSettings* first = acme_of(s);
  if (s.listen[index].tls.acme == *first) return;
  report.problem(acme_key(index),
                 "says something else than that of another listener: certificates are the same for all");
}

void hosts_can_have_one(const Settings& s, std::size_t index, Report& report) {
  if (!s.listen[index].tls.certificates.empty()) return;  // those may be for the rest
  for (const std::string& host : https_hosts(s)) {
    const std::string why = why_no_certificate_for(host);
    if (why.empty()) continue;
    report.problem(acme_key(index), "no certificate comes by itself for " + host + " of external_urls: " + why +
                                        "; name one beside it under tls.certificates");
  }
}

void authority_can_ask(const Settings& s, std::size_t index, Report& report) {
  if (std::any_of(s.listen.begin(), s.listen.end(), is_plain)) return;
  report.problem(acme_key(index),
                 "the authority asks on port 80, without TLS, and no listener could answer: add "
                 "{ address: 0.0.0.0:80, redirect_to_https: true }");
}

}  // namespace

void check_acme(const Settings& settings, Report& report) {
  const bool knows_urls = !report.has_problem_in("external_urls") && !report.has_problem_in("realms");
  for (std::size_t i = 0; i < settings.listen.size(); ++i) {
    terms_are_agreed_to(settings.listen[i], acme_key(i), report);
    if (!settings.listen[i].tls.acme.is_on()) continue;
    all_say_the_same(settings, i, report);
    authority_can_ask(settings, i, report);
    if (knows_urls) hosts_can_have_one(settings, i, report);
  }
}

void add_acme_notes(const Settings& settings, std::vector<std::string>& notes) {
  if (acme_of(settings) == nullptr) return;
  const bool is_there = std::any_of(settings.listen.begin(), settings.listen.end(),
                                    [](const ListenSettings& one) { return is_plain(one) && one.port == kHttpPort; });
  if (is_there) return;
  notes.emplace_back(
      "listen[].tls.acme: the authority asks each host on port 80, and nothing listens there: a container's port 80, "
      "or "
      "whatever is in front, must lead to a listener without tls");
}

}  // namespace lp
