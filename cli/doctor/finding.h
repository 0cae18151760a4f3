#pragma once
#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace lp {

// One thing that was looked at from outside, and what came of it.
struct DoctorFinding {
  enum class Level { ok, note, warning, failure };  // note: something to do by hand, which nobody looked at
  Level level = Level::ok;
  std::string check;       // which one, for machines: "redirect_uri"
  std::string what;        // for people; never a secret
  std::string mend{};      // what to do about it; empty where nothing is wrong
  std::string evidence{};  // what was answered, where that says more
};

// What may be asked: what needs no secret leaves no trace at Logto. Nothing more is asked once `stop` is requested; the
// question under way is waited for.
struct DoctorTerms {
  bool with_secrets = true;
  std::stop_token stop{};
};

// Hears of each finding as soon as it is made: the next one may wait for an answer.
using TellFinding = std::function<void(const DoctorFinding&)>;

// "ok", "note", "warning" or "failure"
[[nodiscard]] const char* word_of(DoctorFinding::Level level);
// In one line: what: how to mend it (evidence)
[[nodiscard]] std::string text_of(const DoctorFinding& finding);
// A JSON object of the strings; `realm` where there are several.
[[nodiscard]] std::string json_of_findings(const std::vector<std::pair<std::string, DoctorFinding>>& findings);

}  // namespace lp
