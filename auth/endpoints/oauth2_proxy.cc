#include "auth/endpoints/oauth2_proxy.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "auth/endpoints/oauth2_proxy_rules.h"
#include "auth/endpoints/sign_in.h"
#include "auth/endpoints/sign_out.h"
#include "auth/loops/stop.h"
#include "auth/rules/authorize.h"
#include "auth/rules/challenge.h"
#include "auth/rules/navigation.h"
#include "auth/rules/own_paths.h"
#include "auth/rules/own_returns.h"
#include "auth/rules/return_to.h"
#include "auth/visit/forward_auth.h"
#include "base/url.h"
#include "config/forward_auth.h"
#include "config/organization_place.h"

namespace lp {
namespace {

// "/" for what the guard refuses, as there.
std::string vetted(const Visit& visit, std::string_view candidate) {
  const auto target = vet_return_to_external(candidate, *visit.facts.external, visit.settings());
  if (!target) return "/";
  const std::string_view local = without_origin(*target);
  const std::string_view path = local.substr(0, local.find_first_of("?#"));
  return lies_below_prefix(path, visit.settings().forward_auth.oauth2_proxy) ? "/" : *target;
}

// Where the browser goes in the end: `rd`, else what the proxy in front says. Nullopt: `rd` is there twice.
std::optional<std::string> redirect_of(const Visit& visit) {
  const Result<FormPairs> query = parse_form(visit.facts.query);
  if (!query) return std::nullopt;
  const auto is_rd = [](const auto& pair) { return pair.first == "rd"; };
  const auto found = std::find_if(query->begin(), query->end(), is_rd);
  if (found != query->end()) {
    const bool twice = std::count_if(query->begin(), query->end(), is_rd) > 1;
    return twice ? std::nullopt : std::optional(vetted(visit, found->second));
  }
  const bool named = visit.fields().count("X-Auth-Request-Redirect") == 1;
  return named ? vetted(visit, visit.fields().get("X-Auth-Request-Redirect")) : "/";
}

// Only Traefik's kind of proxy, which says the method, hands a whole answer on.
void keep_cookies(const RequestFacts& facts, std::string_view session_cookie_name, Verdict& verdict) {
  const bool takes_all = facts.head->fields.has("X-Forwarded-Method");
  if (!takes_all && !keep_one_cookie(verdict.set_cookies, session_cookie_name)) verdict.decision = "not_renewed";
}

Verdict refuse(const RequestFacts& facts, Verdict judged, std::string_view decision, int status) {
  judged.kind = Verdict::Kind::answer;
  judged.decision = decision;
  judged.set_cookies.clear();
  judged.answer = make_status_json(status, facts.request_id);
  if (status == 401) set_challenges(judged.answer, facts.route);
  return judged;
}

// Whoever is known and not let pass would come straight back from a sign-in, unless it is to prove anew who they are:
// see proof_asked_for().
Verdict refuse_as_judged(const RequestFacts& facts, Verdict judged) {
  if (facts.forwarded == ForwardedForm::oauth2_root) {
    judged.answer = refusal_answer(ForwardedForm::forwarded, std::move(judged.answer));
    return judged;
  }
  const int status = judged.answer.status;
  const bool is_redirect = status >= 300 && status < 400;
  const bool helps_nobody = judged.session && !judged.session->token && judged.decision != kStepUp;
  if (is_redirect || (status == 401 && helps_nobody)) {
    return refuse(facts, std::move(judged), judged.decision, helps_nobody ? 403 : 401);
  }
  judged.answer.status = status < 300 ? 403 : status_for_nginx(status);
  return judged;
}

Authorization::Verdict judge_also(const RequestFacts& facts, const Settings& settings, const Session& session,
                                  const Oauth2ProxyPerson& person, const RouteTokens& tokens, std::int64_t now_s) {
  using Is = Authorization::Verdict;
  if (!oauth2_proxy_allows(person, facts.check_query, settings.logto.trust_email)) return Is::forbidden;
  if (facts.also_asked == nullptr || facts.also_asked->shadow) return Is::pass;
  Principal who = principal_of(session);
  if (tokens.access) who.scopes = &tokens.access->scopes;
  who.organization = organization_of_route(*facts.also_asked, facts.external->host, facts.path);
  return authorize(*facts.also_asked, &who, now_s).verdict;
}

// Whoever a check refused because their sign-in is too long ago is sent to /oauth2/start, which is not told for which
// route: they prove who they are if any of the rules would want it.
std::optional<std::int64_t> proof_asked_for(const Visit& visit) {
  const std::optional<Principal> who = visit.principal();
  std::optional<std::int64_t> smallest;
  if (!who) return smallest;
  for (const RouteSettings& route : visit.settings().routes) {
    const auto failed = failed_max_age_s(route.require, *who, visit.now_s);
    if (failed && (!smallest || *failed < *smallest)) smallest = failed;
  }
  return smallest;
}

// By the rule that every check is asked by, where there is one. oauth2-proxy has no session for whom it keeps out, and
// some ask at /oauth2/userinfo whether somebody may come in.
int status_of_every_check(const Visit& visit) {
  using Is = Authorization::Verdict;
  const RouteSettings* rule = route_for_all_checks(visit.settings());
  const std::optional<Principal> who = visit.principal();
  if (rule == nullptr || rule->shadow || !who) return 202;
  const Is verdict = authorize(*rule, &*who, visit.now_s).verdict;
  return verdict == Is::pass ? 202 : verdict == Is::step_up ? 401 : 403;
}

std::string told_of_route(const RequestFacts& facts, const Verdict& passed) {
  if (facts.route == nullptr) return {};
  if (facts.asker_is_known) return lines_for_app(facts, passed);
  Verdict nothing_of_ours;  // but the client's own token
  nothing_of_ours.session = passed.session;
  return lines_for_app(facts, nothing_of_ours);
}

}  // namespace

Verdict let_anybody_signed_in_pass(const Visit& visit, Waiting waiting) {
  if (visit.signed_in() != nullptr) {
    Verdict verdict;
    verdict.kind = Verdict::Kind::pass;
    verdict.decision = "pass";
    verdict.session = visit.session.opened;
    verdict.set_cookies = cookies_to_renew(visit);
    return verdict;
  }
  if (!visit.may_start_sign_in()) return unauthenticated_verdict(visit, "unauthenticated");
  SignInStart start;
  start.return_to = visit.own_return_to();
  start.decision = "sign_in";
  return start_sign_in(visit, std::move(start), std::move(waiting));
}

Verdict answer_oauth2_check(const RequestFacts& facts, const Settings& settings, std::string_view session_cookie_name,
                            Verdict judged, std::int64_t now_s) {
  if (judged.kind != Verdict::Kind::pass) return refuse_as_judged(facts, std::move(judged));
  Answer answer = grant_answer(202, {});
  if (judged.session) {
    const Session& session = judged.session->session;
    const Oauth2ProxyPerson person = oauth2_proxy_person(session, settings);
    const auto also = judge_also(facts, settings, session, person, judged.tokens, now_s);
    if (also == Authorization::Verdict::step_up) return refuse(facts, std::move(judged), kStepUp, 401);
    if (also != Authorization::Verdict::pass) return refuse(facts, std::move(judged), "forbidden", 403);
    add_auth_request_headers(answer, person);
  }
  add_lines(answer, told_of_route(facts, judged));
  judged.kind = Verdict::Kind::answer;
  judged.answer = std::move(answer);
  keep_cookies(facts, session_cookie_name, judged);
  return judged;
}

Verdict handle_oauth2_userinfo(const Visit& visit, Waiting) {
  const Session* session = visit.signed_in();
  if (session == nullptr) return answer_verdict(visit, "own", make_status_json(401, visit.facts.request_id));
  if (const int status = status_of_every_check(visit); status != 202)
    return answer_verdict(visit, "own", make_status_json(status, visit.facts.request_id));
  const Oauth2ProxyPerson person = oauth2_proxy_person(*session, visit.settings());
  Verdict verdict = answer_verdict(visit, "own", make_json(200, oauth2_proxy_userinfo(person)));
  append_cookies(verdict, cookies_to_renew(visit));
  return verdict;
}

Verdict handle_oauth2_start(const Visit& visit, Waiting waiting) {
  const std::optional<std::string> target = redirect_of(visit);
  if (!target) return status_verdict(visit, "own", 400);
  SignInStart start;
  start.return_to = *target;
  start.max_age_s = proof_asked_for(visit);
  start.step_up = start.max_age_s.has_value();
  start.is_chosen = start.step_up;  // our own endpoint would not know for how recent a sign-in
  if (visit.signed_in() != nullptr && !start.step_up) return send_back(visit, *target);
  if (!visit.may_start_sign_in()) return unauthenticated_verdict(visit, "own");
  return start_sign_in(visit, std::move(start), std::move(waiting));
}

Verdict handle_oauth2_sign_out(const Visit& visit, Waiting waiting) {
  const std::optional<std::string> target = redirect_of(visit);
  if (!target) return status_verdict(visit, "own", 400);
  std::string then = *target == "/" ? std::string() : *target;
  if (is_script_of_same_origin(visit.fields())) return sign_out_for_script(visit, std::move(then), std::move(waiting));
  return sign_out_to(visit, std::move(then), std::move(waiting));
}

}  // namespace lp
