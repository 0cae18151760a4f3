#include "auth/visit/load_first.h"

#include <utility>

#include "auth/rules/navigation.h"
#include "auth/session/session_handle.h"
#include "auth/session/store_trust.h"
#include "auth/visit/verdict.h"

namespace lp {
namespace {

// Waits for the store, then judges, which may wait again.
class LoadWait final : public PendingVerdict {
 public:
  LoadWait(const Visit& visit, WithoutStore without_store, JudgeVisit judge, LaterVerdict later)
      : visit_(visit),
        without_store_(without_store),
        judge_(std::move(judge)),
        later_(std::move(later)),
        handle_(*decode_session_handle(visit.session.to_load.reveal())),
        hash_(session_handle_hash(handle_)) {
    question_ = visit_.realm.stored->load(visit_.loop, hash_, [this](const auto& loaded) { finish(loaded); });
  }

 private:
  void finish(const Result<StoredSession>& loaded) {
    visit_.loop.defer_delete(std::move(question_));  // its callback is on the stack, and `later` may drop this
    visit_.now_s = visit_.realm.clock.unix_s();
    const LaterVerdict later = std::move(later_);
    Verdict verdict = judge_after(loaded, later);
    if (verdict.kind != Verdict::Kind::wait) later(std::move(verdict));
  }

  Verdict judge_after(const Result<StoredSession>& loaded, const LaterVerdict& later) {
    const bool known = loaded ? take(*loaded) : take_proven(loaded.error().message);
    visit_.session.to_load = Secret();
    if (!known && without_store_ == WithoutStore::refuse) return unproven_verdict(visit_);
    return judge_(visit_, Waiting{later, next_});
  }

  // Not found, expired and unreachable are three things, to the log too.
  bool take(const StoredSession& stored) {
    if (stored.kind == StoredSession::Kind::found) {
      visit_.realm.proven.put(hash_, stored.bytes);
      return open(stored.bytes);
    }
    visit_.realm.proven.erase(hash_);
    tell(stored.kind == StoredSession::Kind::ended ? "ended" : "missing");
    return true;
  }

  bool take_proven(const std::string& reason) {
    const auto sealed = visit_.realm.proven.find(hash_);
    visit_.realm.log.warning("a session could not be read from the store", {{"id", visit_.facts.request_id},
                                                                            {"state", "unreachable"},
                                                                            {"proven", sealed.has_value()},
                                                                            {"reason", reason}});
    return sealed && open(*sealed);
  }

  // A record that does not open is not of this handle: signed out, as with any forged cookie.
  bool open(const std::string& sealed) {
    const auto bytes = open_session_record(handle_, visit_.settings().realm, sealed);
    Result<Session> session = bytes ? decode_session(*bytes) : Result<Session>(fail("does not open"));
    if (!session) {
      tell("unreadable");
      return true;
    }
    const std::size_t pieces = visit_.session.pieces;
    session->store_handle = visit_.session.to_load;
    visit_.session = visit_.cookies.adopt_loaded(visit_.cookies.value_of(visit_.fields()), std::move(*session),
                                                 visit_.session.loads_with_first_secret, visit_.now_s);
    visit_.session.pieces = pieces;
    return true;
  }

  void tell(std::string_view state) {
    visit_.realm.log.info("a session cookie stands for no session in the store",
                          {{"id", visit_.facts.request_id}, {"state", state}});
  }

  Visit visit_;
  WithoutStore without_store_;
  JudgeVisit judge_;
  LaterVerdict later_;
  SessionHandle handle_;
  std::string hash_;
  std::unique_ptr<StoredSessions::Question> question_;
  std::unique_ptr<PendingVerdict> next_;
};

}  // namespace

Verdict load_session_first(const Visit& visit, WithoutStore without_store, JudgeVisit judge, Waiting waiting) {
  if (!visit.realm.stored) return unproven_verdict(visit);
  waiting.wait = std::make_unique<LoadWait>(visit, without_store, std::move(judge), std::move(waiting.later));
  Verdict verdict;
  verdict.kind = Verdict::Kind::wait;
  return verdict;
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
