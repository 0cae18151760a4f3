#include "auth/endpoints/account_page.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "auth/pages/person_words.h"
#include "auth/session/claim_path.h"

namespace lp {
namespace {

using Rows = std::vector<PageRow>;

struct ClaimLabel {
  const char* claim;
  TextKey label;
};
constexpr std::array kClaims = {
    ClaimLabel{"name", "account.name"},
    ClaimLabel{"username", "account.username"},
    ClaimLabel{"email", "account.email"},
    ClaimLabel{"roles", "account.roles"},
};

void add_row(Rows& rows, TextKey label, const Language& language, std::string value) {
  rows.push_back({std::string(language.say(label)), std::move(value), ""});
}

// A string as it stands, a list of strings with commas; empty for anything else.
std::string claim_text(const nlohmann::json& claim) {
  if (claim.is_string()) return claim.get<std::string>();
  std::string text;
  if (!claim.is_array()) return text;
  for (const nlohmann::json& element : claim) {
    if (element.is_string()) text.append(text.empty() ? "" : ", ").append(element.get_ref<const std::string&>());
  }
  return text;
}

void add_claims(Rows& rows, const Session& session, const Language& language) {
  for (const auto& [claim, label] : kClaims) {
    const auto found = session.claims->find(claim);
    if (found == session.claims->end() || is_shortened(*session.claims, claim)) continue;
    std::string text = claim_text(*found);
    if (!text.empty()) add_row(rows, label, language, std::move(text));
  }
  add_row(rows, "account.user_id", language, session.sub);
}

void add_moment(Rows& rows, TextKey label, const Language& language, std::int64_t unix_s, std::string text) {
  rows.push_back({std::string(language.say(label)), std::move(text), moment_for_machines(unix_s)});
}

void add_times(Rows& rows, const AccountTimes& times, const Language& language, const TimeZone& zone) {
  const std::string left = span_text(times.ends_at_s - times.now_s, language);
  const std::string ends = moment_text(times.ends_at_s, language, zone);
  add_moment(rows, "account.signed_in", language, times.signed_in_at_s,
             moment_text(times.signed_in_at_s, language, zone));
  add_moment(rows, "account.ends", language, times.ends_at_s, fill_text(language.say("account.ends_at"), {ends, left}));
  if (times.now_s + times.idle_timeout_s >= times.ends_at_s) return;
  add_row(rows, "account.idle", language,
          fill_text(language.say("account.idle_after"), {span_text(times.idle_timeout_s, language)}));
}

}  // namespace

Answer make_account_page(PageFacts facts, const Session& session, const AccountTimes& times) {
  const Language language = facts.language();
  add_claims(facts.rows, session, language);
  add_times(facts.rows, times, language, facts.look().time_zone);
  return make_page(PageKind::account, facts);
}

}  // namespace lp
