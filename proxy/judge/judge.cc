#include "proxy/judge/judge.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "auth/jose/json_strict.h"
#include "auth/oidc/app_token_needs.h"
#include "auth/oidc/authorization_request.h"
#include "auth/oidc/bearer_answers.h"
#include "auth/oidc/id_token.h"
#include "auth/rules/navigation.h"
#include "auth/rules/own_paths.h"
#include "auth/rules/return_to.h"
#include "auth/rules/route_modes.h"
#include "auth/session/kept_claims.h"
#include "base/encoding.h"
#include "config/organization_place.h"
#include "config/path_pattern.h"
#include "config/patreon_rules.h"
#include "config/value.h"
#include "proxy/http/client_facts.h"
#include "proxy/http/websocket.h"
#include "proxy/http/websocket_frames.h"
#include "proxy/http1/request.h"
#include "proxy/http1/scan.h"
#include "proxy/judge/person_patreon.h"
#include "proxy/route/outgoing.h"
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
  if (split->target.find(' ') != std::string::npos) return fail("a blank in the URL, which no client sends: it is %20");
  if (asked.method.find(' ') != std::string::npos) return fail("a blank in the method");
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
  const HeadLimits limits = head_limits_of(settings);
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

// Where rules ask for it; elsewhere it is a claim like any other.
Result<void> take_patreon(json& claims, Person& person, const Settings& settings, std::int64_t now_s) {
  const auto found = claims.find("patreon");
  if (found == claims.end() || !asks_patreon(settings)) return {};
  auto standing = patreon_of_person(*found, now_s);
  if (!standing) return standing.error();
  person.session.patreon = std::move(*standing);
  claims.erase(found);
  return {};
}

// --- the answers ---

// As the door that is asked recognises it: other proxies take Upgrade out of what they ask about.
std::string_view asked_upgrade(const Judgement& judgement) {
  if (!judgement.resolved->by_check) return upgrade_of(judgement.request, judgement.route());
  return asks_for_websocket(judgement.request.head.fields) ? kWebSocket : std::string_view();
}

// Where the handshake is accepted all the same.
void tell_by_closing(Judgement& judgement, UpgradeOrigin origin) {
  if (judgement.status != 401 || judgement.resolved->by_check) return;
  const RequestHead& head = judgement.request.head;
  if (!is_told_by_closing(*judgement.route(), asked_upgrade(judgement), origin, head.fields)) return;
  judgement.status = 101;
  judgement.reason += "; the WebSocket is opened and closed with " + std::to_string(kNotSignedIn.code) +
                      " (websocket_unauthenticated: close)";
}

std::string words_of(const Requirement& missing, std::string_view organization) {
  if (missing.kind != Requirement::Kind::member) return describe_requirement(missing, Audience::operators);
  return "membership of the organization " + std::string(organization);
}

std::string why_refused(const Authorization& authorization, std::string_view organization) {
  if (authorization.by_deny_rule) return "a deny rule of the route holds";
  std::string missing;
  for (const Requirement* one : authorization.missing)
    missing += (missing.empty() ? "" : "; ") + words_of(*one, organization);
  return "missing: " + missing;
}

std::string too_long_ago(const Authorization& authorization) {
  return "the sign-in is more than " + std::to_string(authorization.max_age_s) + " s ago";
}

std::string why_passed(const RouteSettings& route, const Decision& decision, std::string_view organization) {
  const Authorization& authorization = decision.authorization;
  switch (authorization.verdict) {
    case Authorization::Verdict::pass:
      return asks_who(route) || route.shadow ? "all that the route asks for holds" : "the route lets everybody pass";
    case Authorization::Verdict::sign_in:
      return "in shadow only: nobody is signed in";
    case Authorization::Verdict::step_up:
      return "in shadow only: the sign-in is too long ago";
    case Authorization::Verdict::forbidden:
      return "in shadow only: " + why_refused(authorization, organization);
    case Authorization::Verdict::denied:
      return "in shadow only: access is deny";
  }
  return {};
}

struct Words {
  Outcome outcome;
  std::string reason;
};

