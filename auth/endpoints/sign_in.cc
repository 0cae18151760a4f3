#include "auth/endpoints/sign_in.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include "auth/cookies/pending_cookie.h"
#include "auth/cookies/sign_in_state.h"
#include "auth/endpoints/sign_in_chooser.h"
#include "auth/loops/stop.h"
#include "auth/oidc/app_token_needs.h"
#include "auth/oidc/authorization_request.h"
#include "auth/oidc/discovery.h"
#include "auth/rules/authorize.h"
#include "auth/rules/own_returns.h"
#include "auth/rules/return_to.h"
#include "auth/session/proof.h"
#include "auth/session/session_times.h"
#include "auth/visit/wait.h"
#include "base/crypto.h"
#include "base/one_of.h"
#include "config/organization_place.h"

namespace lp {
namespace {

using MetadataResult = Result<std::shared_ptr<const ProviderMetadata>>;

// --- sending the browser there ---

const RouteSettings* route_of(const Settings& settings, int index) {
  const auto found = std::find_if(settings.routes.begin(), settings.routes.end(),
                                  [&](const RouteSettings& r) { return r.index == index && index > 0; });
  return found == settings.routes.end() ? nullptr : &*found;
}

// When the session ended that the browser still sends, if by somebody's wish, or for want of use; 0: it demands
// nothing. That its absolute lifetime is over, or its secret gone, says nothing against Logto's word.
std::int64_t ended_at_ms(const Visit& visit) {
  const SessionLookup& found = visit.session;
  if (visit.signed_in() != nullptr) return 0;
  if (found.ended_at_ms > 0 || !found.expired) return found.ended_at_ms;
  const SessionTimes times = session_times(found.expired->session, visit.settings());
  return times.idle_at_s < times.ends_at_s ? times.idle_at_s * 1000 : 0;
}

void demand_proof(const Visit& visit, SignInStart& start) {
  if (start.proof_asked != ProofAsked::nothing) return;
  start.ended_at_ms = ended_at_ms(visit);
  start.proof_asked = first_proof(start.ended_at_ms, visit.now_s);
}

SignInTerms terms_of(const Visit& visit, const SignInStart& start) {
  const RouteSettings* route = route_of(visit.settings(), start.route);
  const bool may_need_person = start.step_up || start.proof_asked != ProofAsked::nothing;
  SignInReason why{may_need_person, std::nullopt, start.max_age_s};
  if (route != nullptr) why.route_max_age_s = needed_max_age_s(route->require);
  SignInTerms terms = sign_in_terms(visit.settings().logto.sign_in, start.sign_in, why);
  if (start.silent) terms.max_age_s = kNoMaxAge;
  return terms;
}

PendingSignIn make_attempt(const Visit& visit, const SignInStart& start, const SignInTerms& terms) {
  PendingSignIn pending = make_pending(random_bytes(96), start.return_to, visit.callback_url(), visit.now_s);
  const bool fits = start.return_to.size() <= kMaxReturnToInStateBytes;
  const SignInState state{visit.now_s, start.fresh_start, start.route, fits ? start.return_to : visit.place("/")};
  pending.state = Secret(make_state(state, visit.realm.keyring()->state_sealer, random_bytes(kXaesNonceBytes)));
  pending.silent = start.silent;
  pending.step_up = start.step_up;
  pending.max_age_s = terms.max_age_s;
  pending.proof_asked = start.proof_asked;
  pending.ended_at_ms = start.ended_at_ms;
  pending.resources_asked = start.resources_asked;
  pending.with = terms.settings.with.value_or("");
  if (!start.silent) pending.one_time_token = start.one_time_token;
  return pending;
}

// Of ever less of where to return to: signing in goes before coming back. A silent one keeps all of it, or is not made.
std::vector<std::string> write_attempt(const Visit& visit, PendingSignIn& pending) {
  std::vector<std::string> cookies = visit.cookies.write_pending(pending);
  if (!cookies.empty() || pending.silent) return cookies;
  visit.realm.log.warning(
      "the address to return to after signing in is too long to be kept: its query is left out",
      {{"id", visit.facts.request_id}, {"bytes", static_cast<std::int64_t>(pending.return_to.size())}});
  pending.return_to.erase(std::min(pending.return_to.find('?'), pending.return_to.size()));
  cookies = visit.cookies.write_pending(pending);
  if (!cookies.empty()) return cookies;
  pending.return_to = visit.place("/");
  return visit.cookies.write_pending(pending);
}

std::size_t bytes_of(const std::vector<std::string>& cookies) {
  std::size_t bytes = 0;
  for (const std::string& cookie : cookies) bytes += cookie.size();
  return bytes;
}

AppTokenNeeds needs_of(const Visit& visit, const SignInStart& start) {
  AppTokenNeeds needs = app_token_needs(visit.settings());
  if (start.resources_asked == ResourcesAsked::none) needs.resources.clear();
  const AuthQuestions::Resources unknown = visit.realm.auth->unknown_resources();
  return unknown ? without_resources(std::move(needs), *unknown) : needs;
}

// The wait for Logto may have been long.
bool is_still_signed_in(const Visit& visit) {
  return visit.signed_in() != nullptr &&
         !visit.realm.revocations.is_revoked(visit.session.opened->revocation_keys, visit.signed_in()->signed_in_at_ms);
}

// Without having been sent to Logto.
Verdict go_on(const Visit& visit, SignInStart& start) {
  const bool has_ended = start.silent && !is_still_signed_in(visit);
  if (!start.otherwise || has_ended) return status_verdict(visit, start.decision, 503);
  Verdict otherwise = std::move(*start.otherwise);
  if (otherwise.kind == Verdict::Kind::pass) otherwise.app_headers = headers_for_app(visit);
  return otherwise;
}

Verdict redirect_to_logto(const Visit& visit, SignInStart& start, const ProviderMetadata& metadata) {
  const LogtoSettings& logto = visit.settings().logto;
  demand_proof(visit, start);
  const SignInTerms terms = terms_of(visit, start);
  PendingSignIn pending = make_attempt(visit, start, terms);
  std::vector<std::string> cookies = write_attempt(visit, pending);
  if (cookies.empty()) return go_on(visit, start);
  Verdict verdict = redirect_verdict(visit, start.decision,
                                     authorization_url(metadata, logto, terms.settings, pending,
                                                       visit.fields().get("Accept-Language"), needs_of(visit, start)));
  const std::string& prefix = visit.cookies.names().pending_prefix;
  append_cookies(
      verdict, visit.cookies.remove_pending(visit.fields(),
                                            evict_pending(visit.fields(), prefix, visit.realm.keyring()->pending_sealer,
                                                          visit.now_s, bytes_of(cookies))));
  if (!start.answered_state.empty()) {
    append_cookies(verdict,
                   visit.cookies.remove_pending(visit.fields(), {pending_cookie_name(prefix, start.answered_state)}));
  }
  append_cookies(verdict, std::move(cookies));
  // Beside the domain's cookie one of the host's own makes both unreadable, for ever.
  if (visit.session.is_unreadable()) append_cookies(verdict, visit.cookies.remove_earlier(visit.fields()));
  return verdict;
}

Verdict without_logto(const Visit& visit, SignInStart& start) {
  visit.realm.log.warning("Logto is needed and cannot be asked", {{"id", visit.facts.request_id},
                                                                  {"phase", start.silent ? "revalidate" : "sign_in"},
                                                                  {"url", discovery_url(visit.settings().logto)}});
  return go_on(visit, start);
}

constexpr auto ask_for_reachability = [](const Visit& asking, auto answer) {
  return asking.realm.auth->need_reachability(asking.loop, std::move(answer));
};

// What is known of Logto's addresses does not say that anybody is there: a browser would end at a host that is gone.
Verdict redirect_if_reachable(const Visit& visit, SignInStart start, std::shared_ptr<const ProviderMetadata> metadata,
                              Waiting waiting) {
  auto judge = [start = std::move(start), metadata = std::move(metadata)](const Visit& judged, Result<bool> reachable,
                                                                          Waiting) mutable {
    return reachable && *reachable ? redirect_to_logto(judged, start, *metadata) : without_logto(judged, start);
  };
  return wait_for(visit, std::move(waiting), ask_for_reachability, std::move(judge));
}

// Where another proxy asks: to our own endpoint first. Not every one of them passes on the cookies of an attempt, but
// all of them send the browser elsewhere. Whoever is signed in already is to prove who they are once more, or, silent,
// to have Logto vouch for them.
Verdict redirect_to_own_sign_in(const Visit& visit, const SignInStart& start) {
  const bool again = !start.silent && visit.signed_in() != nullptr;
  const std::string& prefix = visit.settings().auth_prefix;
  const std::string path = sign_in_path(prefix, visit.place(start.return_to), start.route, again);
  std::string url = visit.own_url(std::string_view(path).substr(prefix.size() + 1));
  if (start.silent) url.append(url.find('?') == std::string::npos ? "?" : "&").append("prompt=none");
  return redirect_verdict(visit, start.decision, std::move(url));
}

// The buttons are on a page of our own endpoint, which knows the route.
bool leads_to_chooser(const Visit& visit, const SignInStart& start) {
  if (start.silent || start.is_chosen) return false;
  return effective_sign_in(visit.settings().logto.sign_in, start.sign_in).choose.value_or(false);
}

// A silent one comes back at once where Logto cannot be asked, and would be sent again.
Verdict leave_for_own_sign_in(const Visit& visit, SignInStart start, Waiting waiting) {
  if (!start.silent) return redirect_to_own_sign_in(visit, start);
  if (!visit.realm.auth || !visit.realm.auth->metadata()) return without_logto(visit, start);
  if (visit.realm.auth->is_reachable()) return redirect_to_own_sign_in(visit, start);
  auto judge = [start = std::move(start)](const Visit& judged, Result<bool> reachable, Waiting) mutable {
    return reachable && *reachable ? redirect_to_own_sign_in(judged, start) : without_logto(judged, start);
  };
  return wait_for(visit, std::move(waiting), ask_for_reachability, std::move(judge));
}

// --- the endpoints ---

// Parameters of our own endpoints, and those of Logto's that the configuration allows. Any other is ignored: nobody
// steers the authorization request from outside (threat O29). One of these sent twice is refused.
struct SignInQuery {
  std::optional<std::string> return_to;
  std::optional<std::string> with;
  std::optional<std::string> prompt;
  std::optional<std::string> route;
  std::optional<std::string> choose;
  std::map<std::string, Secret> of_logto;  // those of logto.sign_in.allow_parameters
};

std::optional<SignInQuery> parse_sign_in_query(std::string_view query, const std::vector<std::string>& allowed) {
  const Result<FormPairs> pairs = parse_form(query);
  if (!pairs) return std::nullopt;
  SignInQuery parsed;
  struct Parameter {
    std::string_view name;
    std::optional<std::string>* value;
  };
  const Parameter known[] = {{"return_to", &parsed.return_to},
                             {"with", &parsed.with},
                             {"prompt", &parsed.prompt},
                             {"route", &parsed.route},
                             {"choose", &parsed.choose}};
  for (const auto& [name, value] : *pairs) {
    for (const Parameter& parameter : known) {
      if (parameter.name != name) continue;
      if (parameter.value->has_value()) return std::nullopt;
      *parameter.value = value;
    }
    if (is_one_of(name, allowed) && !parsed.of_logto.emplace(name, Secret(value)).second) return std::nullopt;
  }
  return parsed;
}

// A sign_in_url that is no external URL has no app to go to.
std::string home_of(const Visit& visit) {
  const Settings& settings = visit.settings();
  const auto& urls = settings.external_urls;
  const bool has_app = settings.sign_in_url != *visit.facts.external ||
                       std::find(urls.begin(), urls.end(), *visit.facts.external) != urls.end();
  return has_app ? "/" : account_path(settings.auth_prefix);
}

void take_parameters_of_logto(const SignInQuery& query, SignInStart& start) {
  for (const auto& [name, value] : query.of_logto) {
    const std::string text(value.reveal());
    if (name == "one_time_token")
      start.one_time_token = value;
    else if (name == "ui_locales")
      start.sign_in.ui_locales = text;
    else if (name == "first_screen")
      start.sign_in.first_screen = text;
    else
      start.sign_in.extra[name] = text;
  }
}

SignInStart requested_start(const Visit& visit, const SignInQuery& query) {
  SignInStart start;
  start.return_to =
      vet_return_to_own(query.return_to.value_or("/"), *visit.facts.external, visit.settings()).value_or("/");
  if (start.return_to == "/") start.return_to = home_of(visit);
  start.route = route_index(query.route.value_or(""));
  start.sign_in = sign_in_settings_of_route(visit.settings(), start.route);
  start.is_chosen = true;
  if (query.choose == "0") start.sign_in.with = "";  // Logto's own first screen, whatever is configured
  if (query.with) start.sign_in.with = query.with;
  if (query.prompt == "login") start.sign_in.prompt = "login";  // another account, though Logto's session lives
  take_parameters_of_logto(query, start);
  return start;
}

// Pages and JSON for somebody whose sign-in is too long ago lead here.
void step_up_where_needed(const Visit& visit, SignInStart& start) {
  const RouteSettings* route = route_of(visit.settings(), start.route);
  std::optional<Principal> who = visit.principal();
  if (route == nullptr || !who) return;
  const std::string_view target = without_origin(start.return_to);
  who->organization =
      organization_of_route(*route, visit.facts.external->host, target.substr(0, target.find_first_of("?#")));
  const Authorization authorization = authorize(*route, &*who, visit.now_s);
  if (authorization.verdict != Authorization::Verdict::step_up) return;
  start.step_up = true;
  start.max_age_s = authorization.max_age_s;
}

bool has_nothing_to_do(const Visit& visit, const SignInQuery& query, const SignInStart& start) {
  // A magic link is for the person it was sent to, whoever is signed in.
  return visit.signed_in() != nullptr && !start.step_up && !query.with && query.prompt != "login" &&
         start.one_time_token.empty();
}

// What another proxy was told when it asked for a request of a session that Logto has not vouched for lately. Anybody
// may ask for this; it happens only where it is due.
bool is_to_be_revalidated(const Visit& visit, const SignInQuery& query, const SignInStart& start) {
  return query.prompt == "none" && visit.signed_in() != nullptr &&
         visit.session.age == SessionAge::due_for_revalidation && visit.may_start_sign_in() &&
         !stop_silent_loop(visit, start.return_to);
}

Verdict revalidate_on_request(const Visit& visit, SignInStart start, Waiting waiting) {
  start.silent = true;
  start.otherwise = redirect_verdict(visit, "own", start.return_to);
  return start_sign_in(visit, std::move(start), std::move(waiting));
}

// "social:linkedin, sso:acme": the ways that the configuration names.
std::string configured_ways(const Settings& settings) {
  std::vector<std::string> ways;
  const auto add = [&](const std::optional<std::string>& with) {
    if (with && std::find(ways.begin(), ways.end(), *with) == ways.end()) ways.push_back(*with);
  };
  add(settings.logto.sign_in.with);
  for (const RouteSettings& route : settings.routes) add(route.sign_in.with);
  std::string list;
  for (const std::string& way : ways) list.append(list.empty() ? "" : ", ").append(way);
  return list;
}

Verdict refuse_way(const Visit& visit, const std::string& with) {
  visit.realm.log.warning(
      "sign-in refused: with= takes social:TARGET or sso:CONNECTOR_ID, as Logto's direct_sign_in",
      {{"id", visit.facts.request_id}, {"with", with}, {"configured", configured_ways(visit.settings())}});
  return status_verdict(visit, "own", 400);
}

// Why the parameters for Logto cannot be sent on; empty: they can. Logto drops all of them where one is wrong (fact
// 12).
std::string_view fault_of(const SignInQuery& query) {
  for (const auto& [name, value] : query.of_logto) {
    if (!is_valid_link_parameter(name, value.reveal())) return name;
  }
  const bool has_token = query.of_logto.count("one_time_token") > 0;
  return has_token && query.of_logto.count("login_hint") == 0 ? "login_hint" : "";
}

// Without its value, which may be a secret.
Verdict refuse_parameter(const Visit& visit, std::string_view name) {
  visit.realm.log.warning(
      "sign-in refused: a parameter for Logto has a value that Logto does not take, or one_time_token comes without "
      "login_hint",
      {{"id", visit.facts.request_id}, {"parameter", name}});
  return status_verdict(visit, "own", 400);
}

// The way is open: nothing in the link says it, and the link or the configuration wants a choice.
bool wants_choice(const Visit& visit, const SignInQuery& query, const SignInStart& start) {
  if (query.with || !start.one_time_token.empty() || query.choose == "0") return false;
  if (query.choose == "1") return true;
  if (start.sign_in.first_screen && query.of_logto.contains("first_screen")) return false;
  return effective_sign_in(visit.settings().logto.sign_in, start.sign_in).choose.value_or(false);
}

// What the buttons take along, besides where to return to.
ChooserRequest chooser_request(const SignInQuery& query, const SignInStart& start) {
  ChooserRequest request{start.return_to, start.route, query.prompt == "login", {}};
  for (const auto& [name, value] : query.of_logto)
    request.parameters.append(request.parameters.empty() ? "" : "&")
        .append(percent_encode(name) + "=" + percent_encode(value.reveal()));
  return request;
}

Verdict sign_in_on_request(const Visit& visit, std::optional<std::string> first_screen, Waiting waiting) {
  const std::optional<SignInQuery> query =
      parse_sign_in_query(visit.facts.query, visit.settings().logto.allow_parameters);
  if (!query) return status_verdict(visit, "own", 400);
  if (query->choose && *query->choose != "0" && *query->choose != "1") return status_verdict(visit, "own", 400);
  if (query->with && !is_valid_with(*query->with)) return refuse_way(visit, *query->with);
  if (const std::string_view fault = fault_of(*query); !fault.empty()) return refuse_parameter(visit, fault);
  SignInStart start = requested_start(visit, *query);
  step_up_where_needed(visit, start);
  if (is_to_be_revalidated(visit, *query, start)) {
    return revalidate_on_request(visit, std::move(start), std::move(waiting));
  }
  if (has_nothing_to_do(visit, *query, start)) return send_back(visit, start.return_to);
  if (!visit.may_start_sign_in()) return unauthenticated_verdict(visit, "own");
  if (!first_screen && wants_choice(visit, *query, start))
    return show_sign_in_chooser(visit, chooser_request(*query, start), std::move(waiting));
  if (first_screen) start.sign_in.first_screen = std::move(first_screen);
  return start_sign_in(visit, std::move(start), std::move(waiting));
}

}  // namespace

int route_index(std::string_view text) {
  int index = 0;
  if (text.empty() || text.size() > 6) return 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  return error == std::errc() && end == text.data() + text.size() ? index : 0;
}

SignInStart start_for_route(const Visit& visit) {
  SignInStart start;
  start.return_to = visit.own_return_to();
  start.sign_in = visit.facts.route->sign_in;
  start.route = visit.facts.route->index;
  start.decision = "sign_in";
  return start;
}

SignInSettings sign_in_settings_of_route(const Settings& settings, int route) {
  const RouteSettings* found = route_of(settings, route);
  return found == nullptr ? SignInSettings{} : found->sign_in;
}

Verdict sign_in_for_own_page(const Visit& visit, std::string page, Waiting waiting) {
  if (!visit.may_start_sign_in()) return unauthenticated_verdict(visit, "own");
  SignInStart start;
  start.return_to = std::move(page);
  return start_sign_in(visit, std::move(start), std::move(waiting));
}

Verdict start_sign_in(const Visit& visit, SignInStart start, Waiting waiting) {
  if (visit.facts.forwarded != ForwardedForm::none)
    return leave_for_own_sign_in(visit, std::move(start), std::move(waiting));
  if (leads_to_chooser(visit, start)) return redirect_to_own_sign_in(visit, start);
  start.return_to = visit.place(start.return_to);
  if (!start.silent) {
    if (std::optional<Verdict> stopped = stop_loop(visit, start.return_to, start.route)) return std::move(*stopped);
  }
  if (!visit.realm.auth) return without_logto(visit, start);
  if (const auto metadata = visit.realm.auth->metadata()) {
    if (visit.realm.auth->is_reachable()) return redirect_to_logto(visit, start, *metadata);
    return redirect_if_reachable(visit, std::move(start), metadata, std::move(waiting));
  }
  const auto ask = [](const Visit& asking, auto answer) {
    return asking.realm.auth->need_metadata(asking.loop, std::move(answer));
  };
  auto judge = [start = std::move(start)](const Visit& judged, const MetadataResult& metadata, Waiting) mutable {
    return metadata ? redirect_to_logto(judged, start, **metadata) : without_logto(judged, start);
  };
  return wait_for(visit, std::move(waiting), ask, std::move(judge));
}

Verdict handle_sign_in(const Visit& visit, Waiting waiting) {
  return sign_in_on_request(visit, std::nullopt, std::move(waiting));
}

Verdict handle_sign_up(const Visit& visit, Waiting waiting) {
  return sign_in_on_request(visit, "register", std::move(waiting));
}

}  // namespace lp
