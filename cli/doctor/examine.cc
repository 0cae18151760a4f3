#include "cli/doctor/examine.h"

#include <ctime>
#include <memory>
#include <vector>

#include "cli/doctor/ask_app.h"
#include "cli/doctor/ask_logto.h"
#include "cli/doctor/ask_patreon.h"
#include "cli/doctor/ask_redis.h"
#include "cli/doctor/ask_tls.h"
#include "cli/doctor/judge_acme.h"
#include "cli/doctor/places.h"
#include "config/host_pattern.h"
#include "config/patreon_rules.h"
#include "config/realms.h"

namespace lp {
namespace {

// Discovery fails where Logto's own cannot be trusted, but says nothing of one that is about to expire.
void examine_certificates(const Settings& realm, const TellFinding& tell, const DoctorTerms& terms) {
  const LogtoSettings& logto = realm.logto;
  const Origin& at = logto.connect_to ? *logto.connect_to : logto.endpoint;
  if (at.is_https() && !terms.stop.stop_requested()) tell(ask_tls(at, at, logto.ca_file, std::time(nullptr)));
  for (const Origin& external : realm.external_urls) {
    if (terms.stop.stop_requested()) return;
    if (external.is_https() && !is_wildcard(external.host)) tell(ask_tls(external, external, "", std::time(nullptr)));
  }
}

void examine_realm(const Settings& realm, const TellFinding& tell, const DoctorTerms& terms) {
  ask_logto(realm, tell, terms);
  for (const DoctorFinding& finding : judge_schemes(realm)) tell(finding);
  examine_certificates(realm, tell, terms);
}

void examine_neighbours(const Settings& settings, const TellRealm& tell, const DoctorTerms& terms) {
  for (const auto& [name, upstream] : settings.upstreams) {
    if (terms.stop.stop_requested()) return;
    tell("", ask_app(upstream));
  }
  if (settings.redis.is_configured() && terms.with_secrets) tell("", ask_redis(settings.redis));
  if (asks_patreon(settings) && !terms.stop.stop_requested()) tell("", ask_patreon(settings));
}

}  // namespace

void examine(const Settings& settings, const TellRealm& tell, const DoctorTerms& terms) {
  for (const auto& own : settings_of_realms(std::make_shared<const Settings>(settings))) {
    const std::string realm = settings.realms.empty() ? "" : own->realm;
    examine_realm(
        *own, [&](const DoctorFinding& finding) { tell(realm, finding); }, terms);
  }
  examine_neighbours(settings, tell, terms);
  for (const auto& list : {judge_app_ports(settings), judge_admin(settings), judge_secret_files(settings),
                           judge_acme(settings, std::time(nullptr))}) {
    for (const DoctorFinding& finding : list) tell("", finding);
  }
}

}  // namespace lp