Words words_of(const RouteSettings& route, const Decision& decision, std::string_view organization) {
  using Kind = Decision::Kind;
  switch (decision.kind) {
    case Kind::preflight:
      return {Outcome::allow, "a CORS preflight, which the route lets pass without anybody"};
    case Kind::pass:
      return {Outcome::allow, why_passed(route, decision, organization)};
    case Kind::sign_in:
      return {Outcome::sign_in, "nobody is signed in, and the route wants somebody"};
    case Kind::unauthenticated:
      return {Outcome::unauthenticated, "nobody is signed in, and this request is not one that can be sent to sign in"};
    case Kind::token_missing:
      return {Outcome::unauthenticated, "the route takes access tokens only, and none that counts there was sent"};
    case Kind::step_up:
      return {Outcome::sign_in, too_long_ago(decision.authorization)};
    case Kind::step_up_needed:
      return {Outcome::unauthenticated, too_long_ago(decision.authorization)};
    case Kind::choose_account:
      return {Outcome::sign_in,
              why_refused(decision.authorization, organization) + "; sent to sign in with another account, once"};
    case Kind::forbidden:
      return {Outcome::deny, why_refused(decision.authorization, organization)};
    case Kind::no_organization:
      return {Outcome::not_found,
              route.organization.is_configured()
                  ? "the route is for the members of the organization in the address, and there is "
                    "none in it"
                  : "the app gets a token of the organization in the address, and there is none in it"};
    case Kind::foreign_origin:
      return {Outcome::deny,
              "a WebSocket of a page whose Origin is not ours or allowed; one without Origin, of a program with a "
              "session, needs allowed_origins: [none]"};
    case Kind::denied:
      return {Outcome::deny, "the route has access: deny"};
  }
  return {Outcome::deny, ""};
}

Outcome outcome_of(const Refusal& refusal) {
  if (refusal.status == 421) return Outcome::misdirected;
  return refusal.status == 403 ? Outcome::deny : Outcome::bad_request;
}

SignInTerms terms_of(const Judgement& judgement, const Settings& settings) {
  const RouteSettings& route = *judgement.route();
  const Decision& decision = *judgement.decision;
  SignInSettings over = route.sign_in;
  if (decision.kind == Decision::Kind::choose_account) over.prompt = "login";  // as auth/gate/forbid.cc asks
  SignInReason why{decision.kind == Decision::Kind::step_up, needed_max_age_s(route.require), std::nullopt};
  if (why.step_up) why.decided_max_age_s = decision.authorization.max_age_s;
  return sign_in_terms(settings.logto.sign_in, over, why);
}

constexpr std::string_view kRandom = "(random)";

}  // namespace

Principal Person::principal() const {
  Principal who = principal_of(session);
  if (scopes) who.scopes = &*scopes;
  return who;
}

Asker Person::asker_on(const RouteSettings& route) const {
  const bool of_session = !scopes || (!route.accept.bearer && route.token.is_configured());
  return {of_session ? Asker::Kind::session : Asker::Kind::token, principal()};
}

std::string_view Judgement::organization() const {
  if (route() == nullptr || target() == nullptr) return {};
  return organization_of_route(*route(), external()->host, target()->path);
}

std::string_view Judgement::ambiguity() const {
  const bool refused = resolved && resolved->kind == Resolution::Kind::refused;
  const bool by_route = refused && resolved->refusal.status == 400 && resolved->asked_router;
  return by_route ? std::string_view(resolved->refusal.reason) : std::string_view();
}

RequestLine Judgement::request_line() const {
  return {request.authority,   request.path_and_query, request.head.method,
          request.head.fields, client.address,         request.body.length};
}

Result<Person> person_from_claims(std::string_view text, const Settings& settings, std::int64_t now_s) {
  auto claims = parse_json_strict(text, kMaxTokenBytes);
  constexpr const char* kForm = "expected claims as a JSON object such as {\"sub\": \"alice\", \"roles\": [\"admin\"]}";
  if (!claims) return fail(std::string(kForm) + ", found " + claims.error().message);
  if (!claims->is_object()) return fail(kForm);
  const std::string* sub = string_member(*claims, "sub");
  if (sub == nullptr || sub->empty()) return fail("expected the claim sub, a text: everybody has one");
  Person person;
  person.session.sub = *sub;
  if (auto taken = take_scopes(*claims, person); !taken) return taken.error();
  if (auto taken = take_age(*claims, person, now_s); !taken) return taken.error();
  if (auto taken = take_patreon(*claims, person, settings, now_s); !taken) return taken.error();
  complete_identities(*claims);
  person.session.claims = claims_to_keep(*claims, *claims, settings);
  return person;
}

std::optional<GrpcStatus> Judgement::grpc_status() const {
  if (status < 300 || grpc == GrpcKind::none) return std::nullopt;
  return grpc_status_of(status, {});
}

RequestJudge::RequestJudge(const Settings& settings)
    : settings_(settings), router_(settings), rules_(settings), sets_(settings), fields_(settings) {}

