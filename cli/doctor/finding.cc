#include "cli/doctor/finding.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace lp {
namespace {

using nlohmann::ordered_json;
using Level = DoctorFinding::Level;

ordered_json json_of_finding(const std::string& realm, const DoctorFinding& finding) {
  ordered_json out = {{"level", word_of(finding.level)}, {"check", finding.check}, {"what", finding.what}};
  if (!finding.mend.empty()) out["mend"] = finding.mend;
  if (!finding.evidence.empty()) out["evidence"] = finding.evidence;
  if (!realm.empty()) out["realm"] = realm;
  return out;
}

}  // namespace

const char* word_of(Level level) {
  switch (level) {
    case Level::ok:
      return "ok";
    case Level::note:
      return "note";
    case Level::warning:
      return "warning";
    case Level::failure:
      return "failure";
  }
  return "failure";
}

std::string text_of(const DoctorFinding& finding) {
  std::string text = finding.what;
  if (!finding.mend.empty()) text += ": " + finding.mend;
  if (!finding.evidence.empty()) text += " (" + finding.evidence + ")";
  // Whoever answers in Logto's place must not write lines of ours, nor command the operator's terminal.
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

// What others answered may be bytes of any kind.
std::string json_of_findings(const std::vector<std::pair<std::string, DoctorFinding>>& findings) {
  ordered_json list = ordered_json::array();
  int failures = 0;
  int warnings = 0;
  for (const auto& [realm, finding] : findings) {
    list.push_back(json_of_finding(realm, finding));
    failures += finding.level == Level::failure ? 1 : 0;
    warnings += finding.level == Level::warning ? 1 : 0;
  }
  const ordered_json out = {{"failures", failures}, {"warnings", warnings}, {"findings", std::move(list)}};
  return out.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace lp
