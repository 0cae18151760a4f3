#include "auth/loops/stop.h"

#include <algorithm>
#include <utility>

#include "auth/cookies/cookie_pieces.h"
#include "auth/cookies/pending_cookie.h"
#include "auth/cookies/sign_in_state.h"
#include "auth/loops/detective.h"
#include "auth/loops/sent_back.h"
#include "auth/loops/texts.h"
#include "auth/rules/own_returns.h"
#include "base/crypto.h"
#include "base/encoding.h"

namespace lp {
namespace {

CookieAttributes marker_attributes(const Visit& visit, std::int64_t max_age_s) {
  return common_attributes(visit.settings().session.cookie, visit.facts.external->is_https(),
                           attempt_cookie_domain(visit.settings()), max_age_s);
}

std::vector<std::string> delete_marker(const Visit& visit) {
  return delete_cookie_pieces(visit.cookies.names().loop, marker_attributes(visit, 0), 1);
}

FoundMarker find_marker(const Visit& visit) {
  return find_loop_marker(visit.fields(), visit.cookies.names().loop, visit.realm.keyring()->pending_sealer);
}

// Anybody could write the field, but all it changes is the text of the page that they get themselves.
std::optional<bool> came_by_https(const Fields& fields) {
  const std::string_view scheme = fields.get("X-Forwarded-Proto");
  if (iequals(scheme, "https")) return true;
  if (iequals(scheme, "http")) return false;
  return std::nullopt;
}

// A handle says nothing by itself: what the store said of it is in the visit.
SessionRemains remains_of(const Visit& visit, const Keyring& keyring) {
  SessionRemains remains = session_remains(visit.fields(), visit.cookies.names().session, keyring.session_sealer);
  if (visit.settings().session.store == SessionStore::cookie) return remains;
  const auto& found = visit.session.opened ? visit.session.opened : visit.session.expired;
  if (found) remains.session = found->session;
  return remains;
}

LoopFacts loop_facts(const Visit& visit, std::string_view target) {
  const SessionSettings& session = visit.settings().session;
  const auto keyring = visit.realm.keyring();
  return {target,
          visit.realm.clock.unix_ms(),
          *visit.facts.external,
          session,
          remains_of(visit, *keyring),
          keyring->fingerprint,
          came_by_https(visit.fields()),
          visit.signed_in() != nullptr};
}

void tell(const Visit& visit, const LoopFinding& finding) {
  visit.realm.log.warning("sign-in loop stopped", {{"id", visit.facts.request_id},
                                                   {"cause", loop_cause_word(finding.cause)},
                                                   {"sign_ins", static_cast<std::int64_t>(finding.sign_ins)},
                                                   {"evidence", loop_evidence_line(finding)}});
}

Verdict stopped(const Visit& visit, const LoopFinding& finding, std::string_view return_to, int route) {
  tell(visit, finding);
  PageFacts facts = page_facts(visit);
  facts.return_to = return_to;
  facts.route = route;
  Verdict verdict = answer_verdict(visit, "loop", make_loop_page(std::move(facts), finding));
  append_cookies(verdict, delete_marker(visit));
  return verdict;
}

std::size_t value_bytes(const std::string& set_cookie) {
  const std::size_t start = set_cookie.find('=') + 1;
  return set_cookie.find(';') - start;
}

// Deletions of older pieces carry no value.
LoopNote note_of(const Visit& visit, const PendingSignIn& pending, const std::vector<std::string>& session_cookies) {
  LoopNote note{loop_target(pending.return_to), visit.realm.clock.unix_ms(), 0, 0, false};
  for (const std::string& line : session_cookies) {
    note.pieces += value_bytes(line) > 0 ? 1 : 0;
    note.bytes += value_bytes(line);
  }
  note.alone = pending_cookie_names(visit.fields(), visit.cookies.names().pending_prefix).size() <= 1;
  return note;
}

bool is_noted(const Visit& visit, const PendingSignIn& pending) {
  const std::optional<SignInState> state = read_state(pending.state.reveal(), visit.realm.keyring()->state_sealer);
  return (state && state->route > 0) || is_own_return(without_origin(pending.return_to), visit.settings().auth_prefix);
}

std::string marker_cookie(const Visit& visit, const FoundMarker& found, LoopNote note) {
  const std::string& name = visit.cookies.names().loop;
  const auto keyring = visit.realm.keyring();
  const std::string value =
      loop_marker_value(name, notes_with(found, std::move(note)), found.sign_ins + 1, keyring->fingerprint,
                        keyring->pending_sealer, random_bytes(kXaesNonceBytes));
  return set_cookie_pieces(name, value, marker_attributes(visit, kLoopMarkerLifetimeS), 0).front();
}

}  // namespace

std::optional<Verdict> stop_loop(const Visit& visit, std::string_view return_to, int route) {
  if (!sends_cookie(visit.fields(), visit.cookies.names().loop)) return std::nullopt;
  const std::optional<LoopFinding> finding = judge_redirect(loop_facts(visit, return_to), find_marker(visit));
  if (!finding) return std::nullopt;
  return stopped(visit, *finding, return_to, route);
}

bool stop_silent_loop(const Visit& visit, std::string_view return_to) {
  if (!sends_cookie(visit.fields(), visit.cookies.names().loop)) return false;
  const std::string place = visit.place(return_to);
  if (!was_just_validated(loop_facts(visit, place), find_marker(visit))) return false;
  visit.realm.log.warning("a session that Logto has just vouched for came back as it was before",
                          {{"id", visit.facts.request_id}});
  return true;
}

bool has_just_signed_in(const Visit& visit, std::string_view return_to) {
  if (!sends_cookie(visit.fields(), visit.cookies.names().loop)) return false;
  return was_just_signed_in(loop_facts(visit, return_to), find_marker(visit));
}

std::optional<Verdict> note_delivery(const Visit& visit, const PendingSignIn& pending,
                                     std::vector<std::string>& session_cookies) {
  if (!is_noted(visit, pending)) return std::nullopt;
  const FoundMarker found = find_marker(visit);
  if (const auto finding = judge_delivery(loop_facts(visit, pending.return_to), found)) {
    return stopped(visit, *finding, pending.return_to, 0);
  }
  session_cookies.push_back(marker_cookie(visit, found, note_of(visit, pending, session_cookies)));
  return std::nullopt;
}

Verdict missing_attempt_verdict(const Visit& visit, std::string_view return_to, int route) {
  const LoopFinding finding = explain_missing_attempt(loop_facts(visit, return_to));
  if (finding.cause != LoopCause::cookie_not_returned) return stopped(visit, finding, return_to, route);
  tell(visit, finding);
  PageFacts facts = page_facts(visit);
  facts.return_to = return_to;
  facts.route = route;
  facts.code = loop_cause_word(finding.cause);
  return answer_verdict(visit, "loop", make_page(PageKind::cookies_needed, facts));
}

std::optional<Verdict> foreign_state_verdict(const Visit& visit, std::string_view state) {
  const std::string wanted = pending_cookie_name(visit.cookies.names().pending_prefix, state);
  const auto sent = pending_cookie_names(visit.fields(), visit.cookies.names().pending_prefix);
  const auto finding = explain_foreign_state(std::find(sent.begin(), sent.end(), wanted) != sent.end());
  if (!finding) return std::nullopt;
  return stopped(visit, *finding, "/", 0);
}

Verdict send_back(const Visit& visit, const std::string& return_to) {
  const Session* session = visit.signed_in();
  if (session == nullptr || !visit.is_navigation()) return redirect_verdict(visit, "own", return_to);
  const std::string name = return_marker_name(visit.cookies.names().loop);
  const auto keyring = visit.realm.keyring();
  const Return back{visit.settings(), visit.facts.external->host, without_origin(return_to), session->sub,
                    visit.realm.clock.unix_ms()};
  const FoundMarker found = find_loop_marker(visit.fields(), name, keyring->pending_sealer);
  if (const auto finding = judge_return(back, found)) {
    Verdict verdict = stopped(visit, *finding, return_to, 0);
    append_cookies(verdict, delete_cookie_pieces(name, marker_attributes(visit, 0), 1));
    return verdict;
  }
  Verdict verdict = redirect_verdict(visit, "own", return_to);
  const std::string value = loop_marker_value(name, notes_with(found, note_of_return(back)), 1, keyring->fingerprint,
                                              keyring->pending_sealer, random_bytes(kXaesNonceBytes));
  append_cookies(verdict, set_cookie_pieces(name, value, marker_attributes(visit, kLoopMarkerLifetimeS), 0));
  return verdict;
}

std::vector<std::string> wipe_loop_marker(const Visit& visit) {
  if (!visit.session.may_have_loop_marker) return {};
  if (!sends_cookie(visit.fields(), visit.cookies.names().loop)) return {};
  return delete_marker(visit);
}

}  // namespace lp
