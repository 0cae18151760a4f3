#include "auth/endpoints/callback.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "auth/cookies/pending_cookie.h"
#include "auth/cookies/sign_in_state.h"
#include "auth/endpoints/sign_in.h"
#include "auth/endpoints/sign_in_reasons.h"
#include "auth/endpoints/sign_out.h"
#include "auth/loops/stop.h"
#include "auth/oidc/app_token_needs.h"
#include "auth/realm/end_sessions.h"
#include "auth/rules/return_to.h"
#include "auth/session/proof.h"
#include "auth/visit/load_first.h"
#include "auth/visit/wait.h"

namespace lp {
namespace {

// A refusal as a page for people and one line for the log; `rule` is the word that both share.
struct Refusal {
  PageKind page = PageKind::sign_in_failed;
  int status = 400;
  std::string rule;
  std::string return_to = "/";
  int route = 0;  // whose sign-in settings the page's links ask for
};

Verdict refuse(const Visit& visit, const Refusal& refusal) {
  PageFacts facts = page_facts(visit);
  facts.return_to = refusal.return_to;
  facts.route = refusal.route;
  facts.code = refusal.rule;
  if (const auto reason = sign_in_reason(refusal.rule)) facts.paragraphs.emplace_back(facts.language().say(*reason));
  Answer answer = visit.is_navigation()
                      ? make_page(refusal.page, facts, refusal.status)
                      : make_json_error(refusal.status, "sign_in_failed", "The sign-in did not succeed.",
                                        visit.facts.request_id, {{"rule", refusal.rule}});
  return answer_verdict(visit, "own", std::move(answer));
}

// Whose matter it is that a sign-in failed, by the one word that says why.
enum class Concern { person, account, operator_, provider };

// RFC 6749 4.1.2.1 and OIDC Core 3.1.2.6, and what our own checks say: a refused account can be another one, what the
// configuration asks for in vain no person can mend.
Concern concern_of(std::string_view rule) {
  constexpr std::array<std::string_view, 9> kOperator = {
      "invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope",      "invalid_target",
      "invalid_client",  "client_credentials",  "request_not_supported",     "invalid_request_uri"};
  if (rule == "access_denied") return Concern::account;
  if (rule == "server_error" || rule == "temporarily_unavailable") return Concern::provider;
  return std::find(kOperator.begin(), kOperator.end(), rule) != kOperator.end() ? Concern::operator_ : Concern::person;
}

// The page and status for a sign-in that failed by `rule`; `otherwise` where it is nobody's in particular.
std::pair<PageKind, int> page_of(std::string_view rule, std::pair<PageKind, int> otherwise) {
  switch (concern_of(rule)) {
    case Concern::account:
      return {PageKind::sign_in_denied, 403};
    case Concern::operator_:
      return {PageKind::sign_in_broken, 502};
    case Concern::provider:
      return {PageKind::sign_in_unavailable, 503};
    case Concern::person:
      break;
  }
  return otherwise;
}

void log_refusal(const Visit& visit, std::string_view rule, std::string_view message) {
  visit.realm.log.warning("sign-in failed",
                          {{"id", visit.facts.request_id}, {"phase", "callback"}, {"rule", rule}, {"reason", message}});
}

// Sealed by us and vetted when it was made; judged again because a redirect follows from it.
std::string target_of(const Visit& visit, std::string_view return_to) {
  return vet_sealed_return_to(return_to, *visit.facts.external, visit.settings()).value_or("/");
}

std::vector<std::string> remove_attempt(const Visit& visit, std::string_view state) {
  return visit.cookies.remove_pending(visit.fields(),
                                      {pending_cookie_name(visit.cookies.names().pending_prefix, state)});
}

// --- stale callbacks ---

// No pending sign-in of this browser belongs to the response: it is never exchanged. One that began here (the state is
// ours) goes on to the target or starts afresh, once; any other is refused (threats O01, O05, O43).
Verdict answer_stale(const Visit& visit, const CallbackResponse& response, const FoundPending& found, Waiting waiting) {
  const std::optional<SignInState> state = read_state(response.state, visit.realm.keyring()->state_sealer);
  if (!state) {
    if (std::optional<Verdict> foreign = foreign_state_verdict(visit, response.state)) return std::move(*foreign);
    log_refusal(visit, "state", "no pending sign-in of this browser has this state");
    return refuse(visit, {PageKind::sign_in_failed, 400, "state", "/"});
  }
  const bool readable = found.fate == PendingFate::expired;
  const std::string target = target_of(visit, readable ? found.pending.return_to : state->return_to);
  if (visit.signed_in() != nullptr) return redirect_verdict(visit, "own", target);
  if (state->fresh_start) {
    return missing_attempt_verdict(visit, target, state->route);
  }
  if (!visit.may_start_sign_in()) return refuse(visit, {PageKind::sign_in_expired, 400, "expired", target});
  SignInStart start;
  start.return_to = target;
  start.route = state->route;
  start.sign_in = sign_in_settings_of_route(visit.settings(), state->route);
  start.fresh_start = true;
  start.is_chosen = true;
  return start_sign_in(visit, std::move(start), std::move(waiting));
}

// --- error responses ---

// What Logto answers to prompt=none when it would have to ask the person something (OIDC Core 3.1.2.6).
bool needs_person(std::string_view error) {
  constexpr std::array<std::string_view, 4> kErrors = {"login_required", "consent_required", "interaction_required",
                                                       "account_selection_required"};
  return std::find(kErrors.begin(), kErrors.end(), error) != kErrors.end();
}

// Logto does not vouch for the session any more: it ends here, and the target, asked for again, starts an ordinary
// sign-in by its route's rule. No loop: without a session nothing is asked silently.
Verdict end_unvouched_session(const Visit& visit, const CallbackResponse& response, const PendingSignIn& pending) {
  visit.realm.log.info("Logto vouches for this session no more, it ends",
                       {{"id", visit.facts.request_id},
                        {"rule", response.error},
                        {"reason", response.error_description},
                        {"sub", visit.signed_in() == nullptr ? std::string_view() : visit.signed_in()->sub}});
  Visit signed_out = visit;
  signed_out.session = SessionLookup{};
  Verdict verdict = redirect_verdict(signed_out, "own", target_of(visit, pending.return_to));
  append_cookies(verdict, visit.cookies.remove(std::max<std::size_t>(visit.session.pieces, 1)));
  append_cookies(verdict, remove_attempt(visit, response.state));
  return verdict;
}

// The same sign-in once more.
SignInStart once_more(const Visit& visit, const PendingSignIn& pending) {
  const std::optional<SignInState> state = read_state(pending.state.reveal(), visit.realm.keyring()->state_sealer);
  SignInStart start;
  start.return_to = target_of(visit, pending.return_to);
  start.route = state ? state->route : 0;
  start.sign_in = sign_in_settings_of_route(visit.settings(), start.route);
  if (!pending.with.empty()) start.sign_in.with = pending.with;
  if (pending.max_age_s != kNoMaxAge) start.max_age_s = pending.max_age_s;
  start.is_chosen = true;
  start.silent = pending.silent;
  start.step_up = pending.step_up;
  start.proof_asked = pending.proof_asked;
  start.ended_at_ms = pending.ended_at_ms;
  start.resources_asked = pending.resources_asked;
  start.answered_state = pending.state.reveal();
  return start;
}

// Anybody can bring this error to a sign-in of their own, also where none is configured.
bool asked_for_resources(const Visit& visit, const PendingSignIn& pending) {
  return pending.resources_asked != ResourcesAsked::none && !app_token_needs(visit.settings()).resources.empty();
}

// One API resource that Logto does not know fails the whole request. Which one it is is asked, in nobody's name; the
// sign-in goes on without it, or without any where that is not to be found out.
Verdict leave_resource_out(const Visit& visit, const CallbackResponse& response, const PendingSignIn& pending,
                           Waiting waiting) {
  visit.realm.log.error(
      "Logto does not know an API resource of the routes (token.resource): the sign-in goes on without it",
      {{"id", visit.facts.request_id}, {"phase", "callback"}, {"reason", response.error_description}});
  const auto ask = [](const Visit& asking, auto answer) {
    return asking.realm.auth->probe_resources(asking.loop, std::move(answer));
  };
  auto judge = [pending](const Visit& judged, Result<bool> is_known, Waiting later) {
    SignInStart start = once_more(judged, pending);
    const bool first = pending.resources_asked == ResourcesAsked::known && is_known && *is_known;
    start.resources_asked = first ? ResourcesAsked::known_again : ResourcesAsked::none;
    return start_sign_in(judged, std::move(start), std::move(later));
  };
  return wait_for(visit, std::move(waiting), ask, std::move(judge));
}

void log_error_response(const Visit& visit, std::string_view rule, std::string_view reason) {
  if (concern_of(rule) != Concern::operator_) return log_refusal(visit, rule, reason);
  visit.realm.log.error(
      "sign-in failed: Logto refuses what we ask for, check logto.app_id, logto.scopes, token.resource and the sign_in "
      "settings",
      {{"id", visit.facts.request_id}, {"phase", "callback"}, {"rule", rule}, {"reason", reason}});
}

Verdict answer_error(const Visit& visit, const CallbackResponse& response, const PendingSignIn& pending,
                     Waiting waiting) {
  const auto metadata = visit.realm.auth ? visit.realm.auth->metadata() : nullptr;
  const Result<void> issuer =
      judge_callback_issuer(response, visit.settings().logto.issuer(), metadata && metadata->iss_parameter_supported);
  if (issuer && pending.silent && needs_person(response.error)) return end_unvouched_session(visit, response, pending);
  if (issuer && response.error == "invalid_target" && asked_for_resources(visit, pending) && visit.realm.auth) {
    return leave_resource_out(visit, response, pending, std::move(waiting));
  }
  const std::string rule = issuer ? response.error : "iss";
  log_error_response(visit, rule, issuer ? response.error_description : issuer.error().message);
  const auto [page, status] = page_of(rule, {PageKind::sign_in_failed, 400});
  const std::optional<SignInState> state = read_state(response.state, visit.realm.keyring()->state_sealer);
  Verdict verdict = refuse(visit, {page, status, rule, target_of(visit, pending.return_to), state ? state->route : 0});
  append_cookies(verdict, remove_attempt(visit, response.state));
  return verdict;
}

// --- the exchange ---

// A silent answer or a step-up for the same person continues their session: its absolute lifetime goes on counting from
// the real sign-in, and what the new answer lacks (a refresh token) is kept. Everything else is a new session.
Session joined_with_old(const Visit& visit, Session fresh, const PendingSignIn& pending) {
  const Session* old = visit.signed_in();
  fresh.validated_at_s = visit.now_s;
  fresh.signed_in_at_ms = visit.now_ms;
  fresh.generation = 1;
  if (old == nullptr || !(pending.silent || pending.step_up) || old->sub != fresh.sub) return fresh;
  visit.realm.tokens.rename(fresh.id, old->id);
  fresh.id = old->id;
  // Whoever has a copy of the old handle must not gain by what the person proves now.
  if (!pending.step_up) fresh.store_handle = old->store_handle;
  fresh.authenticated_at_s = std::max(fresh.authenticated_at_s, old->authenticated_at_s);
  fresh.signed_in_at_ms = old->signed_in_at_ms;
  fresh.generation = old->generation + 1;
  if (!fresh.refresh_token.empty()) return fresh;
  fresh.refresh_token = old->refresh_token;
  fresh.nonce_hash = old->nonce_hash;
  return fresh;
}

// No answer that is still under way may put the old session's cookie over the new one's. Another person's session ends
// for good, with its grant, which would live on unseen (threats O35, C13).
void end_replaced(const Visit& visit, const Session& fresh) {
  const Session* old = visit.signed_in();
  if (old == nullptr || old->id == fresh.id) return;
  visit.realm.generations.superseded(old->id, visit.now_s);
  visit.realm.tokens.drop(old->id);
  if (old->sub == fresh.sub) return;
  end_session(visit.realm, *old);
  tell_signed_out(visit, old->sub, "another sign-in in this browser");
  if (old->refresh_token.empty()) return;
  visit.realm.auth->revoke_refresh_token(std::string(visit.facts.request_id), old->refresh_token);
}

// Logto may have ended the session, or an operator the user's sessions, while the code was being exchanged.
bool is_ended_already(const Visit& visit, const Session& fresh) {
  return visit.realm.revocations.is_revoked(revocation_keys(visit.settings().realm, fresh.id, fresh.sid, fresh.sub),
                                            fresh.signed_in_at_ms);
}

bool continues_old(const Visit& visit, const Session& fresh) {
  return visit.signed_in() != nullptr && visit.signed_in()->id == fresh.id;
}

// What Logto gave for a sign-in that comes to nothing. A session that it would have continued lives on, by the same
// grant, and keeps both.
void give_back(const Visit& visit, const Session& fresh) {
  if (continues_old(visit, fresh) && !is_ended_already(visit, fresh)) return;
  visit.realm.tokens.drop(fresh.id);
  if (fresh.refresh_token.empty()) return;
  visit.realm.auth->revoke_refresh_token(std::string(visit.facts.request_id), fresh.refresh_token);
}

// The same sign-in once more, by which the person proves that they are there.
Verdict prove_anew(const Visit& visit, const PendingSignIn& pending, ProofAsked asked, std::int64_t ended_at_ms,
                   Waiting waiting) {
  SignInStart start = once_more(visit, pending);
  start.silent = false;
  start.step_up = false;
  start.proof_asked = asked;
  start.ended_at_ms = ended_at_ms;
  return start_sign_in(visit, std::move(start), std::move(waiting));
}

Verdict answer_unproven_person(const Visit& visit, const PendingSignIn& pending) {
  log_refusal(
      visit, "proof",
      "a session of this person was ended, and Logto did not say that they have signed in since, though asked by "
      "prompt=login and max_age: auth_time is missing from the ID token or too old");
  Verdict verdict = refuse(visit, {PageKind::proof_missing, 400, "proof", target_of(visit, pending.return_to)});
  append_cookies(verdict, remove_attempt(visit, pending.state.reveal()));
  return verdict;
}

// Nullopt: it goes on. A session that lives was proven when it began. What ended is known by the session that the
// browser sent when this began, and by the records of this person and of their session at Logto.
std::optional<Verdict> judge_proof(const Visit& visit, const PendingSignIn& pending, const Session& fresh,
                                   Waiting& waiting) {
  if (continues_old(visit, fresh)) return std::nullopt;
  const std::int64_t ended_at_ms = std::max(pending.ended_at_ms, proof_needed_since_ms(visit.realm, fresh));
  switch (judge_proof(pending, ended_at_ms, fresh.authenticated_at_s, visit.now_s)) {
    case ProofVerdict::proven:
      return std::nullopt;
    case ProofVerdict::ask_max_age:
      return prove_anew(visit, pending, ProofAsked::max_age, ended_at_ms, std::move(waiting));
    case ProofVerdict::ask_password:
      return prove_anew(visit, pending, ProofAsked::password, ended_at_ms, std::move(waiting));
    case ProofVerdict::missing:
      break;
  }
  return answer_unproven_person(visit, pending);
}

std::string largest_claim(const Session& session) {
  std::string largest;
  std::size_t most = 0;
  for (const auto& [name, claim] : session.claims->items()) {
    const std::size_t bytes = nlohmann::json::to_cbor(claim).size();
    if (bytes > most) largest = name + " (" + std::to_string(bytes) + " bytes)";
    most = std::max(most, bytes);
  }
  return largest;
}

Verdict answer_too_large(const Visit& visit, const PendingSignIn& pending, const Session& fresh) {
  const bool in_cookies = visit.realm.settings->session.store == SessionStore::cookie;
  visit.realm.log.error(std::string("nobody with so many claims can sign in, for the session does not fit into ") +
                            (in_cookies ? "cookies: set session.store: redis, or " : "the store: ") +
                            "give the user fewer roles in Logto, or name fewer claims under identity_headers",
                        {{"id", visit.facts.request_id},
                         {"phase", "callback"},
                         {"rule", "session_too_large"},
                         {"sub", fresh.sub},
                         {"largest_claim", largest_claim(fresh)}});
  return refuse(visit, {PageKind::session_too_large, 500, "session_too_large", target_of(visit, pending.return_to)});
}

Verdict answer_ended_already(const Visit& visit, const PendingSignIn& pending) {
  log_refusal(visit, "signed_out", "the session was ended while it was being made");
  Verdict verdict = refuse(visit, {PageKind::sign_in_failed, 400, "signed_out", target_of(visit, pending.return_to)});
  append_cookies(verdict, remove_attempt(visit, pending.state.reveal()));
  return verdict;
}

struct SignedInAs {
  std::string sub;
  std::string amr;  // empty: Logto did not say
  bool continues = false;
};

// Who has signed in, and how, as far as we asked and Logto says: where Logto's page let people choose, its audit log
// knows.
void tell(const Visit& visit, const PendingSignIn& pending, const SignedInAs& who) {
  const std::string_view what = !who.continues ? "signed in" : pending.silent ? "revalidated" : "signed in once more";
  visit.realm.log.info(what, {{"id", visit.facts.request_id},
                              {"sub", who.sub},
                              {"with", pending.with.empty() ? std::string_view("logto") : pending.with},
                              {"amr", who.amr},
                              {"silent", pending.silent}});
}

struct Success {
  std::optional<SignedInAs> who;           // none: nobody has signed in
  std::optional<SessionToStore> to_store;  // what the store must have before the answer may go out
};

// `fresh` becomes the session that begins or goes on.
Verdict answer_success(const Visit& visit, const PendingSignIn& pending, Session& fresh, const std::string& amr,
                       Success& success, Waiting& waiting) {
  fresh = joined_with_old(visit, std::move(fresh), pending);
  std::optional<Verdict> ended;
  if (is_ended_already(visit, fresh)) ended = answer_ended_already(visit, pending);
  if (!ended) ended = judge_proof(visit, pending, fresh, waiting);
  if (ended) {
    give_back(visit, fresh);
    return std::move(*ended);
  }
  SignedInAs who{fresh.sub, amr, continues_old(visit, fresh)};
  end_replaced(visit, fresh);
  visit.cookies.give_handle(fresh);
  success.to_store = visit.cookies.to_store(fresh, visit.now_s);
  std::vector<std::string> cookies = visit.cookies.write(fresh, visit.session.pieces, visit.now_s);
  if (cookies.empty()) success.to_store.reset();
  std::optional<Verdict> stopped;
  if (!cookies.empty()) stopped = note_delivery(visit, pending, cookies);
  if (cookies.empty() || stopped) give_back(visit, fresh);
  if (stopped) {
    success.to_store.reset();
    append_cookies(*stopped, remove_attempt(visit, pending.state.reveal()));
    return std::move(*stopped);
  }
  if (!cookies.empty()) success.who = std::move(who);
  Verdict verdict = cookies.empty() ? answer_too_large(visit, pending, fresh)
                                    : redirect_verdict(visit, "own", target_of(visit, pending.return_to));
  if (!cookies.empty()) verdict.set_cookies = std::move(cookies);
  append_cookies(verdict, remove_attempt(visit, pending.state.reveal()));
  return verdict;
}

// AuthService has logged the rule. While Logto is away the attempt is kept, so that a reload tries again.
Verdict answer_failure(const Visit& visit, const PendingSignIn& pending, const SignInFailure& failure) {
  const bool away = failure.kind == SignInFailure::Kind::provider_unavailable;
  const int by_kind = away ? 503 : failure.kind == SignInFailure::Kind::provider_error ? 502 : 400;
  // Trying the same again would end here again: the page asks for the password.
  const PageKind usual = away                          ? PageKind::sign_in_unavailable
                         : failure.rule == "auth_time" ? PageKind::step_up_failed
                                                       : PageKind::sign_in_failed;
  const auto [page, status] = page_of(failure.rule, {usual, by_kind});
  const std::optional<SignInState> state = read_state(pending.state.reveal(), visit.realm.keyring()->state_sealer);
  Verdict verdict =
      refuse(visit, {page, status, failure.rule, target_of(visit, pending.return_to), state ? state->route : 0});
  if (!away) append_cookies(verdict, remove_attempt(visit, pending.state.reveal()));
  return verdict;
}

// A session that the store does not hold would be no session at the next request, and nobody has signed in then.
Verdict answer_when_saved(const Visit& visit, const PendingSignIn& pending, Verdict answer, Success success,
                          Session fresh, Waiting waiting) {
  if (!visit.realm.stored) {
    give_back(visit, fresh);
    return unproven_verdict(visit);
  }
  const auto save = [&session = *success.to_store](const Visit& asking, auto saved) {
    return asking.realm.stored->save(asking.loop, std::move(session), std::move(saved));
  };
  auto judge = [pending, who = std::move(success.who), answer = std::move(answer), fresh = std::move(fresh)](
                   const Visit& judged, const Result<SessionSaved>& saved, Waiting) mutable {
    if (saved && *saved == SessionSaved::saved) {
      if (who) tell(judged, pending, *who);
      return std::move(answer);
    }
    give_back(judged, fresh);
    judged.realm.log.error("nobody can sign in: the store of sessions takes none",
                           {{"id", judged.facts.request_id}, {"reason", saved ? "refused" : saved.error().message}});
    return unproven_verdict(judged);
  };
  return wait_for(visit, std::move(waiting), save, std::move(judge));
}

using Exchanged = Result<FinishedSignIn, SignInFailure>;

Verdict answer_exchanged(const Visit& visit, const PendingSignIn& pending, Exchanged exchanged, Waiting waiting) {
  if (!exchanged) return answer_failure(visit, pending, exchanged.error());
  Success success;
  const std::string amr = std::move(exchanged->amr);
  Session fresh = std::move(*exchanged);
  Verdict verdict = answer_success(visit, pending, fresh, amr, success, waiting);
  if (success.to_store)
    return answer_when_saved(visit, pending, std::move(verdict), std::move(success), std::move(fresh),
                             std::move(waiting));
  if (success.who) tell(visit, pending, *success.who);
  return verdict;
}

FoundPending find_attempt(const Visit& visit, const std::string& state) {
  return find_pending(visit.fields(), visit.cookies.names().pending_prefix, state,
                      visit.realm.keyring()->pending_sealer, visit.now_s);
}

// The attempt began under a secret that has left the ring meanwhile: what Logto gave for it is given back.
Verdict answer_removed(const Visit& visit, const PendingSignIn& pending, const Exchanged& exchanged) {
  log_refusal(visit, "secret", "the sign-in began under a session.secret that was removed");
  if (exchanged) give_back(visit, *exchanged);
  return refuse(visit, {PageKind::sign_in_expired, 400, "secret", target_of(visit, pending.return_to)});
}

// By the flight that exchanges the code.
Verdict exchange(const Visit& visit, CallbackResponse response, const PendingSignIn& pending, Waiting waiting) {
  const auto ask = [&response, &pending](const Visit& asking, auto answer) {
    return asking.realm.auth->finish_sign_in(asking.loop, asking.on_behalf(), std::move(response), pending,
                                             std::move(answer));
  };
  auto judge = [pending, began = visit.realm.keyring_generation()](const Visit& judged, Exchanged exchanged,
                                                                   Waiting later) {
    const bool same_ring = judged.realm.keyring_generation() == began;
    if (!same_ring && find_attempt(judged, std::string(pending.state.reveal())).fate == PendingFate::missing) {
      return answer_removed(judged, pending, exchanged);
    }
    return answer_exchanged(judged, pending, std::move(exchanged), std::move(later));
  };
  return wait_for(visit, std::move(waiting), ask, std::move(judge));
}

}  // namespace

Verdict handle_callback(const Visit& visit, Waiting waiting) {
  Result<CallbackResponse> response = parse_callback(visit.facts.query);
  if (!response) {
    log_refusal(visit, "response", response.error().message);
    return refuse(visit, {PageKind::sign_in_failed, 400, "response", "/"});
  }
  FoundPending found = find_attempt(visit, response->state);
  if (found.fate != PendingFate::current) return answer_stale(visit, *response, found, std::move(waiting));
  if (!response->error.empty()) return answer_error(visit, *response, found.pending, std::move(waiting));
  if (!visit.realm.auth) return status_verdict(visit, "own", 503);
  return exchange(visit, std::move(*response), found.pending, std::move(waiting));
}

}  // namespace lp
