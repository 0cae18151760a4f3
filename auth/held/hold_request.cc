#include "auth/held/hold_request.h"

#include <utility>

#include "auth/cookies/cookie_pieces.h"
#include "auth/endpoints/sign_in.h"
#include "auth/held/held_pages.h"
#include "auth/loops/pass.h"
#include "auth/rules/navigation.h"
#include "auth/rules/own_returns.h"
#include "auth/rules/return_to.h"
#include "base/crypto.h"

namespace lp {
namespace {

// --- the ticket's cookie: host-only, for the resumption goes to the host that was posted to ---

CookieAttributes ticket_attributes(const Visit& visit, std::int64_t max_age_s) {
  return common_attributes(visit.settings().session.cookie, visit.facts.external->is_https(), "", max_age_s);
}

std::vector<std::string> ticket_cookie(const Visit& visit, const HeldTicket& ticket) {
  const std::string& name = visit.cookies.names().held;
  const std::string value =
      visit.realm.keyring()->pending_sealer.seal(name, encode_held_ticket(ticket), random_bytes(kXaesNonceBytes));
  return set_cookie_pieces(name, value, ticket_attributes(visit, kHeldLifetimeS), 0);
}

std::vector<std::string> delete_ticket(const Visit& visit) {
  return delete_cookie_pieces(visit.cookies.names().held, ticket_attributes(visit, 0), 1);
}

std::optional<HeldTicket> ticket_of(const Visit& visit) {
  return find_held_ticket(visit.fields(), visit.cookies.names().held, visit.realm.keyring()->pending_sealer,
                          visit.now_s);
}

// --- holding ---

// As it stands or not at all: a target that the guard refuses never becomes the action of a form of ours.
std::optional<std::string> target_of(const Visit& visit) {
  return vet_own_target(visit.facts.target_as_sent(), *visit.facts.external, visit.settings());
}

std::optional<Session> just_expired_session(const Visit& visit) {
  if (!visit.session.expired) return std::nullopt;
  const Session& session = visit.session.expired->session;
  if (!is_just_expired(session, visit.settings().session, visit.now_s)) return std::nullopt;
  return session;
}

bool holds_requests(const Visit& visit) {
  const RouteSettings& route = *visit.facts.route;
  if (visit.facts.forwarded != ForwardedForm::none) return false;  // its body stays with the proxy that asks
  return route.hold_requests && route.unauthenticated != Unauthenticated::status_401 &&
         visit.settings().limits.held_requests_bytes > 0;
}

NotHeld judge_head(const Visit& visit) {
  if (const NotHeld why = may_hold(*visit.facts.head, visit.facts.wants_upgrade, *visit.facts.external);
      why != NotHeld::none) {
    return why;
  }
  if (!holds_requests(visit)) return NotHeld::off;
  if (!target_of(visit)) return NotHeld::target;
  return just_expired_session(visit) ? NotHeld::none : NotHeld::session;
}

Verdict not_sent(const Visit& visit, NotHeld why) {
  visit.realm.log.info("a form post met no session and was not held",
                       {{"id", visit.facts.request_id}, {"reason", not_held_word(why)}});
  PageFacts facts = page_facts(visit);
  // The page that the form stood on, for its target may know no GET.
  facts.return_to = vet_return_to(visit.fields().get("Referer"), *visit.facts.external, visit.settings()).value_or("/");
  return answer_verdict(visit, "not_held", make_not_sent_page(PageKind::request_not_sent, std::move(facts), why));
}

Verdict need_body(std::size_t limit_bytes) {
  Verdict verdict;
  verdict.kind = Verdict::Kind::need_body;
  verdict.body_limit_bytes = limit_bytes;
  return verdict;
}

// Signs in as the route wants it, to come back to {prefix}/resume; `cookies` go out with whatever that answers.
Verdict sign_in_and_resume(const Visit& visit, std::vector<std::string> cookies, Waiting waiting) {
  SignInStart start;
  start.return_to = resume_path(visit.settings().auth_prefix);
  if (visit.facts.route != nullptr) {
    start.sign_in = visit.facts.route->sign_in;
    start.route = visit.facts.route->index;
  }
  start.decision = "hold";
  auto later = [cookies, deliver = std::move(waiting.later)](Verdict verdict) {
    append_cookies(verdict, cookies);
    deliver(std::move(verdict));
  };
  Verdict verdict = start_sign_in(visit, std::move(start), {std::move(later), waiting.wait});
  if (verdict.kind != Verdict::Kind::wait) append_cookies(verdict, std::move(cookies));
  return verdict;
}

HeldRequest request_of(const Visit& visit, const Session& session) {
  return {std::string(visit.facts.head->method),
          target_of(visit).value(),
          std::string(visit.fields().get("Content-Type")),
          std::string(visit.facts.body),
          session.sub,
          visit.facts.external->text()};
}

Verdict hold(const Visit& visit, Waiting waiting) {
  const std::optional<HeldTicket> before = ticket_of(visit);
  // The session ended once more before the confirmation was sent: what is held stays held.
  if (before && is_resume_body_of(visit.facts.body, *before)) return sign_in_and_resume(visit, {}, std::move(waiting));
  if (is_resume_body(visit.facts.body)) return not_sent(visit, NotHeld::gone);
  if (before) visit.realm.held_requests.discard(*before);  // one browser, one ticket
  const std::optional<Session> session = just_expired_session(visit);
  if (!session) return not_sent(visit, NotHeld::session);
  const auto ticket =
      visit.realm.held_requests.hold(request_of(visit, *session), visit.now_s, random_bytes(kHoldRandomBytes));
  if (!ticket) return not_sent(visit, NotHeld::no_room);
  return sign_in_and_resume(visit, ticket_cookie(visit, *ticket), std::move(waiting));
}

// --- resuming ---

Verdict gone(const Visit& visit, NotHeld why) {
  PageFacts facts = page_facts(visit);
  if (const Session* session = visit.signed_in()) facts.user = display_name(*session);
  Verdict verdict =
      answer_verdict(visit, "not_held", make_not_sent_page(PageKind::held_request_gone, std::move(facts), why));
  append_cookies(verdict, delete_ticket(visit));
  return verdict;
}

Verdict pass_held(const Visit& visit, HeldRequest held) {
  Verdict verdict = pass_verdict(visit);
  verdict.decision = "resume";
  verdict.replaced_body = ReplacedBody{std::move(held.content_type), std::move(held.body)};
  append_cookies(verdict, delete_ticket(visit));
  return verdict;
}

Verdict show_held(const Visit& visit, const Session& session) {
  const std::optional<HeldTicket> ticket = ticket_of(visit);
  if (!ticket) return gone(visit, NotHeld::gone);
  const HeldRequests::Found found = visit.realm.held_requests.look(*ticket, session.sub, visit.now_s);
  if (found.fate == HeldRequests::Fate::gone) return gone(visit, NotHeld::gone);
  if (found.fate == HeldRequests::Fate::other_person) {
    visit.realm.held_requests.discard(*ticket);
    return gone(visit, NotHeld::other_person);
  }
  PageFacts facts = page_facts(visit);
  facts.user = display_name(session);
  return answer_verdict(visit, "own", make_resume_page(std::move(facts), found.request, *ticket));
}

Verdict discard_held(const Visit& visit) {
  if (!is_same_origin(visit.fields(), *visit.facts.external)) return status_verdict(visit, "own", 403);
  if (visit.facts.query != "discard=1") return status_verdict(visit, "own", 400);
  if (const auto ticket = ticket_of(visit)) visit.realm.held_requests.discard(*ticket);
  Verdict verdict = redirect_verdict(visit, "own", "/");
  append_cookies(verdict, delete_ticket(visit));
  return verdict;
}

}  // namespace

std::optional<Verdict> hold_or_explain(const Visit& visit, Waiting waiting) {
  const NotHeld why = judge_head(visit);
  if (why == NotHeld::not_a_form) return std::nullopt;
  if (why != NotHeld::none) return not_sent(visit, why);
  switch (visit.facts.body_state) {
    case BodyFacts::unread:
      return need_body(kMaxHeldBodyBytes);
    case BodyFacts::too_large:
      return not_sent(visit, NotHeld::too_large);
    case BodyFacts::whole:
      break;
  }
  return hold(visit, std::move(waiting));
}

std::optional<Verdict> resume_held(const Visit& visit) {
  const Session* session = visit.signed_in();
  if (session == nullptr || visit.facts.forwarded != ForwardedForm::none) return std::nullopt;
  if (!may_be_resumption(*visit.facts.head, visit.facts.wants_upgrade, *visit.facts.external)) return std::nullopt;
  if (visit.facts.body_state == BodyFacts::unread) return need_body(kResumeBodyBytes);
  if (!is_resume_body(visit.facts.body)) return std::nullopt;
  const std::optional<HeldTicket> ticket = ticket_of(visit);
  if (!ticket || !is_resume_body_of(visit.facts.body, *ticket)) return gone(visit, NotHeld::gone);
  auto held = visit.realm.held_requests.take(*ticket, session->sub, visit.facts.external->text(),
                                             target_of(visit).value_or(""), visit.now_s);
  if (!held) return gone(visit, NotHeld::gone);
  return pass_held(visit, std::move(*held));
}

Verdict handle_resume(const Visit& visit, Waiting waiting) {
  if (visit.facts.head->method == "POST") return discard_held(visit);
  if (!visit.is_navigation()) return status_verdict(visit, "own", 404);
  if (const Session* session = visit.signed_in()) return show_held(visit, *session);
  if (!visit.may_start_sign_in()) return unauthenticated_verdict(visit, "own");
  return sign_in_and_resume(visit, {}, std::move(waiting));
}

}  // namespace lp
