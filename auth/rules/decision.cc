#include "auth/rules/decision.h"

#include <utility>

#include "auth/oidc/app_token_needs.h"
#include "auth/rules/client_certificate.h"
#include "auth/rules/navigation.h"
#include "auth/rules/route_modes.h"
#include "config/organization_place.h"

namespace lp {
namespace {

using DecisionKind = Decision::Kind;

std::string_view would_have_been(const Authorization& authorization) {
  switch (authorization.verdict) {
    case Authorization::Verdict::pass:
      return {};
    case Authorization::Verdict::sign_in:
      return "sign_in";
    case Authorization::Verdict::step_up:
      return "step_up";
    case Authorization::Verdict::forbidden:
      return authorization.by_deny_rule ? "denied" : "forbidden";
    case Authorization::Verdict::denied:
      return "denied";
  }
  return "denied";
}

bool can_be_sent_to_logto(const RouteSettings& route, const AskedOnRoute& asked) {
  return redirects_when_signed_out(route, asked.head, asked.wants_upgrade);
}

DecisionKind for_signed_out(const RouteSettings& route, const AskedOnRoute& asked) {
  if (!route.accept.session) return DecisionKind::token_missing;
  return can_be_sent_to_logto(route, asked) ? DecisionKind::sign_in : DecisionKind::unauthenticated;
}

// A token's owner cannot be sent anywhere: a program holds it.
DecisionKind for_old_sign_in(const RouteSettings& route, const AskedOnRoute& asked, const Asker& asker) {
  const bool is_session = asker.kind == Asker::Kind::session;
  return is_session && can_be_sent_to_logto(route, asked) ? DecisionKind::step_up : DecisionKind::step_up_needed;
}

// Another account is worth a try where the account is what lacks.
DecisionKind for_refused(const RouteSettings& route, const AskedOnRoute& asked, const Asker& asker,
                         const Authorization& authorization) {
  if (lacks_certificate(authorization.missing, asker.principal.certificate)) return DecisionKind::forbidden;
  const bool may_choose = route.forbidden == Forbidden::sign_in && asker.kind == Asker::Kind::session &&
                          !asked.wants_upgrade && may_start_sign_in(asked.head.method, asked.head.fields);
  return may_choose ? DecisionKind::choose_account : DecisionKind::forbidden;
}

DecisionKind kind_of(const RouteSettings& route, const AskedOnRoute& asked, const Asker& asker,
                     const Authorization& authorization) {
  switch (authorization.verdict) {
    case Authorization::Verdict::pass:
      return DecisionKind::pass;
    case Authorization::Verdict::sign_in:
      return for_signed_out(route, asked);
    case Authorization::Verdict::step_up:
      return for_old_sign_in(route, asked, asker);
    case Authorization::Verdict::forbidden:
      return for_refused(route, asked, asker, authorization);
    case Authorization::Verdict::denied:
      return DecisionKind::denied;
  }
  return DecisionKind::denied;
}

// Before rules that judge the token's scopes, for there will be no token.
bool lacks_organization(const RouteSettings& route, const AskedOnRoute& asked, const Asker& asker,
                        const Authorization& authorization) {
  if (!route.token.is_configured() || asker.kind != Asker::Kind::session) return false;
  const bool is_due = route.shadow || judges_scopes(route) || authorization.verdict == Authorization::Verdict::pass;
  return is_due && !audience_of(route, asked.host, asked.path);
}

// Whose members could pass, if the address named one.
bool names_no_organization(const RouteSettings& route, const Asker& asker, const Decision& decision) {
  return route.organization.is_configured() && asker.kind != Asker::Kind::nobody && !route.shadow &&
         asker.principal.organization.empty() && decision.kind != DecisionKind::denied &&
         !decision.authorization.by_deny_rule;
}

bool wants_fragment_carried(const RouteSettings& route, const AskedOnRoute& asked, const SignInSettings& defaults) {
  if (asked.by_other_proxy || asked.head.method != "GET" || asked.wants_upgrade) return false;
  const bool keeps = route.sign_in.keep_fragment.value_or(defaults.keep_fragment.value_or(false));
  return keeps && is_navigation(asked.head.method, asked.head.fields);
}

// Without an Origin nothing says whose script it is that a session's cookie comes with. Where no cookie decides, that
// is nobody's loss.
bool has_wrong_origin(const RouteSettings& route, const AskedOnRoute& asked, const Asker& asker) {
  if (asked.upgrade_origin == UpgradeOrigin::program) {
    return asker.kind == Asker::Kind::session && !route.allows_no_origin;
  }
  return asked.upgrade_origin == UpgradeOrigin::foreign;
}

}  // namespace

bool counts_on_route(const RouteSettings& route, Asker::Kind kind) {
  switch (kind) {
    case Asker::Kind::nobody:
      return false;
    case Asker::Kind::session:
      return route.accept.session && asks_who(route);
    case Asker::Kind::token:
      return route.accept.bearer && asks_who(route);
  }
  return false;
}

int Decision::status() const {
  switch (kind) {
    case DecisionKind::preflight:
    case DecisionKind::pass:
      return 0;
    case DecisionKind::sign_in:
    case DecisionKind::step_up:
      return carries_fragment ? 200 : 303;
    case DecisionKind::choose_account:
      return 303;
    case DecisionKind::unauthenticated:
    case DecisionKind::token_missing:
    case DecisionKind::step_up_needed:
      return 401;
    case DecisionKind::no_organization:
      return 404;
    case DecisionKind::forbidden:
    case DecisionKind::foreign_origin:
    case DecisionKind::denied:
      return 403;
  }
  return 403;
}

Decision decide(const RouteSettings& route, const AskedOnRoute& asked, const Asker& who, const SignInSettings& defaults,
                std::int64_t now_s) {
  Asker asker = who;
  asker.principal.organization = organization_of_route(route, asked.host, asked.path);
  Decision decision;
  if (passes_as_preflight(route, asked.head, asked.wants_upgrade)) {
    decision.kind = DecisionKind::preflight;
    return decision;
  }
  decision.authorization = authorize(route, asker.who(), now_s, asker.principal.certificate);
  decision.kind = route.shadow ? DecisionKind::pass : kind_of(route, asked, asker, decision.authorization);
  if (route.shadow) decision.shadow = would_have_been(decision.authorization);
  if (lacks_organization(route, asked, asker, decision.authorization) || names_no_organization(route, asker, decision))
    decision.kind = DecisionKind::no_organization;
  if (decision.kind == DecisionKind::pass && has_wrong_origin(route, asked, asker)) {
    decision.kind = DecisionKind::foreign_origin;
  }
  if (decision.kind == DecisionKind::sign_in || decision.kind == DecisionKind::step_up)
    decision.carries_fragment = wants_fragment_carried(route, asked, defaults);
  return decision;
}

}  // namespace lp
