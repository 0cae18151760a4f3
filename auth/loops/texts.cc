#include "auth/loops/texts.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/check.h"

namespace lp {
namespace {

struct CauseText {
  LoopCause cause;
  TextKey what;
  TextKey visitor;
  TextKey operator_;
};
constexpr std::array kCauses = {
    CauseText{LoopCause::cookie_not_returned, "loop.cookie_not_returned.what", "loop.cookie_not_returned.visitor",
              "loop.cookie_not_returned.operator"},
    CauseText{LoopCause::cookie_removed_on_path, "loop.cookie_removed_on_path.what",
              "loop.cookie_removed_on_path.visitor", "loop.cookie_removed_on_path.operator"},
    CauseText{LoopCause::insecure_cookie, "loop.insecure_cookie.what", "loop.insecure_cookie.visitor",
              "loop.insecure_cookie.operator"},
    CauseText{LoopCause::wrong_domain, "loop.wrong_domain.what", "loop.wrong_domain.visitor",
              "loop.wrong_domain.operator"},
    CauseText{LoopCause::duplicate_cookie, "loop.duplicate_cookie.what", "loop.duplicate_cookie.visitor",
              "loop.duplicate_cookie.operator"},
    CauseText{LoopCause::cookie_too_large, "loop.cookie_too_large.what", "loop.cookie_too_large.visitor",
              "loop.cookie_too_large.operator"},
    CauseText{LoopCause::different_secrets, "loop.different_secrets.what", "loop.different_secrets.visitor",
              "loop.different_secrets.operator"},
    CauseText{LoopCause::clock_skew, "loop.clock_skew.what", "loop.clock_skew.visitor", "loop.clock_skew.operator"},
    CauseText{LoopCause::ended_at_once, "loop.ended_at_once.what", "loop.ended_at_once.visitor",
              "loop.ended_at_once.operator"},
    CauseText{LoopCause::sent_back, "loop.sent_back.what", "loop.sent_back.visitor", "loop.sent_back.operator"},
};

struct SightText {
  LoopSight sight;
  TextKey text;
};
constexpr std::array kSights = {
    SightText{LoopSight::session_was_set, "seen.session_was_set"},
    SightText{LoopSight::nothing_came_back, "seen.nothing_came_back"},
    SightText{LoopSight::some_came_back, "seen.some_came_back"},
    SightText{LoopSight::came_twice, "seen.came_twice"},
    SightText{LoopSight::does_not_open, "seen.does_not_open"},
    SightText{LoopSight::cookie_domain, "seen.cookie_domain"},
    SightText{LoopSight::plain_http, "seen.plain_http"},
    SightText{LoopSight::none_needs_secure, "seen.none_needs_secure"},
    SightText{LoopSight::secrets_differ, "seen.secrets_differ"},
    SightText{LoopSight::ahead_of_our_clock, "seen.ahead_of_our_clock"},
    SightText{LoopSight::expired_on_arrival, "seen.expired_on_arrival"},
    SightText{LoopSight::ended_though_current, "seen.ended_though_current"},
    SightText{LoopSight::not_in_store, "seen.not_in_store"},
    SightText{LoopSight::callback_has_session, "seen.callback_has_session"},
    SightText{LoopSight::attempt_cookie_missing, "seen.attempt_cookie_missing"},
    SightText{LoopSight::attempt_cookie_opens_not, "seen.attempt_cookie_opens_not"},
    SightText{LoopSight::sent_back_signed_in, "seen.sent_back_signed_in"},
    SightText{LoopSight::told_app, "seen.told_app"},
    SightText{LoopSight::told_nothing, "seen.told_nothing"},
    SightText{LoopSight::asked_by_other_proxy, "seen.asked_by_other_proxy"},
    SightText{LoopSight::answers_itself, "seen.answers_itself"},
    SightText{LoopSight::no_route_there, "seen.no_route_there"},
    SightText{LoopSight::action_leads_here, "seen.action_leads_here"},
};

const CauseText& cause_text(LoopCause cause) {
  const auto found = std::find_if(kCauses.begin(), kCauses.end(), [&](const CauseText& c) { return c.cause == cause; });
  LP_CHECK(found != kCauses.end(), "a cause without texts");
  return *found;
}

std::string sight_line(const LoopEvidence& evidence, const Language& language) {
  const auto found =
      std::find_if(kSights.begin(), kSights.end(), [&](const SightText& s) { return s.sight == evidence.sight; });
  LP_CHECK(found != kSights.end(), "a sight without a text");
  return fill_text(language.say(found->text), evidence.values);
}

}  // namespace

std::vector<std::string> loop_paragraphs(const LoopFinding& finding, const Language& language) {
  const CauseText& text = cause_text(finding.cause);
  std::vector<std::string> paragraphs;
  for (const TextKey key : {text.what, text.visitor, text.operator_}) paragraphs.emplace_back(language.say(key));
  return paragraphs;
}

std::vector<std::string> loop_evidence(const LoopFinding& finding, const Language& language) {
  std::vector<std::string> lines;
  for (const LoopEvidence& evidence : finding.evidence) lines.push_back(sight_line(evidence, language));
  return lines;
}

std::string loop_evidence_line(const LoopFinding& finding) {
  std::string line;
  for (const std::string& text : loop_evidence(finding, Language::english)) {
    line.append(line.empty() ? "" : " ").append(text);
  }
  return line;
}

Answer make_loop_page(PageFacts facts, const LoopFinding& finding) {
  const Language language = facts.language();
  facts.paragraphs = loop_paragraphs(finding, language);
  facts.evidence = loop_evidence(finding, language);
  facts.code = loop_cause_word(finding.cause);
  return make_page(PageKind::loop_stopped, facts);
}

}  // namespace lp
