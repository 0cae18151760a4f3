#include "cli/doctor.h"

#include <cstdio>
#include <utility>
#include <vector>

#include "cli/doctor/examine.h"
#include "cli/exit_status.h"
#include "cli/load_or_complain.h"
#include "cli/logto/examine_tenant.h"

namespace lp {
namespace {

using Level = DoctorFinding::Level;

void examine_all(const Settings& settings, const TellRealm& tell) {
  examine(settings, tell);
  if (has_management(settings)) examine_tenant(settings, tell);
}

int examine_as_json(const Settings& settings) {
  std::vector<std::pair<std::string, DoctorFinding>> findings;
  bool good = true;
  examine_all(settings, [&](const std::string& realm, const DoctorFinding& finding) {
    good = good && finding.level != Level::failure;
    findings.emplace_back(realm, finding);
  });
  std::fputs(json_of_findings(findings).c_str(), stdout);
  return std::fflush(stdout) == 0 && good ? kExitOk : kExitFailed;
}

}  // namespace

int examine_aloud(const Settings& settings) {
  bool good = true;
  examine_all(settings, [&](const std::string& realm, const DoctorFinding& finding) {
    const std::string of = realm.empty() ? "" : "realm " + realm + ": ";
    std::printf("%-8s %s%s\n", word_of(finding.level), of.c_str(), text_of(finding).c_str());
    std::fflush(stdout);
    good = good && finding.level != Level::failure;
  });
  return good ? kExitOk : kExitFailed;
}

int run_doctor(const std::string& config_path, const DoctorOptions& options) {
  const auto settings = load_or_complain(config_path);
  if (!settings) return kExitConfig;
  return options.json ? examine_as_json(*settings) : examine_aloud(*settings);
}

}  // namespace lp
