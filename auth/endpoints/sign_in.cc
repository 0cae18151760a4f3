#include "auth/endpoints/sign_in.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "auth/cookies/pending_cookie.h"
#include "auth/cookies/sign_in_state.h"
#include "auth/loops/stop.h"
#include "auth/oidc/authorization_request.h"
#include "auth/rules/authorize.h"
#include "auth/rules/own_returns.h"
#include "auth/rules/return_to.h"
#include "auth/session/session_times.h"
#include "auth/visit/wait.h"
#include "base/crypto.h"

namespace lp {
namespace {

using MetadataResult = Result<std::shared_ptr<const ProviderMetadata>>;

// --- sending the browser there ---

const RouteSettings* route_of(const Settings& settings, int index) {
  const auto found = std::find_if(settings.routes.begin(), settings.routes.end(),
                                  [&](const RouteSettings& r) { return r.index == index && index > 0; });
  return found == settings.routes.end() ? nullptr : &*found;
}

SignInTerms terms_of(const Visit& visit, const SignInStart& start) {
  const RouteSettings* route = route_of(visit.settings(), start.route);
  SignInReason why{start.step_up, std::nullopt, start.max_age_s};
  if (route != nullptr) why.route_max_age_s = needed_max_age_s(route->require);
  SignInTerms terms = sign_in_terms(visit.settings().logto.sign_in, start.sign_in, why);
  if (start.silent) terms.max_age_s = kNoMaxAge;
  return terms;
}

PendingSignIn make_attempt(const Visit& visit, const SignInStart& start, std::int64_t max_age_s) {
  PendingSignIn pending = make_pending(random_bytes(96), start.return_to, visit.callback_url(), visit.now_s);
  const bool fits = start.return_to.size() <= kMaxReturnToInStateBytes;
  const SignInState state{visit.now_s, start.fresh_start, start.route, fits ? start.return_to : visit.place("/")};
  pending.state = Secret(make_state(state, visit.realm.keyring()->state_sealer, random_bytes(kXaesNonceBytes)));
  pending.silent = start.silent;
  pending.step_up = start.step_up;
  pending.max_age_s = max_age_s;
  return pending;
}

// A target that leaves no room for the rest of the cookie is given up: signing in goes before coming back there.
std::string write_attempt(const Visit& visit, PendingSignIn& pending) {
  std::string cookie = visit.cookies.write_pending(pending);
  if (!cookie.empty()) return cookie;
  pending.return_to = visit.place("/");
  return visit.cookies.write_pending(pending);
}

Verdict redirect_to_logto(const Visit& visit, const SignInStart& start, const ProviderMetadata& metadata) {
  const LogtoSettings& logto = visit.settings().logto;
  const SignInTerms terms = terms_of(visit, start);
  PendingSignIn pending = make_attempt(visit, start, terms.max_age_s);
  std::string cookie = write_attempt(visit, pending);
  Verdict verdict =
      redirect_verdict(visit, start.decision,
                       authorization_url(metadata, logto, terms.settings, pending,
                                         visit.fields().get("Accept-Language"), app_token_needs(visit.settings())));
  const std::string& prefix = visit.cookies.names().pending_prefix;
  append_cookies(verdict, visit.cookies.remove_pending(evict_pending(
                              visit.fields(), prefix, visit.realm.keyring()->pending_sealer, visit.now_s)));
  verdict.set_cookies.push_back(std::move(cookie));
  // Beside the domain's cookie one of the host's own makes both unreadable, for ever.
  if (visit.session.is_unreadable()) append_cookies(verdict, visit.cookies.remove_host_only(visit.fields()));
  return verdict;
}

// The wait for Logto may have been long.
bool is_still_signed_in(const Visit& visit) {
  return visit.signed_in() != nullptr &&
         !visit.realm.revocations.is_revoked(visit.session.opened->revocation_keys, visit.signed_in()->signed_in_at_ms);
}

Verdict without_logto(const Visit& visit, SignInStart& start) {
  visit.realm.log.warning("Logto is needed and cannot be asked",
                          {{"id", visit.facts.request_id}, {"phase", start.silent ? "revalidate" : "sign_in"}});
  const bool has_ended = start.silent && !is_still_signed_in(visit);
  if (!start.otherwise || has_ended) return status_verdict(visit, start.decision, 503);
  Verdict otherwise = std::move(*start.otherwise);
  if (otherwise.kind == Verdict::Kind::pass) otherwise.app_headers = headers_for_app(visit);
  return otherwise;
}

// Where another proxy asks: to our own endpoint first. Not every one of them passes on the cookies of an attempt, but
// all of them send the browser elsewhere. Whoever is signed in already is to prove who they are once more, or, silent,
// to have Logto vouch for them.
Verdict redirect_to_own_sign_in(const Visit& visit, SignInStart start) {
  const bool away = !visit.realm.auth || !visit.realm.auth->metadata();
  if (start.silent && away && start.otherwise) return std::move(*start.otherwise);  // else it would come back at once
  const bool again = !start.silent && visit.signed_in() != nullptr;
  const std::string& prefix = visit.settings().auth_prefix;
  const std::string path = sign_in_path(prefix, start.return_to, start.route, again);
  std::string url = visit.own_url(std::string_view(path).substr(prefix.size() + 1));
  if (start.silent) url.append(url.find('?') == std::string::npos ? "?" : "&").append("prompt=none");
  return redirect_verdict(visit, start.decision, std::move(url));
}

// --- the endpoints ---

// Parameters of our own endpoints. Any other is ignored: nobody steers the authorization request from outside
// (threat O29). One of ours sent twice is refused.
struct SignInQuery {
  std::optional<std::string> return_to;
  std::optional<std::string> with;
  std::optional<std::string> prompt;
  std::optional<std::string> route;
};

std::optional<SignInQuery> parse_sign_in_query(std::string_view query) {
  const Result<FormPairs> pairs = parse_form(query);
  if (!pairs) return std::nullopt;
  SignInQuery parsed;
  struct Parameter {
    std::string_view name;
    std::optional<std::string>* value;
  };
  const Parameter known[] = {
      {"return_to", &parsed.return_to}, {"with", &parsed.with}, {"prompt", &parsed.prompt}, {"route", &parsed.route}};
  for (const auto& [name, value] : *pairs) {
    for (const Parameter& parameter : known) {
      if (parameter.name != name) continue;
      if (parameter.value->has_value()) return std::nullopt;
      *parameter.value = value;
    }
  }
  if (parsed.with && !is_valid_with(*parsed.with)) return std::nullopt;
  return parsed;
}

int route_index(const std::optional<std::string>& text) {
  int index = 0;
  if (!text || text->empty() || text->size() > 6) return 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), index);
  return error == std::errc() && end == text->data() + text->size() ? index : 0;
}