Judgement RequestJudge::judge(const AskedRequest& asked, const Person* who, std::int64_t now_s) const {
  Judgement judgement;
  auto bytes = request_bytes(asked);
  if (!bytes) {
    conclude(judgement, Outcome::bad_request, 400, bytes.error().message);
    return judgement;
  }
  judgement.bytes = std::make_shared<const std::string>(std::move(*bytes));
  if (!parse(judgement, settings_.limits)) return judgement;
  judgement.client =
      client_facts(asked.client, judgement.request.head.fields, settings_.trusted_proxies, settings_.client_ip_header);
  find_route(judgement, asked);
  if (asked.client_certificate && !judgement.resolved->by_check)
    judgement.client_certificate = std::make_shared<const ClientCertificate>(*asked.client_certificate);
  if (judgement.resolved->kind == Resolution::Kind::routed) judge_route(judgement, who, now_s);
  return judgement;
}

GrpcKind RequestJudge::grpc_of(const Judgement& judgement) const {
  const bool is_for_app =
      judgement.resolved->kind == Resolution::Kind::routed || judgement.resolved->kind == Resolution::Kind::no_route;
  if (!is_for_app || judgement.resolved->by_check) return GrpcKind::none;
  const RouteSettings* route = judgement.route();
  const auto app = settings_.upstreams.find(route != nullptr ? route->upstream : std::string());
  return grpc_call(judgement.request.head, app != settings_.upstreams.end() ? &app->second : nullptr);
}

// What the server answers with 404 another proxy may ask about, with forward_auth: that is the question then.
void RequestJudge::find_route(Judgement& judgement, const AskedRequest& asked) const {
  const RealmRoutes realms[] = {{settings_, router_}};
  auto resolved = std::make_shared<Resolution>();
  const RequestLine line = judgement.request_line();
  if (!asked.by_other_proxy) resolve(realms, line, *resolved);
  if (asked.by_other_proxy || (resolved->is_behind_other_proxy && settings_.forward_auth.enabled)) {
    const std::string_view scheme = std::string_view(asked.url).substr(0, asked.url.find(':'));
    const ForwardedRequest forwarded{ForwardedForm::forwarded, line.method, scheme, line.authority,
                                     line.path_and_query};
    resolve_check(realms, forwarded, line.fields, line.client_address, *resolved);
  }
  judgement.resolved = resolved;
  judgement.grpc = grpc_of(judgement);
  switch (resolved->kind) {
    case Resolution::Kind::refused:
      return conclude(judgement, outcome_of(resolved->refusal), resolved->refusal.status, resolved->refusal.reason);
    case Resolution::Kind::own:
      return conclude(judgement, Outcome::own_endpoint, 0, "an endpoint of logto-proxy itself");
    case Resolution::Kind::fixed:
      if (resolved->fixed == FixedAnswer::acme_challenge)
        return conclude(judgement, Outcome::own_endpoint, 0, "acme_webroot answers it to anybody");
      return conclude(judgement, Outcome::own_endpoint, 0,
                      resolved->external != nullptr
                          ? "nothing is public at this host, so crawlers are told to stay away; health.robots_txt: "
                            "false leaves it to the routes"
                          : "for probes and crawlers: health answers it to anybody");
    case Resolution::Kind::no_route:
      return conclude(judgement, Outcome::not_found, 404,
                      router_.serves_only_own_endpoints(*resolved->external)
                          ? "sign_in_url has no routes, only endpoints of logto-proxy itself"
                          : "no route matches");
    case Resolution::Kind::routed:
      return;
  }
}

// A token goes before a session, and what it is worth is not judged here: who asks is what the question says. False
// where the answer is found.
bool RequestJudge::judge_bearer(Judgement& judgement, const Person* person) const {
  if (!counts_on_route(*judgement.route(), Asker::Kind::token)) return true;
  const BearerField field = find_bearer(judgement.request.head.fields);
  if (field.kind == BearerField::Kind::malformed) {
    conclude(judgement, Outcome::bad_request, 400, "the Authorization field is no bearer token as RFC 6750 has it");
    return false;
  }
  if (field.kind == BearerField::Kind::none || (person != nullptr && person->scopes)) return true;
  conclude(judgement, Outcome::unauthenticated, 401,
           "the token in Authorization is not verified here: whose it is say the claims, with scopes");
  return false;
}

