#include "proxy/judge/judge.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "auth/jose/json_strict.h"
#include "auth/oidc/authorization_request.h"
#include "auth/oidc/id_token.h"
#include "auth/rules/navigation.h"
#include "auth/rules/return_to.h"
#include "auth/rules/route_modes.h"
#include "auth/session/kept_claims.h"
#include "base/encoding.h"
#include "config/path_pattern.h"
#include "config/value.h"
#include "proxy/http/client_facts.h"
#include "proxy/http/websocket.h"
#include "proxy/http1/request.h"
#include "proxy/http1/scan.h"
#include "proxy/route/webdav.h"

namespace lp {
namespace {

using nlohmann::json;
using Outcome = Judgement::Outcome;

constexpr std::string_view kTokenInPlace = "(token)";
constexpr std::string_view kMask = "********";

void conclude(Judgement& judgement, Outcome outcome, int status, std::string reason) {
  judgement.outcome = outcome;
  judgement.status = status;
  judgement.reason = std::move(reason);
}

// --- the request's bytes ---

struct SplitUrl {
  std::string authority;
  std::string target;
};

// Nothing is repaired: a client that sends such a target is what the question is about.
Result<SplitUrl> split_url(std::string_view url) {
  const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  if (scheme == 0) return fail("the URL does not begin with https:// or http://");
  url = url.substr(scheme);
  const std::size_t end = std::min(url.find_first_of("/?#\\"), url.size());
  SplitUrl split{std::string(url.substr(0, end)), std::string(url.substr(end))};
  split.target.resize(std::min(split.target.find('#'), split.target.size()));
  if (!split.target.starts_with('/')) split.target.insert(0, "/");
  return split;
}

bool breaks_lines(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

bool has_header(const AskedRequest& asked, std::string_view name) {
  return std::any_of(asked.headers.begin(), asked.headers.end(),
                     [&](const auto& header) { return iequals(header.first, name); });
}

struct UsualField {
  std::string_view name;
  std::string_view of_navigation;
  std::string_view of_script;
};
constexpr std::array kUsualFields = {
    UsualField{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8", "*/*"},
    UsualField{"Sec-Fetch-Mode", "navigate", "cors"},
    UsualField{"Sec-Fetch-Dest", "document", "empty"},
};

Result<std::string> request_bytes(const AskedRequest& asked) {
  const auto split = split_url(asked.url);
  if (!split) return split.error();
  std::string bytes = asked.method + " " + split->target + " HTTP/1.1";
  if (breaks_lines(bytes) || breaks_lines(split->authority)) return fail("a line break in the method or the URL");
  if (!has_header(asked, "Host")) bytes += "\r\nHost: " + split->authority;
  for (const auto& [name, value] : asked.headers) {
    if (breaks_lines(name) || breaks_lines(value)) return fail("a line break in the header field " + name);
    bytes.append("\r\n").append(name).append(": ").append(value);
  }
  for (const UsualField& field : kUsualFields) {
    if (has_header(asked, field.name)) continue;
    const bool navigates = asked.manner == AskedRequest::Manner::navigation;
    bytes.append("\r\n").append(field.name).append(": ").append(navigates ? field.of_navigation : field.of_script);
  }
  return bytes + "\r\n\r\n";
}

// False where the head is refused before anybody looks at what it asks for.
bool parse(Judgement& judgement, const LimitSettings& settings) {
  const HeadLimits limits{static_cast<std::size_t>(settings.request_head_bytes),
                          static_cast<std::size_t>(settings.header_count),
                          static_cast<std::size_t>(settings.target_bytes)};
  HeadScanner scanner;
  const HeadScanner::Outcome outcome = scanner.scan(*judgement.bytes, limits);
  if (outcome == HeadScanner::Outcome::too_large) {
    conclude(judgement, Outcome::bad_request, scanner.status_if_too_large(), "the head is longer than limits allow");
    return false;
  }
  if (outcome != HeadScanner::Outcome::complete || scanner.head_bytes() != judgement.bytes->size()) {
    conclude(judgement, Outcome::bad_request, 400, "the request holds a byte that no head may hold");
    return false;
  }
  if (const auto error = parse_request_head(*judgement.bytes, limits, judgement.request)) {
    conclude(judgement, Outcome::bad_request, error->status, error->rule);
    return false;
  }
  return true;
}

// --- the person ---

// As Logto sends them, from a list of targets.
void complete_identities(json& claims) {
  const auto found = claims.find("identities");
  if (found == claims.end() || !found->is_array()) return;
  json identities = json::object();
  for (const json& target : *found) {
    if (target.is_string()) identities[target.get<std::string>()] = json::object();
  }
  *found = std::move(identities);
}

Result<void> take_scopes(json& claims, Person& person) {
  const auto found = claims.find("scopes");
  if (found == claims.end()) return {};
  if (!found->is_array()) return fail("scopes: expected a list of texts");
  person.scopes.emplace();
  for (const json& scope : *found) {
    if (!scope.is_string()) return fail("scopes: expected a list of texts");
    person.scopes->push_back(scope.get<std::string>());
  }
  claims.erase(found);
  return {};
}

Result<void> take_age(json& claims, Person& person, std::int64_t now_s) {
  person.session.authenticated_at_s = authenticated_at_s(claims, now_s);
  const auto found = claims.find("authenticated_ago");
  if (found == claims.end()) return {};
  if (claims.contains("auth_time")) return fail("expected one of auth_time and authenticated_ago, found both");
  const auto age_ms =
      found->is_string() ? parse_duration(found->get_ref<const std::string&>()) : Result<std::int64_t>(fail("no text"));
  if (!age_ms) return fail("authenticated_ago: expected a duration such as 5m");
  person.session.authenticated_at_s = now_s - *age_ms / kSecond;
  claims.erase(found);
  return {};
}

// --- the answers ---

bool wants_websocket(const Judgement& judgement) {
  return judgement.request.wants_upgrade && iequals(judgement.request.upgrade, "websocket");
}

bool is_navigation(const Judgement& judgement) {
  return !wants_websocket(judgement) && is_navigation(judgement.request.head.method, judgement.request.head.fields);
}

void send_to_logto(Judgement& judgement, const Settings& settings, std::string reason) {
  const SignInSettings sign_in = effective_sign_in(settings.logto.sign_in, judgement.route->sign_in);
  const bool carries_fragment =
      sign_in.keep_fragment.value_or(false) && judgement.request.head.method == "GET" && is_navigation(judgement);
  conclude(judgement, Outcome::sign_in, carries_fragment ? 200 : 303, std::move(reason));
}

bool can_be_sent_to_logto(const Judgement& judgement) {
  return redirects_when_signed_out(*judgement.route, judgement.request.head, wants_websocket(judgement));
}

void answer_signed_out(Judgement& judgement, const Settings& settings) {
  if (can_be_sent_to_logto(judgement))
    return send_to_logto(judgement, settings, "nobody is signed in, and the route wants somebody");
  conclude(judgement, Outcome::unauthenticated, 401,
           "nobody is signed in, and this request is not one that can be sent to sign in");
}

void step_up(Judgement& judgement, const Settings& settings) {
  const std::string most = std::to_string(judgement.authorization->max_age_s);
  const std::string reason = "the sign-in is more than " + most + " s ago";
  if (can_be_sent_to_logto(judgement)) return send_to_logto(judgement, settings, reason);
  conclude(judgement, Outcome::unauthenticated, 401, reason);
}

std::string why_refused(const Authorization& authorization) {
  if (authorization.by_deny_rule) return "a deny rule of the route holds";
  std::string missing;
  for (const Requirement* one : authorization.missing)
    missing += (missing.empty() ? "" : "; ") + describe_requirement(*one, Audience::operators);
  return "missing: " + missing;
}

void forbid(Judgement& judgement) {
  const std::string why = why_refused(*judgement.authorization);
  const bool asks_for_another = judgement.route->forbidden == Forbidden::sign_in && !wants_websocket(judgement) &&
                                may_start_sign_in(judgement.request.head.method, judgement.request.head.fields);
  if (!asks_for_another) return conclude(judgement, Outcome::deny, 403, why);
  conclude(judgement, Outcome::sign_in, 303, why + "; sent to sign in with another account, once");
}

std::string would_have_been(const Authorization& authorization) {
  switch (authorization.verdict) {
    case Authorization::Verdict::pass:
      return "all that the route asks for holds";
    case Authorization::Verdict::sign_in:
      return "in shadow only: nobody is signed in";
    case Authorization::Verdict::step_up:
      return "in shadow only: the sign-in is too long ago";
    case Authorization::Verdict::forbidden:
      return "in shadow only: " + why_refused(authorization);
    case Authorization::Verdict::denied:
      return "in shadow only: access is deny";
  }
  return {};
}

std::string own_url(const Judgement& judgement, const Settings& settings, std::string_view endpoint) {
  const Origin& origin = settings.sign_in_url ? *settings.sign_in_url : *judgement.external;
  return origin.text() + settings.auth_prefix + "/" + std::string(endpoint);
}

// As auth/endpoints/sign_in.cc and auth/gate/forbid.cc choose them.
SignInSettings sign_in_for(const Judgement& judgement, const Settings& settings) {
  using Verdict = Authorization::Verdict;
  SignInSettings sign_in = effective_sign_in(settings.logto.sign_in, judgement.route->sign_in);
  const Verdict verdict = judgement.authorization->verdict;
  if (verdict == Verdict::forbidden) sign_in.prompt = "login";
  if (verdict == Verdict::step_up && sign_in.prompt == "none") sign_in.prompt.reset();
  return sign_in;
}

std::int64_t max_age_for(const Judgement& judgement, const SignInSettings& sign_in) {
  auto needed_s = needed_max_age_s(judgement.route->require);
  const Authorization& authorization = *judgement.authorization;
  if (authorization.verdict == Authorization::Verdict::step_up)
    needed_s = needed_s ? std::min(*needed_s, authorization.max_age_s) : authorization.max_age_s;
  return max_age_to_send_s(sign_in, needed_s);
}

constexpr std::string_view kRandom = "(random)";

}  // namespace

Principal Person::principal() const {
  Principal who = principal_of(session);
  if (scopes) who.scopes = &*scopes;
  return who;
}

Result<Person> person_from_claims(std::string_view text, const Settings& settings, std::int64_t now_s) {
  auto claims = parse_json_strict(text, kMaxTokenBytes);
  if (!claims) return claims.error();
  if (!claims->is_object()) return fail("expected claims as a JSON object");
  const std::string* sub = string_member(*claims, "sub");
  if (sub == nullptr || sub->empty()) return fail("expected the claim sub, a text: everybody has one");
  Person person;
  person.session.sub = *sub;
  if (auto taken = take_scopes(*claims, person); !taken) return taken.error();
  if (auto taken = take_age(*claims, person, now_s); !taken) return taken.error();
  complete_identities(*claims);
  person.session.claims = claims_to_keep(*claims, *claims, settings);
  return person;
}

RequestJudge::RequestJudge(const Settings& settings)
    : settings_(settings), router_(settings), rules_(settings), sets_(settings) {}

Judgement RequestJudge::judge(const AskedRequest& asked, const Person* who, std::int64_t now_s) const {
  Judgement judgement;
  auto bytes = request_bytes(asked);
  if (!bytes) {
    conclude(judgement, Outcome::bad_request, 400, bytes.error().message);
    return judgement;
  }
  judgement.bytes = std::make_shared<const std::string>(std::move(*bytes));
  if (!parse(judgement, settings_.limits)) return judgement;
  judgement.client = client_facts(asked.client, judgement.request.head.fields, settings_.trusted_proxies);
  if (find_target(judgement)) find_route(judgement);
  if (judgement.route != nullptr && judgement.ambiguity.empty()) judge_route(judgement, who, now_s);
  return judgement;
}

RouteQuestion RequestJudge::question_of(const Judgement& judgement) {
  const RequestHead& head = judgement.request.head;
  return {judgement.external->host, head.method, *judgement.target, head.fields, judgement.client.address};
}

// In the order of proxy/exchange/exchange.h: whose host, which target, which route. False where the answer is found.
bool RequestJudge::find_target(Judgement& judgement) const {
  const std::string_view authority = judgement.request.authority;
  const auto misdirected = [&] {
    conclude(judgement, Outcome::misdirected, 421,
             "none of external_urls has the host " + std::string(authority) + " (with this port)");
    return false;
  };
  judgement.external = router_.origin_for(authority);
  if (judgement.external == nullptr) {
    if (const auto wildcard = router_.wildcard_origin_for(authority)) {
      judgement.of_wildcard = std::make_shared<const Origin>(*wildcard);
      judgement.external = judgement.of_wildcard.get();
    }
  }
  const bool only_backchannel = judgement.external == nullptr;
  if (only_backchannel) judgement.external = router_.backchannel_origin_for(authority);
  if (judgement.external == nullptr) return misdirected();
  auto target = normalise_target(judgement.request.path_and_query);
  if (!target) {
    conclude(judgement, Outcome::bad_request, 400, target.error().message);
    return false;
  }
  judgement.target = std::move(*target);
  if (only_backchannel && !is_backchannel_path(judgement.target->path, settings_.auth_prefix)) return misdirected();
  if (!is_below(judgement.target->path, settings_.auth_prefix)) return true;
  if (judgement.target->has_encoded_slash)
    conclude(judgement, Outcome::bad_request, 400, "an encoded slash below auth_prefix");
  else
    conclude(judgement, Outcome::own_endpoint, 0, "an endpoint of logto-proxy itself");
  return false;
}

void RequestJudge::find_route(Judgement& judgement) const {
  if (router_.serves_only_own_endpoints(*judgement.external))
    return conclude(judgement, Outcome::not_found, 404,
                    "sign_in_url has no routes, only endpoints of logto-proxy itself");
  const RouteQuestion question = question_of(judgement);
  const RouteAnswer found = router_.route_for(question);
  judgement.route = found.route;
  judgement.ambiguity = found.ambiguity;
  if (found.route == nullptr && !found.is_ambiguous())
    return conclude(judgement, Outcome::not_found, 404, "no route matches");
  if (!found.is_ambiguous() && !destination_stays_on_route(router_, question, *found.route))
    judgement.ambiguity = "the Destination field names a place that another route, or none, is responsible for";
  if (judgement.ambiguity.empty()) {
    auto rewritten = rewrite_path(question.target.path, found.route->strip_prefix);
    if (rewritten)
      judgement.app_target = std::move(*rewritten);
    else
      judgement.ambiguity = rewritten.error().message;
  }
  if (!judgement.ambiguity.empty()) return conclude(judgement, Outcome::bad_request, 400, judgement.ambiguity);
  if (judgement.target->has_query) judgement.app_target.append("?").append(judgement.target->query);
}

void RequestJudge::judge_route(Judgement& judgement, const Person* who, std::int64_t now_s) const {
  using Verdict = Authorization::Verdict;
  const RouteSettings& route = *judgement.route;
  if (passes_as_preflight(route, judgement.request.head, wants_websocket(judgement))) {
    judgement.reason = "a CORS preflight, which the route lets pass without anybody";
    return pass(judgement, nullptr);
  }
  if (!asks_who(route)) who = nullptr;
  judgement.knows_who = who != nullptr;
  const std::optional<Principal> principal = who == nullptr ? std::nullopt : std::optional(who->principal());
  judgement.authorization = authorize(route, principal ? &*principal : nullptr, now_s);
  if (route.shadow && !route.upstream.empty()) {
    judgement.reason = would_have_been(*judgement.authorization);
    return pass(judgement, who);
  }
  switch (judgement.authorization->verdict) {
    case Verdict::pass:
      judgement.reason = asks_who(route) ? "all that the route asks for holds" : "the route lets everybody pass";
      return pass(judgement, who);
    case Verdict::denied:
      return conclude(judgement, Outcome::deny, 403, "the route has access: deny");
    case Verdict::sign_in:
      return answer_signed_out(judgement, settings_);
    case Verdict::step_up:
      return step_up(judgement, settings_);
    case Verdict::forbidden:
      return forbid(judgement);
  }
}

// No secret is shown, and what is made or fetched for each request stands for itself.
AppHeaders RequestJudge::headers_for(const Judgement& judgement, const Person* who) const {
  HeaderSet set = sets_.at(sets_.index_of(*judgement.route));
  for (IdentityHeaderSettings& header : set.headers) {
    if (header.source == IdentityHeaderSettings::Source::secret) header.secret = Secret(std::string(kMask));
  }
  if (!set.authorization.password.empty()) set.authorization.password = Secret(std::string(kMask));
  AppHeaderFacts facts;
  std::optional<AppUser> user;
  if (who != nullptr) user.emplace(AppUser{who->session.claims, who->session.sub});
  facts.person = user ? &*user : nullptr;
  facts.external = judgement.external;
  facts.assertion = facts.id_token = facts.access_token = who != nullptr ? kTokenInPlace : std::string_view();
  std::vector<LeftOut> left_out;
  return make_app_headers(set, facts, left_out);
}

void RequestJudge::pass(Judgement& judgement, const Person* who) const {
  const RequestHead& head = judgement.request.head;
  const bool is_websocket = wants_websocket(judgement);
  if (is_websocket && !is_allowed_origin(head.fields, settings_, *judgement.route))
    return conclude(judgement, Outcome::deny, 403, "a WebSocket of a page whose Origin is not ours or allowed");
  conclude(judgement, Outcome::allow, 0, std::move(judgement.reason));
  const AppHeaders headers = headers_for(judgement, who);
  judgement.identity = headers.lines;
  if (judgement.route->upstream.empty()) return;  // another proxy asks, and sends the request on itself
  const std::string own_host = own_host_field(settings_.upstreams.at(judgement.route->upstream));
  OutgoingRequest out;
  out.method = head.method;
  out.target = judgement.app_target;
  out.host = own_host.empty() ? judgement.request.authority : std::string_view(own_host);
  out.external = judgement.external;
  out.client = &judgement.client;
  out.request_id = "new";
  out.identity_lines = judgement.identity;
  out.replaces_authorization = headers.replaces_authorization || judgement.route->token.is_configured();
  if (judgement.route->token.is_configured() && who != nullptr) out.bearer_token = kTokenInPlace;
  out.body = judgement.request.body;
  out.upgrade_websocket = is_websocket;
  append_request_head(judgement.head, out, head.fields, rules_);
}

SignInRequest sign_in_request_of(const Judgement& judgement, const Settings& settings) {
  SignInRequest request;
  request.endpoint = settings.logto.issuer() + "/auth";
  const std::string target = judgement.target->text();
  request.return_to = vet_return_to(target, *judgement.external, settings.auth_prefix).value_or("/");
  ProviderMetadata metadata;
  metadata.authorization_endpoint = request.endpoint;
  PendingSignIn pending =
      make_pending(std::string(96, '\0'), request.return_to, own_url(judgement, settings, "callback"), 0);
  const SignInSettings sign_in = sign_in_for(judgement, settings);
  pending.max_age_s = max_age_for(judgement, sign_in);
  const std::string url = authorization_url(metadata, settings.logto, sign_in, pending,
                                            judgement.request.head.fields.get("Accept-Language"));
  auto parameters = parse_form(std::string_view(url).substr(request.endpoint.size() + 1));
  if (parameters) request.parameters = std::move(*parameters);
  for (auto& [name, value] : request.parameters) {
    if (name == "state" || name == "nonce" || name == "code_challenge") value = kRandom;
  }
  return request;
}

std::string_view outcome_word(Outcome outcome) {
  switch (outcome) {
    case Outcome::allow:
      return "allow";
    case Outcome::sign_in:
      return "sign_in";
    case Outcome::unauthenticated:
      return "unauthenticated";
    case Outcome::deny:
      return "deny";
    case Outcome::not_found:
      return "not_found";
    case Outcome::bad_request:
      return "bad_request";
    case Outcome::misdirected:
      return "misdirected";
    case Outcome::own_endpoint:
      return "own_endpoint";
  }
  return "";
}

}  // namespace lp
