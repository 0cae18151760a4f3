#include "auth/visit/visit.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "auth/oidc/access_token.h"
#include "auth/rules/challenge.h"
#include "auth/rules/cors.h"
#include "auth/rules/navigation.h"
#include "auth/rules/own_paths.h"
#include "auth/rules/return_to.h"
#include "base/encoding.h"
#include "config/apps.h"
#include "config/organization_place.h"

namespace lp {
namespace {

using nlohmann::ordered_json;

// The page that a script runs on is where its person wants to be after signing in.
std::string sign_in_url_for_scripts(const Visit& visit, int route = 0) {
  const Settings& settings = visit.settings();
  const std::string origin = visit.facts.external->text();
  const auto page = vet_return_to(visit.fields().get("Referer"), *visit.facts.external, settings);
  return origin + sign_in_path(settings.auth_prefix, page.value_or(""), route);
}

bool is_json(const Answer& answer) {
  return std::any_of(answer.headers.begin(), answer.headers.end(), [](const auto& header) {
    return iequals(header.first, "Content-Type") && header.second.ends_with("json");
  });
}

}  // namespace

bool Visit::is_navigation() const {
  return !facts.wants_upgrade && !has_token() && lp::is_navigation(facts.head->method, facts.head->fields);
}

Asker Visit::asker() const {
  if (!session.opened) return Asker::nobody_with(facts.client_certificate);
  Asker asker{has_token() ? Asker::Kind::token : Asker::Kind::session, principal_of(session.opened->session)};
  asker.principal.certificate = facts.client_certificate;
  if (has_token()) {
    asker.principal.scopes = &session.opened->token->scopes;
  } else if (tokens.access) {
    asker.principal.scopes = &tokens.access->scopes;
  }
  if (facts.route != nullptr)
    asker.principal.organization = organization_of_route(*facts.route, facts.external->host, facts.path);
  return asker;
}

std::optional<Principal> Visit::principal() const {
  const Asker who = asker();
  return who.who() == nullptr ? std::nullopt : std::optional(who.principal);
}

std::optional<Principal> Visit::principal_on(const RouteSettings& route) const {
  std::optional<Principal> who = principal();
  if (who) who->organization = organization_of_route(route, facts.external->host, facts.path);
  return who;
}

bool Visit::may_start_sign_in() const {
  return !facts.wants_upgrade && !has_token() && lp::may_start_sign_in(facts.head->method, facts.head->fields);
}

std::string Visit::own_url(std::string_view endpoint) const {
  return lp::own_url(settings(), *facts.external, endpoint);
}

std::string Visit::callback_url() const { return lp::callback_url(settings(), *facts.external); }

std::string Visit::place(std::string_view return_to) const {
  const std::optional<Origin>& ends_at = settings().sign_in_url;
  const bool stays = !ends_at || *ends_at == *facts.external || !return_to.starts_with('/');
  return (stays ? "" : facts.external->text()) + std::string(return_to);
}

std::string Visit::own_return_to() const { return own_target().value_or("/"); }

std::optional<std::string> Visit::own_target() const {
  if (auto sent = vet_own_target(facts.target_as_sent(), *facts.external, settings())) return sent;
  // Two slashes that stand first would be a host where it is written. The app reads one as well: the router asked.
  RequestFacts plain = facts;
  plain.path_as_sent = {};
  return vet_own_target(plain.target_as_sent(), *facts.external, settings());
}

void judge_secret_again(Visit& visit) {
  visit.cookies.follow_keyring();
  if (visit.cookies.holds(visit.session.secret)) return;
  const std::size_t pieces = visit.session.pieces;
  visit.session = SessionLookup{};
  visit.session.pieces = pieces;
  visit.tokens = RouteTokens{};
}

std::string way_back(const RequestFacts& facts, const Settings& settings) {
  if (facts.forwarded != ForwardedForm::none || !facts.head->fields.has("Referer")) return {};
  const auto page = vet_return_to(facts.head->fields.get("Referer"), *facts.external, settings);
  return page && *page != facts.target_as_sent() ? *page : std::string();
}

PageFacts page_facts(const Visit& visit) {
  PageFacts facts;
  facts.request_id = visit.facts.request_id;
  facts.accept_language = visit.fields().get("Accept-Language");
  facts.pages = visit.realm.pages();
  facts.auth_prefix = visit.settings().auth_prefix;
  facts.is_home = visit.facts.path == "/" || !serves_start_page(visit.settings(), visit.facts.external);
  facts.back_to = way_back(visit.facts, visit.settings());
  if (visit.facts.route != nullptr) {
    facts.return_to = visit.own_return_to();
    facts.route = visit.facts.route->index;
  }
  return facts;
}

std::string display_name(const Session& session) {
  for (const char* claim : {"name", "username", "email"}) {
    const auto found = session.claims->find(claim);
    if (found == session.claims->end() || !found->is_string()) continue;
    if (const auto& text = found->get_ref<const std::string&>(); !text.empty()) return text;
  }
  return session.sub;
}

Verdict answer_verdict(const Visit& visit, std::string_view decision, Answer answer) {
  Verdict verdict;
  verdict.kind = Verdict::Kind::answer;
  verdict.decision = decision;
  verdict.session = visit.session.opened;
  if (answer.status == 401) set_challenges(answer, visit.facts.route);
  if (is_json(answer)) add_cors_headers(answer, visit.fields(), visit.settings(), visit.facts.route);
  verdict.answer = std::move(answer);
  return verdict;
}

Verdict status_verdict(const Visit& visit, std::string_view decision, int status) {
  return answer_verdict(visit, decision,
                        visit.is_navigation() ? make_status_page(status, page_facts(visit))
                                              : make_status_json(status, visit.facts.request_id));
}

Verdict redirect_verdict(const Visit& visit, std::string_view decision, std::string location) {
  return answer_verdict(visit, decision, make_redirect(std::move(location)));
}

Verdict too_many_verdict() {
  static const Answer kTooManyRequests{
      429,
      {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}, {"Retry-After", "1"}},
      "Too many requests from your address. Please try again in a moment.\n"};
  Verdict verdict;
  verdict.decision = kTooMany;
  verdict.answer = kTooManyRequests;
  return verdict;
}

