#include "auth/endpoints/oauth2_proxy.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "auth/endpoints/oauth2_proxy_rules.h"
#include "auth/endpoints/sign_in.h"
#include "auth/endpoints/sign_out.h"
#include "auth/rules/own_paths.h"
#include "auth/rules/return_to.h"
#include "auth/visit/forward_auth.h"
#include "base/url.h"

namespace lp {
namespace {

// "/" for what the guard refuses, as there.
std::string vetted(const Visit& visit, std::string_view candidate) {
  const auto target = vet_return_to(candidate, *visit.facts.external, visit.settings());
  if (!target) return "/";
  const std::string_view path = std::string_view(*target).substr(0, target->find_first_of("?#"));
  return lies_below_prefix(path, kOauth2ProxyPrefix) ? "/" : *target;
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
void add_renewed_cookies(const Visit& visit, Verdict& verdict) {
  std::vector<std::string> cookies = cookies_to_renew(visit);
  if (!visit.fields().has("X-Forwarded-Method")) (void)keep_one_cookie(cookies, visit.cookies.names().session);
  append_cookies(verdict, std::move(cookies));
}

}  // namespace

// 401 and 403 never lead to a redirect here: the proxy in front would follow it for ever.
Verdict handle_oauth2_auth(const Visit& visit, Waiting) {
  const auto refusal = [&](std::string_view decision, int status) {
    return answer_verdict(visit, decision, make_status_json(status, visit.facts.request_id));
  };
  const Session* session = visit.signed_in();
  if (session == nullptr) return refusal("unauthenticated", 401);
  const Oauth2ProxyPerson person = oauth2_proxy_person(*session, visit.settings());
  if (!oauth2_proxy_allows(person, visit.facts.query, visit.settings().logto.trust_email)) {
    return refusal("forbidden", 403);
  }
  Answer answer = grant_answer(202, {});
  add_auth_request_headers(answer, person);
  Verdict verdict = answer_verdict(visit, "pass", std::move(answer));
  add_renewed_cookies(visit, verdict);
  return verdict;
}

Verdict handle_oauth2_userinfo(const Visit& visit, Waiting) {
  const Session* session = visit.signed_in();
  if (session == nullptr) return answer_verdict(visit, "own", make_status_json(401, visit.facts.request_id));
  const Oauth2ProxyPerson person = oauth2_proxy_person(*session, visit.settings());
  Verdict verdict = answer_verdict(visit, "own", make_json(200, oauth2_proxy_userinfo(person)));
  append_cookies(verdict, cookies_to_renew(visit));
  return verdict;
}

Verdict handle_oauth2_start(const Visit& visit, Waiting waiting) {
  const std::optional<std::string> target = redirect_of(visit);
  if (!target) return status_verdict(visit, "own", 400);
  if (visit.signed_in() != nullptr) return redirect_verdict(visit, "own", *target);
  if (!visit.may_start_sign_in()) return unauthenticated_verdict(visit, "own");
  SignInStart start;
  start.return_to = *target;
  return start_sign_in(visit, std::move(start), std::move(waiting));
}

Verdict handle_oauth2_sign_out(const Visit& visit, Waiting waiting) {
  const std::optional<std::string> target = redirect_of(visit);
  if (!target) return status_verdict(visit, "own", 400);
  return sign_out_to(visit, *target == "/" ? std::string() : *target, std::move(waiting));
}

}  // namespace lp