void RequestJudge::judge_route(Judgement& judgement, const Person* person, std::int64_t now_s) const {
  const RouteSettings& route = *judgement.route();
  Asker asker = person == nullptr ? Asker{} : person->asker_on(route);
  if (!counts_on_route(route, asker.kind)) asker = {};
  asker.principal.certificate = judgement.client_certificate.get();
  judgement.counts_as = asker.kind;
  const RequestHead& head = judgement.request.head;
  const std::string_view upgrade = asked_upgrade(judgement);
  const UpgradeOrigin origin = upgrade.empty()
                                   ? UpgradeOrigin::allowed
                                   : origin_of_upgrade(upgrade, head.fields, settings_, route, *judgement.external());
  const AskedOnRoute asked{head,   judgement.external()->host,  judgement.target()->path, !upgrade.empty(),
                           origin, judgement.resolved->by_check};
  judgement.decision = decide(route, asked, asker, settings_.logto.sign_in, now_s);
  const bool is_preflight = judgement.decision->kind == Decision::Kind::preflight;
  if (is_preflight) judgement.counts_as = Asker::Kind::nobody;
  if (!is_preflight && !judge_bearer(judgement, person)) return tell_by_closing(judgement, origin);
  const Words words = words_of(route, *judgement.decision, judgement.organization());
  conclude(judgement, words.outcome, judgement.decision->status(), words.reason);
  tell_by_closing(judgement, origin);
  const bool is_told = judgement.decision->kind == Decision::Kind::pass && asker.kind != Asker::Kind::nobody;
  if (words.outcome == Outcome::allow) pass(judgement, is_told ? person : nullptr);
}

// No secret is shown, and what is made or fetched for each request stands for itself.
AppHeaders RequestJudge::headers_for(const Judgement& judgement, const Person* who) const {
  HeaderSet set = sets_.at(sets_.index_of(*judgement.route()));
  for (IdentityHeaderSettings& header : set.headers) {
    if (header.source == IdentityHeaderSettings::Source::secret) header.secret = Secret(std::string(kMask));
  }
  if (!set.authorization.password.empty()) set.authorization.password = Secret(std::string(kMask));
  AppHeaderFacts facts;
  std::optional<AppUser> user;
  if (who != nullptr) user.emplace(AppUser{*who->session.claims, who->session.sub, who->session.patreon.get()});
  facts.person = user ? &*user : nullptr;
  facts.external = judgement.external();
  facts.certificate = judgement.client_certificate.get();
  const std::optional<Principal> principal = who == nullptr ? std::nullopt : std::optional(who->principal());
  facts.organization = organization_told(*judgement.route(), judgement.external()->host, judgement.target()->path,
                                         principal ? &*principal : nullptr);
  facts.has_own_token = who != nullptr && judgement.counts_as == Asker::Kind::token;
  const bool has_session = who != nullptr && !facts.has_own_token;
  facts.assertion = facts.id_token = facts.access_token = who != nullptr ? kTokenInPlace : std::string_view();
  if (!has_session) facts.id_token = {};
  std::vector<LeftOut> left_out;
  return make_app_headers(set, facts, left_out);
}

void RequestJudge::pass(Judgement& judgement, const Person* who) const {
  const RequestHead& head = judgement.request.head;
  const AppHeaders headers = headers_for(judgement, who);
  judgement.identity = headers.lines;
  if (judgement.resolved->by_check) return;  // another proxy asks, and sends the request on itself
  if (judgement.route()->reply.is_configured()) return;
  const UpstreamSettings& upstream = settings_.upstreams.at(judgement.route()->upstream);
  const std::string own_host = own_host_field(upstream);
  OutgoingRequest out = outgoing_request(judgement.request, *judgement.resolved, fields_);
  out.host = own_host.empty() ? judgement.request.authority : std::string_view(own_host);
  out.client = &judgement.client;
  ForwardedLines lines;
  out.forwarded_lines = lines.of(judgement.client, *judgement.external());
  out.request_id = "new";
  out.identity_lines = judgement.identity;
  out.replaces_authorization = headers.replaces_authorization || judgement.route()->token.is_configured();
  if (judgement.route()->token.is_configured() && who != nullptr) out.bearer_token = kTokenInPlace;
  out.body = judgement.request.body;
  out.upgrade = asked_upgrade(judgement);
  out.keep_alive = upstream.keep_alive > 0;
  append_request_head(judgement.head, out, head.fields, rules_);
}

SignInRequest sign_in_request_of(const Judgement& judgement, const Settings& settings) {
  SignInRequest request;
  request.endpoint = settings.logto.issuer() + "/auth";
  const std::string target = judgement.target()->text_as_sent();
  request.return_to = vet_own_target(target, *judgement.external(), settings).value_or("/");
  ProviderMetadata metadata;
  metadata.authorization_endpoint = request.endpoint;
  PendingSignIn pending =
      make_pending(std::string(96, '\0'), request.return_to, callback_url(settings, *judgement.external()), 0);
  const SignInTerms terms = terms_of(judgement, settings);
  pending.max_age_s = terms.max_age_s;
  request.asks_how = terms.settings.choose.value_or(false);
  const std::string url =
      authorization_url(metadata, settings.logto, terms.settings, pending,
                        judgement.request.head.fields.get("Accept-Language"), app_token_needs(settings));
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