Verdict unauthenticated_verdict(const Visit& visit, std::string_view decision) {
  if (visit.is_navigation()) return status_verdict(visit, decision, 401);
  // Without the route's max_age the first sign-in would be followed by a second.
  const RouteSettings* route = visit.facts.route;
  const bool needs_recent = route != nullptr && needed_max_age_s(route->require).has_value();
  const ordered_json extra = {{"sign_in_url", sign_in_url_for_scripts(visit, needs_recent ? route->index : 0)}};
  return answer_verdict(
      visit, decision,
      make_json_error(401, "unauthenticated", "Sign in to use this address.", visit.facts.request_id, extra));
}

Verdict step_up_verdict(const Visit& visit, std::string_view decision, std::int64_t max_age_s) {
  constexpr std::string_view kMessage = "A more recent sign-in is needed to use this address.";
  const int route = visit.facts.route == nullptr ? 0 : visit.facts.route->index;
  Answer answer =
      visit.is_navigation()
          ? make_page(PageKind::step_up_needed, page_facts(visit))
          : make_json_error(401, kMoreRecentSignIn, kMessage, visit.facts.request_id,
                            {{"max_age", max_age_s}, {"sign_in_url", sign_in_url_for_scripts(visit, route)}});
  Verdict verdict = answer_verdict(visit, decision, std::move(answer));
  set_challenges(verdict.answer, visit.facts.route, {kMoreRecentSignIn, kMessage, {}, max_age_s});
  return verdict;
}

std::shared_ptr<const AppHeaders> headers_for_app(const Visit& visit) {
  LP_CHECK(visit.facts.route != nullptr, "only a request with a route has an app");
  const std::int64_t now_s = visit.realm.clock.unix_s();  // a visit may have waited
  const RouteSettings& route = *visit.facts.route;
  AppRequest request{*visit.facts.external, visit.tokens, now_s};
  request.certificate = visit.facts.client_certificate;
  if (route.organization.is_configured()) {
    const std::optional<Principal> who = visit.principal();
    request.organization =
        organization_told(route, visit.facts.external->host, visit.facts.path, who ? &*who : nullptr);
  }
  return visit.cookies.headers_for_app(visit.session.opened.get(), route, request);
}

std::vector<std::string> cookies_to_renew(const Visit& visit) {
  if (!visit.session.opened || !visit.session.write_again) return {};
  return visit.cookies.renew(visit.fields(), visit.session, visit.now_s);
}

void append_cookies(Verdict& verdict, std::vector<std::string> cookies) {
  verdict.set_cookies.insert(verdict.set_cookies.end(), std::make_move_iterator(cookies.begin()),
                             std::make_move_iterator(cookies.end()));
}

}  // namespace lp
