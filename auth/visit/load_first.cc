#include "auth/visit/load_first.h"

#include <memory>
#include <utility>

#include "auth/rules/navigation.h"
#include "auth/session/session_handle.h"
#include "auth/session/session_times.h"
#include "auth/session/store_trust.h"
#include "auth/visit/wait.h"

namespace lp {
namespace {

// Whose record is asked for.
struct Asked {
  SessionHandle handle;
  std::string hash;
};

void tell(const Visit& visit, std::string_view state) {
  visit.realm.log.info("a session cookie stands for no session in the store",
                       {{"id", visit.facts.request_id}, {"state", state}});
}

// A record that does not open is not of this handle: signed out, as with any forged cookie.
void open(Visit& visit, const Asked& asked, const std::string& sealed) {
  const auto bytes = open_session_record(asked.handle, visit.settings().realm, sealed);
  Result<Session> session = bytes ? decode_session(*bytes) : Result<Session>(fail("does not open"));
  if (!session) return tell(visit, "unreadable");
  const SessionLookup before = std::exchange(visit.session, SessionLookup{});
  session->store_handle = before.to_load;
  visit.session = visit.cookies.adopt_loaded(visit.cookies.value_of(visit.fields()), before.secret, std::move(*session),
                                             before.loads_with_first_secret, visit.now_s);
  visit.session.pieces = before.pieces;
}

// Not found, expired and unreachable are three things, to the log too.
void take(Visit& visit, const Asked& asked, const StoredSession& stored) {
  if (stored.kind == StoredSession::Kind::found) {
    visit.realm.proven.put(asked.hash, stored.bytes, stored.generation);
    return open(visit, asked, stored.bytes);
  }
  visit.realm.proven.erase(asked.hash);
  visit.session.ended_at_ms = visit.now_ms;  // or nobody used it, and its record is gone
  tell(visit, stored.kind == StoredSession::Kind::ended ? "ended" : "missing");
}

// A copy that says that nobody used the session says it of the time before the store went away; so does a record, until
// all replicas have told what they saw meanwhile.
bool has_idled_here(const Visit& visit) {
  return visit.session.opened == nullptr && visit.session.expired != nullptr &&
         visit.now_s < session_ends_at_s(visit.session.expired->session, visit.settings().session);
}

// False where nothing is known of the session.
bool take_proven(Visit& visit, const Asked& asked, const std::string& reason) {
  const auto sealed = visit.realm.proven.find(asked.hash);
  visit.realm.log.warning(
      "a session could not be read from the store",
      {{"id", visit.facts.request_id}, {"state", "unreachable"}, {"proven", sealed.has_value()}, {"reason", reason}});
  if (sealed) open(visit, asked, *sealed);
  return sealed.has_value() && !has_idled_here(visit);
}

// True where it is known who it is, be it nobody.
bool take_answer(Visit& visit, const Asked& asked, const Result<StoredSession>& loaded) {
  if (visit.session.to_load.empty()) return true;  // its secret has left the ring meanwhile
  const Secret handle = visit.session.to_load;
  bool known = loaded || take_proven(visit, asked, loaded.error().message);
  if (loaded) take(visit, asked, *loaded);
  const bool is_just_back = may_lack_uses(visit.realm.store_health, visit.realm.clock.monotonic_ms());
  if (loaded && is_just_back && has_idled_here(visit)) known = false;
  visit.session.to_load = Secret();
  if (!visit.session.opened && !visit.session.expired)
    visit.session.not_loaded = std::make_shared<const Secret>(handle);
  visit.session.is_store_away = !loaded || !known;
  return known;
}

}  // namespace

Verdict load_session_first(const Visit& visit, WithoutStore without_store, JudgeVisit judge, Waiting waiting) {
  if (!visit.realm.stored) return unproven_verdict(visit);
  Asked asked;
  asked.handle = *decode_session_handle(visit.session.to_load.reveal());
  asked.hash = session_handle_hash(asked.handle);
  const auto ask = [&asked](const Visit& asking, auto answer) {
    return asking.realm.stored->load(asking.loop, asked.hash, std::move(answer));
  };
  auto judge_loaded = [asked, without_store, judge = std::move(judge)](
                          Visit& judged, const Result<StoredSession>& loaded, Waiting later) {
    const bool known = take_answer(judged, asked, loaded);
    if (!known && without_store == WithoutStore::refuse) return unproven_verdict(judged);
    return judge(judged, std::move(later));
  };
  return wait_for(visit, std::move(waiting), ask, std::move(judge_loaded));
}

Verdict unproven_verdict(const Visit& visit) {
  const bool is_form = is_form_post(*visit.facts.head, visit.facts.wants_upgrade);
  Verdict verdict;
  if (visit.is_navigation() || is_form) {
    PageFacts facts = page_facts(visit);
    // The browser's own reload sends a form again; a link would only open its target.
    if (!visit.may_start_sign_in()) facts.return_to.clear();
    verdict = answer_verdict(visit, "unproven", make_page(PageKind::session_unverified, facts));
  } else {
    verdict = status_verdict(visit, "unproven", 503);
  }
  verdict.set_cookies.clear();
  return verdict;
}

}  // namespace lp
