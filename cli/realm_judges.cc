#include "cli/realm_judges.h"

#include "config/realms.h"

namespace lp {

RealmJudges::RealmJudges(const Settings& whole)
    : settings_(settings_of_realms(std::make_shared<const Settings>(whole))) {
  for (const auto& settings : settings_) judges_.emplace_back(*settings);
}

const RequestJudge& RealmJudges::of(const AskedRequest& asked, std::int64_t now_s) const {
  for (const RequestJudge& judge : judges_) {
    if (judge.judge(asked, nullptr, now_s).outcome != Judgement::Outcome::misdirected) return judge;
  }
  return judges_.front();
}

}  // namespace lp
