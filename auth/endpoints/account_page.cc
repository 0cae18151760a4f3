#include "auth/endpoints/account_page.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "auth/pages/person_words.h"
#include "auth/session/claim_path.h"

namespace lp {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

struct Label {
  std::string_view english;
  std::string_view japanese;
};
std::string text_of(const Label& label, Language language) {
  return std::string(language == Language::japanese ? label.japanese : label.english);
}

struct ClaimLabel {
  const char* claim;
  Label label;
};
constexpr std::array kClaims = {
    ClaimLabel{"name", {"Name", "名前"}},
    ClaimLabel{"username", {"Username", "ユーザー名"}},
    ClaimLabel{"email", {"E-mail", "メールアドレス"}},
    ClaimLabel{"roles", {"Roles", "ロール"}},
};
constexpr Label kUserId{"User ID", "ユーザー ID"};
constexpr Label kSignedIn{"Signed in", "サインイン日時"};
constexpr Label kEnds{"Session ends", "セッション終了"};
constexpr Label kIdle{"Ends earlier", "自動終了"};

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

void add_claims(Rows& rows, const Session& session, Language language) {
  for (const auto& [claim, label] : kClaims) {
    const auto found = session.claims->find(claim);
    if (found == session.claims->end() || is_shortened(*session.claims, claim)) continue;
    std::string text = claim_text(*found);
    if (!text.empty()) rows.emplace_back(text_of(label, language), std::move(text));
  }
  rows.emplace_back(text_of(kUserId, language), session.sub);
}

std::string idle_text(std::int64_t idle_timeout_s, Language language) {
  const std::string span = span_text(idle_timeout_s, language);
  return language == Language::japanese ? span + "操作がない場合" : "after " + span + " without use";
}

void add_times(Rows& rows, const AccountTimes& times, Language language) {
  const bool japanese = language == Language::japanese;
  const std::string left = span_text(times.ends_at_s - times.now_s, language);
  rows.emplace_back(text_of(kSignedIn, language), moment_text(times.signed_in_at_s, language));
  rows.emplace_back(text_of(kEnds, language), moment_text(times.ends_at_s, language) +
                                                  (japanese ? "（残り" + left + "）" : " (in " + left + ")"));
  if (times.now_s + times.idle_timeout_s >= times.ends_at_s) return;
  rows.emplace_back(text_of(kIdle, language), idle_text(times.idle_timeout_s, language));
}

}  // namespace

Answer make_account_page(PageFacts facts, const Session& session, const AccountTimes& times) {
  const Language language = choose_language(facts.accept_language);
  add_claims(facts.rows, session, language);
  add_times(facts.rows, times, language);
  return make_page(PageKind::account, facts);
}

}  // namespace lp
