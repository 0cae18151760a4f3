#include "auth/gate/forbid.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "auth/endpoints/sign_in.h"
#include "auth/loops/stop.h"
#include "auth/pages/requirement_words.h"
#include "auth/rules/client_certificate.h"
#include "config/organization_place.h"

namespace lp {
namespace {

constexpr std::string_view kDecision = "forbidden";
constexpr std::string_view kNoCertificate =
    "This address asks for a client certificate, and the connection has shown none that counts here.";
constexpr std::string_view kMessage = "This account may not use this address.";

// The one in the address, where the person does not belong to it.
std::string missing_organization(const Visit& visit, const Authorization& authorization) {
  const RouteSettings& route = *visit.facts.route;
  const auto& missing = authorization.missing;
  if (std::find(missing.begin(), missing.end(), &route.organization.rule) == missing.end()) return {};
  return std::string(organization_of_route(route, visit.facts.external->host, visit.facts.path));
}

// The connector that would tell of memberships, where nothing does yet.
std::string_view patreon_to_link(const Visit& visit) {
  const Session* session = visit.signed_in();
  const bool lacks_account =
      session != nullptr && session->patreon != nullptr && session->patreon->kind == PatreonStanding::Kind::no_account;
  return lacks_account ? std::string_view(visit.settings().patreon.connector) : std::string_view();
}

Verdict forbidden_page(const Visit& visit, const Authorization& authorization) {
  PageFacts facts = page_facts(visit);
  if (const Session* session = visit.signed_in()) facts.user = display_name(*session);
  facts.missing = authorization.missing;
  facts.organization = missing_organization(visit, authorization);
  facts.sign_in_with = connectors_wanted(authorization.missing, patreon_to_link(visit));
  facts.member_pages = member_pages_of(authorization.missing, visit.settings().patreon.pages);
  return answer_verdict(visit, kDecision, make_page(PageKind::forbidden, facts));
}

// Of the connection, and nothing of an account: nobody is sent anywhere to mend it.
bool is_for_want_of_certificate(const Visit& visit, const Authorization& authorization) {
  return lacks_certificate(authorization.missing, visit.facts.client_certificate);
}

Verdict certificate_page(const Visit& visit, const Authorization& authorization) {
  PageFacts facts = page_facts(visit);
  facts.missing = authorization.missing;
  return answer_verdict(visit, kDecision, make_page(PageKind::certificate_needed, facts));
}

Verdict forbidden_json(const Visit& visit, const Authorization& authorization) {
  nlohmann::ordered_json missing = nlohmann::ordered_json::array();
  for (const Requirement* requirement : authorization.missing) {
    missing.push_back(describe_requirement(*requirement, Audience::public_));
  }
  nlohmann::ordered_json extra = {{"missing", missing}};
  if (const std::string id = missing_organization(visit, authorization); !id.empty()) {
    extra["organization"] = id;
    extra["organizations_url"] = visit.facts.external->text() + visit.settings().auth_prefix +
                                 "/organizations?route=" + std::to_string(visit.facts.route->index);
  }
  const bool by_certificate = is_for_want_of_certificate(visit, authorization);
  const std::string_view code = by_certificate ? "client_certificate_needed" : "forbidden";
  const std::string_view message = by_certificate ? kNoCertificate : kMessage;
  return answer_verdict(visit, kDecision, make_json_error(403, code, message, visit.facts.request_id, extra));
}

Verdict forbidden_text(const Visit& visit, std::string_view message) {
  const std::string_view id = visit.facts.request_id;
  std::string text = "403 Forbidden\n" + std::string(message) + "\n";
  if (!id.empty()) text.append("Request ID: ").append(id).append("\n");
  return answer_verdict(visit, kDecision, make_text(403, std::move(text), id));
}

}  // namespace

Verdict forbidden_verdict(const Visit& visit, const Authorization& authorization) {
  if (!visit.is_navigation()) return forbidden_json(visit, authorization);
  const bool by_certificate = is_for_want_of_certificate(visit, authorization);
  if (visit.facts.route->forbidden == Forbidden::status_403)
    return forbidden_text(visit, by_certificate ? kNoCertificate : kMessage);
  if (by_certificate) return certificate_page(visit, authorization);
  if (!visit.session.opened) return status_verdict(visit, kDecision, 403);
  Verdict verdict = forbidden_page(visit, authorization);
  append_cookies(verdict, wipe_loop_marker(visit));  // the next visit may choose again
  return verdict;
}

Verdict choose_account(const Visit& visit, const Authorization& authorization, Waiting waiting) {
  if (has_just_signed_in(visit, visit.own_return_to())) return forbidden_verdict(visit, authorization);
  SignInStart start = start_for_route(visit);
  start.sign_in.prompt = "login";
  start.decision = kDecision;
  return start_sign_in(visit, std::move(start), std::move(waiting));
}

}  // namespace lp
