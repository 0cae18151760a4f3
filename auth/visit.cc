#include "auth/visit.h"

#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "auth/loop_stop.h"
#include "auth/navigation.h"
#include "auth/return_to.h"
#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::ordered_json;

// The page that a script runs on is where its person wants to be after signing in.
std::string sign_in_url_for_scripts(const Visit& visit) {
  const Settings& settings = visit.settings();
  const std::string origin = visit.facts.external->text();
  const auto page = vet_return_to(visit.fields().get("Referer"), *visit.facts.external, settings.auth_prefix);
  return origin + sign_in_path(settings.auth_prefix, page.value_or(""));
}

}  // namespace

bool Visit::is_navigation() const {
  return !facts.wants_upgrade && lp::is_navigation(facts.head->method, facts.head->fields);
}

std::optional<Principal> Visit::principal() const {
  if (const Session* who = signed_in()) return principal_of(*who);
  return std::nullopt;
}

bool Visit::may_start_sign_in() const {
  return !facts.wants_upgrade && lp::may_start_sign_in(facts.head->method, facts.head->fields);
}

std::string Visit::own_url(std::string_view endpoint) const {
  return facts.external->text() + settings().auth_prefix + "/" + std::string(endpoint);
}

std::string Visit::own_return_to() const {
  std::string target(facts.path);
  if (facts.has_query) target.append("?").append(facts.query);
  return vet_return_to(target, *facts.external, settings().auth_prefix).value_or("/");
}

PageFacts page_facts(const Visit& visit) {
  PageFacts facts;
  facts.request_id = visit.facts.request_id;
  facts.accept_language = visit.fields().get("Accept-Language");
  facts.auth_prefix = visit.settings().auth_prefix;
  if (visit.facts.route != nullptr) {
    facts.return_to = visit.own_return_to();
    facts.route = visit.facts.route->index;
  }
  return facts;
}

std::string display_name(const Session& session) {
  for (const char* claim : {"name", "username", "email"}) {
    const auto found = session.claims.find(claim);
    if (found == session.claims.end() || !found->is_string()) continue;
    if (const auto& text = found->get_ref<const std::string&>(); !text.empty()) return text;
  }
  return session.sub;
}

Verdict answer_verdict(const Visit& visit, std::string_view decision, Answer answer) {
  Verdict verdict;
  verdict.kind = Verdict::Kind::answer;
  verdict.decision = decision;
  verdict.session = visit.session.opened;
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

Verdict unauthenticated_verdict(const Visit& visit, std::string_view decision) {
  if (visit.is_navigation()) return status_verdict(visit, decision, 401);
  const ordered_json extra = {{"sign_in_url", sign_in_url_for_scripts(visit)}};
  return answer_verdict(
      visit, decision,
      make_json_error(401, "unauthenticated", "Sign in to use this address.", visit.facts.request_id, extra));
}

Verdict pass_verdict(const Visit& visit) {
  Verdict verdict;
  verdict.kind = Verdict::Kind::pass;
  verdict.decision = visit.session.opened ? "pass" : "public";
  verdict.session = visit.session.opened;
  verdict.set_cookies = cookies_to_renew(visit);
  if (visit.session.opened) append_cookies(verdict, wipe_loop_marker(visit));
  return verdict;
}

std::vector<std::string> cookies_to_renew(const Visit& visit) {
  if (!visit.session.opened || !visit.session.write_again) return {};
  Session session = visit.session.opened->session;
  ++session.generation;
  return visit.cookies.renew(visit.fields(), std::move(session), visit.session, visit.now_s);
}

void append_cookies(Verdict& verdict, std::vector<std::string> cookies) {
  verdict.set_cookies.insert(verdict.set_cookies.end(), std::make_move_iterator(cookies.begin()),
                             std::make_move_iterator(cookies.end()));
}

}  // namespace lp
