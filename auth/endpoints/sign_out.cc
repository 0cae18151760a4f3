#include "auth/endpoints/sign_out.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "auth/cookies/pending_cookie.h"
#include "auth/loops/stop.h"
#include "auth/oidc/rp_logout.h"
#include "auth/realm/end_sessions.h"
#include "auth/rules/navigation.h"
#include "auth/rules/return_to.h"
#include "auth/visit/wait.h"
#include "base/encoding.h"

namespace lp {
namespace {

using MetadataResult = Result<std::shared_ptr<const ProviderMetadata>>;

// Every session of this user, on every device and replica.
bool wants_everywhere(const Visit& visit) {
  const Result<FormPairs> pairs = parse_form(visit.facts.query);
  return pairs && std::count(pairs->begin(), pairs->end(), std::pair<std::string, std::string>("everywhere", "1")) == 1;
}

Verdict ask_first(const Visit& visit, std::string then) {
  PageFacts facts = page_facts(visit);
  facts.after_sign_out = std::move(then);
  facts.form_origin = sign_out_form_origins(visit.settings());
  const PageKind page = wants_everywhere(visit) ? PageKind::confirm_sign_out_everywhere : PageKind::confirm_sign_out;
  return answer_verdict(visit, "own", make_page(page, facts));
}

// A link in a mail, or on another host of the same site, ends one session at most; all of a person's end by a page of
// the very origin.
bool is_asked_for(const Visit& visit) {
  const std::string_view method = visit.facts.head->method;
  const std::string own = visit.facts.external->text();
  const bool is_ours = wants_everywhere(visit) ? is_same_origin_request(visit.fields(), own)
                                               : is_same_site_request(method, visit.fields(), own);
  return is_ours && (method == "POST" || visit.is_navigation());
}

// Whose sign-out it is. A page may be left open until its session idles out: what the person then asks for is done all
// the same, for the cookie is authentic and all that it can do here is to end something.
const Session* session_to_end(const Visit& visit) {
  const auto& opened = visit.session.opened ? visit.session.opened : visit.session.expired;
  return opened ? &opened->session : nullptr;
}

// Cookies that hold this session open no more, here or wherever they were copied to (threat C14).
void end_sessions_asked_for(const Visit& visit) {
  const Session* session = session_to_end(visit);
  if (session == nullptr && visit.session.not_loaded) {
    end_unknown_session(visit.realm, *visit.session.not_loaded);
    tell_signed_out(visit, {}, "the person, whose name stands in the store, which is away");
  }
  if (session == nullptr) return;
  end_session(visit.realm, *session);
  if (wants_everywhere(visit)) end_sessions(visit.realm, RevocationKind::sub, session->sub);
  tell_signed_out(visit, session->sub, wants_everywhere(visit) ? "the person, everywhere" : "the person");
}

// The place that this parameter names, where it stands there once. Anybody could write it, so it is vetted: at worst a
// link leads to a page of ours.
std::optional<std::string> place_named(const Visit& visit, std::string_view parameter) {
  const Result<FormPairs> pairs = parse_form(visit.facts.query);
  if (!pairs) return std::nullopt;
  const auto is_it = [&](const auto& pair) { return pair.first == parameter; };
  if (std::count_if(pairs->begin(), pairs->end(), is_it) != 1) return std::nullopt;
  const auto found = std::find_if(pairs->begin(), pairs->end(), is_it);
  return vet_return_to_external(found->second, *visit.facts.external, visit.settings());
}

// Where sign_out_to() wanted the browser to go, as it comes back from Logto.
std::optional<std::string> place_after(const Visit& visit) {
  return visit.is_navigation() ? place_named(visit, "state") : std::nullopt;
}

void forget_session(const Visit& visit, Verdict& verdict) {
  verdict.set_cookies = visit.cookies.remove(std::max<std::size_t>(visit.session.pieces, 1));
  append_cookies(verdict, visit.cookies.remove_earlier(visit.fields()));
  append_cookies(verdict,
                 visit.cookies.remove_pending(
                     visit.fields(), pending_cookie_names(visit.fields(), visit.cookies.names().pending_prefix)));
  append_cookies(verdict, wipe_loop_marker(visit));
}

// Logto's own session lives on: it does not bring this one back without a password. Before the replicas are told, for
// an answer that says that it is done waits for this too.
void demand_proof(const Visit& visit) {
  if (const Session* session = session_to_end(visit)) demand_proof(visit.realm, session->sub);
}

// By Logto, which ends its own session there, or by our page.
Verdict leave(const Visit& visit, std::string target, const std::string& then) {
  if (!then.empty()) {
    target.append(target.find('?') == std::string::npos ? "?" : "&").append("state=").append(percent_encode(then));
  }
  Verdict verdict = redirect_verdict(visit, "own", std::move(target));
  forget_session(visit, verdict);
  return verdict;
}

// Nothing is deleted: what is not done yet can be asked for once more, here or at another replica. Here the session has
// ended already, and whose it was the next request no longer says: what it would demand is demanded now.
Verdict unfinished(const Visit& visit, PageKind page) {
  demand_proof(visit);
  visit.realm.log.warning("a sign-out could not be told to the other replicas, it is told when Redis is back",
                          {{"id", visit.facts.request_id}});
  PageFacts facts = page_facts(visit);
  facts.form_origin = sign_out_form_origins(visit.settings());
  return answer_verdict(visit, "own", make_page(page, facts));
}

// Whose the other sessions are stands in the record that the store does not give now.
bool cannot_be_everywhere(const Visit& visit) {
  return wants_everywhere(visit) && session_to_end(visit) == nullptr && visit.session.is_store_away;
}

// A journal keeps what ended for the next process, which tells it; without one it may be lost with this process.
bool is_kept(const Visit& visit) { return !visit.settings().revocations.journal.empty(); }

void revoke(const Visit& visit) {
  const Session* session = session_to_end(visit);
  if (session == nullptr || session->refresh_token.empty()) return;
  visit.realm.auth->revoke_refresh_token(std::string(visit.facts.request_id), session->refresh_token);
}

}  // namespace

// Through Logto, and with sign_in_url from there to that origin.
std::string sign_out_form_origins(const Settings& settings) {
  const std::string logto = settings.logto.endpoint.text();
  return settings.sign_in_url ? logto + " " + settings.sign_in_url->text() : logto;
}

void tell_signed_out(const Visit& visit, std::string_view sub, std::string_view by) {
  visit.realm.log.info("signed out", {{"id", visit.facts.request_id}, {"sub", sub}, {"by", by}});
}

Verdict handle_sign_out(const Visit& visit, Waiting waiting) {
  return sign_out_to(visit, place_named(visit, "return_to").value_or(""), std::move(waiting));
}

namespace {

using Leave = std::function<Verdict(const Visit&, Waiting)>;

// If this process died right after its answer, nobody else would know what it said.
Verdict tell_replicas_first(const Visit& visit, Leave then, Waiting waiting) {
  if (!visit.realm.auth->has_replicas()) return then(visit, std::move(waiting));
  const auto ask = [](const Visit& asking, auto answer) {
    return asking.realm.auth->tell_replicas(asking.loop, std::move(answer));
  };
  auto judge = [then = std::move(then)](const Visit& judged, bool told, Waiting later) {
    if (cannot_be_everywhere(judged)) return unfinished(judged, PageKind::sign_out_everywhere_unfinished);
    if (!told && !is_kept(judged)) return unfinished(judged, PageKind::sign_out_unfinished);
    return then(judged, std::move(later));
  };
  return wait_for(visit, std::move(waiting), ask, std::move(judge));
}

std::string own_page(const Visit& visit) { return visit.settings().auth_prefix + "/signed-out"; }

// The replicas know of the end: now of what it demands.
Verdict leave_without_logto(const Visit& visit, std::string then, Waiting waiting) {
  demand_proof(visit);
  auto last = [then = std::move(then)](const Visit& left, Waiting) { return leave(left, own_page(left), then); };
  return tell_replicas_first(visit, std::move(last), std::move(waiting));
}

Verdict leave_by(const ProviderMetadata& metadata, const Visit& visit, const std::string& then, Waiting waiting) {
  std::string target = rp_logout_url(metadata, visit.settings().logto.app_id, visit.own_url("signed-out"));
  return target.empty() ? leave_without_logto(visit, then, std::move(waiting)) : leave(visit, std::move(target), then);
}

// Nobody is sent to a host that is gone.
Verdict leave_if_reachable(const Visit& visit, std::shared_ptr<const ProviderMetadata> metadata, std::string then,
                           Waiting waiting) {
  const auto ask = [](const Visit& asking, auto answer) {
    return asking.realm.auth->need_reachability(asking.loop, std::move(answer));
  };
  auto judge = [metadata = std::move(metadata), then = std::move(then)](const Visit& judged, Result<bool> reachable,
                                                                        Waiting later) {
    return reachable && *reachable ? leave_by(*metadata, judged, then, std::move(later))
                                   : leave_without_logto(judged, then, std::move(later));
  };
  return wait_for(visit, std::move(waiting), ask, std::move(judge));
}

Verdict leave_through_logto(const Visit& visit, std::string then, Waiting waiting) {
  if (auto metadata = visit.realm.auth->metadata()) {
    if (visit.realm.auth->is_reachable()) return leave_by(*metadata, visit, then, std::move(waiting));
    return leave_if_reachable(visit, std::move(metadata), std::move(then), std::move(waiting));
  }
  const auto ask = [](const Visit& asking, auto answer) {
    return asking.realm.auth->need_metadata(asking.loop, std::move(answer));
  };
  auto judge = [then = std::move(then)](const Visit& judged, const MetadataResult& metadata, Waiting later) {
    return metadata ? leave_by(**metadata, judged, then, std::move(later))
                    : leave_without_logto(judged, then, std::move(later));
  };
  return wait_for(visit, std::move(waiting), ask, std::move(judge));
}

Verdict leave_for_script(const Visit& visit, const std::string& then) {
  Verdict verdict = then.empty() ? answer_verdict(visit, "own", make_json(200, {{"signed_out", true}}))
                                 : redirect_verdict(visit, "own", then);
  forget_session(visit, verdict);
  return verdict;
}

}  // namespace

Verdict sign_out_to(const Visit& visit, std::string then, Waiting waiting) {
  if (!is_asked_for(visit))
    return visit.is_navigation() ? ask_first(visit, std::move(then)) : status_verdict(visit, "own", 403);
  end_sessions_asked_for(visit);
  if (!visit.realm.auth) {
    demand_proof(visit);
    return leave(visit, own_page(visit), then);
  }
  revoke(visit);
  auto last = [then = std::move(then)](const Visit& left, Waiting later) {
    return leave_through_logto(left, then, std::move(later));
  };
  return tell_replicas_first(visit, std::move(last), std::move(waiting));
}

Verdict sign_out_for_script(const Visit& visit, std::string then, Waiting waiting) {
  end_sessions_asked_for(visit);
  demand_proof(visit);
  if (!visit.realm.auth) return leave_for_script(visit, then);
  revoke(visit);
  auto last = [then = std::move(then)](const Visit& left, Waiting) { return leave_for_script(left, then); };
  return tell_replicas_first(visit, std::move(last), std::move(waiting));
}

Verdict handle_signed_out(const Visit& visit, Waiting) {
  if (const auto next = place_after(visit)) return redirect_verdict(visit, "own", *next);
  // By the back button or a bookmark, after another sign-in: the page would not be true.
  if (visit.signed_in() != nullptr) return redirect_verdict(visit, "own", visit.settings().auth_prefix + "/");
  return answer_verdict(visit, "own", make_page(PageKind::signed_out, page_facts(visit)));
}

}  // namespace lp