// A sign_in_url that is no external URL has no app to go to.
std::string home_of(const Visit& visit) {
  const Settings& settings = visit.settings();
  const auto& urls = settings.external_urls;
  const bool has_app = settings.sign_in_url != *visit.facts.external ||
                       std::find(urls.begin(), urls.end(), *visit.facts.external) != urls.end();
  return has_app ? "/" : account_path(settings.auth_prefix);
}

SignInStart requested_start(const Visit& visit, const SignInQuery& query) {
  SignInStart start;
  start.return_to =
      vet_return_to_own(query.return_to.value_or("/"), *visit.facts.external, visit.settings()).value_or("/");
  if (start.return_to == "/") start.return_to = home_of(visit);
  start.route = route_index(query.route);
  start.sign_in = sign_in_settings_of_route(visit.settings(), start.route);
  if (query.with) start.sign_in.with = query.with;
  if (query.prompt == "login") start.sign_in.prompt = "login";  // another account, though Logto's session lives
  return start;
}

// Pages and JSON for somebody whose sign-in is too long ago lead here.
void step_up_where_needed(const Visit& visit, SignInStart& start) {
  const RouteSettings* route = route_of(visit.settings(), start.route);
  const std::optional<Principal> who = visit.principal();
  if (route == nullptr || !who) return;
  const Authorization authorization = authorize(*route, &*who, visit.now_s);
  if (authorization.verdict != Authorization::Verdict::step_up) return;
  start.step_up = true;
  start.max_age_s = authorization.max_age_s;
}

bool has_nothing_to_do(const Visit& visit, const SignInQuery& query, const SignInStart& start) {
  return visit.signed_in() != nullptr && !start.step_up && !query.with && query.prompt != "login";
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

Verdict sign_in_on_request(const Visit& visit, std::optional<std::string> first_screen, Waiting waiting) {
  const std::optional<SignInQuery> query = parse_sign_in_query(visit.facts.query);
  if (!query) return status_verdict(visit, "own", 400);
  SignInStart start = requested_start(visit, *query);
  step_up_where_needed(visit, start);
  if (is_to_be_revalidated(visit, *query, start)) {
    return revalidate_on_request(visit, std::move(start), std::move(waiting));
  }
  if (has_nothing_to_do(visit, *query, start)) return redirect_verdict(visit, "own", start.return_to);
  if (!visit.may_start_sign_in()) return unauthenticated_verdict(visit, "own");
  if (first_screen) start.sign_in.first_screen = std::move(first_screen);
  return start_sign_in(visit, std::move(start), std::move(waiting));
}

}  // namespace

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

Verdict start_sign_in(const Visit& visit, SignInStart start, Waiting waiting) {
  if (visit.facts.forwarded != ForwardedForm::none) return redirect_to_own_sign_in(visit, std::move(start));
  start.return_to = visit.place(start.return_to);
  if (!start.silent) {
    if (std::optional<Verdict> stopped = stop_loop(visit, start.return_to, start.route)) return std::move(*stopped);
  }
  if (!visit.realm.auth) return without_logto(visit, start);
  if (const auto metadata = visit.realm.auth->metadata()) return redirect_to_logto(visit, start, *metadata);
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
