#include "config/route_access.h"

#include <algorithm>

namespace lp {
namespace {

using Kind = Requirement::Kind;

template <class List>
bool lies_within(const List& narrow, const List& wide) {
  return std::all_of(narrow.begin(), narrow.end(),
                     [&](const auto& one) { return std::find(wide.begin(), wide.end(), one) != wide.end(); });
}

bool claim_covers(const ClaimTest& wide, const ClaimTest& narrow) {
  if (wide.claim != narrow.claim || wide.kind != narrow.kind) return false;
  return wide.kind == ClaimTest::Kind::regex ? wide.pattern.text() == narrow.pattern.text()
                                             : lies_within(narrow.values, wide.values);
}

bool patreon_covers(const PatreonTest& wide, const PatreonTest& narrow) {
  const bool tiers = wide.tiers.empty() || (!narrow.tiers.empty() && lies_within(narrow.tiers, wide.tiers));
  return wide.campaign == narrow.campaign && tiers && narrow.min_cents >= wide.min_cents &&
         (narrow.active || !wide.active);
}

bool certificate_covers(const CertificateTest& wide, const CertificateTest& narrow) {
  return std::all_of(wide.all_of.begin(), wide.all_of.end(), [&](const CertificateTest::Wanted& wanted) {
    return std::any_of(narrow.all_of.begin(), narrow.all_of.end(), [&](const CertificateTest::Wanted& one) {
      return one.field == wanted.field && lies_within(one.any_of, wanted.any_of);
    });
  });
}

bool leaf_covers(const Requirement& wide, const Requirement& narrow) {
  if (wide.kind != narrow.kind) return false;
  if (wide.kind == Kind::claim) return claim_covers(wide.test, narrow.test);
  if (wide.kind == Kind::max_age) return narrow.max_age_s <= wide.max_age_s;
  if (wide.kind == Kind::patreon) return patreon_covers(wide.patreon, narrow.patreon);
  if (wide.kind == Kind::client_certificate) return certificate_covers(wide.certificate, narrow.certificate);
  return lies_within(narrow.any_of, wide.any_of);
}

// Whoever meets `narrow` meets `wide`.
bool covers(const Requirement& wide, const Requirement& narrow) {
  const auto all = [](const std::vector<Requirement>& list, const auto& holds) {
    return std::all_of(list.begin(), list.end(), holds);
  };
  const auto any = [](const std::vector<Requirement>& list, const auto& holds) {
    return std::any_of(list.begin(), list.end(), holds);
  };
  const auto wide_covers = [&](const Requirement& part) { return covers(wide, part); };
  const auto covers_narrow = [&](const Requirement& part) { return covers(part, narrow); };
  if (wide.kind == Kind::all) return all(wide.children, covers_narrow);
  if (narrow.kind == Kind::any) return all(narrow.children, wide_covers);
  if (narrow.kind == Kind::all && any(narrow.children, wide_covers)) return true;
  if (wide.kind == Kind::any) return any(wide.children, covers_narrow);
  if (narrow.kind == Kind::all) return false;
  if (wide.kind == Kind::none || narrow.kind == Kind::none) {
    return wide.kind == narrow.kind && all(wide.children, [&](const Requirement& excluded) {
             return any(narrow.children, [&](const Requirement& one) { return covers(one, excluded); });
           });
  }
  return leaf_covers(wide, narrow);
}

// Whoever may bring a session, or a token, to `narrow` may to `wide`.
bool accepts_as_much(const RouteSettings& wide, const RouteSettings& narrow) {
  if (narrow.accept.session && !wide.accept.session) return false;
  return !narrow.accept.bearer || (wide.accept.bearer && wide.audiences == narrow.audiences);
}

// Whoever `wide` refuses by a rule of its own is refused by `narrow`.
bool refuses_as_much(const RouteSettings& narrow, const RouteSettings& wide) {
  return wide.deny.empty() || (!narrow.deny.empty() && covers(narrow.deny, wide.deny));
}

// Two routes from whose paths it comes may name different ones for the same request.
bool is_for_same_organization(const RouteSettings& wide, const RouteSettings& narrow) {
  using Place = RouteOrganizationSettings::Place;
  if (!wide.organization.is_configured()) return true;
  if (wide.organization.place != narrow.organization.place || wide.organization.id != narrow.organization.id)
    return false;
  return wide.organization.place != Place::from_path || wide.path.text == narrow.path.text;
}

bool is_open_by_access(const RouteSettings& route) {
  return route.access == Access::public_ || route.access == Access::optional;
}

// By a certificate alone.
bool may_pass_signed_out(const RouteSettings& route) {
  bool asks_for_certificate = false;
  for (const Requirement* root : {&route.require, &route.deny}) {
    for_each_requirement(*root, [&](const Requirement& one) {
      asks_for_certificate = asks_for_certificate || one.kind == Kind::client_certificate;
    });
  }
  return is_open_by_access(route) && asks_for_certificate;
}

}  // namespace

bool is_open(const RouteSettings& route) {
  const bool has_rules = !route.require.empty() || !route.deny.empty() || route.organization.is_configured();
  return (is_open_by_access(route) && !has_rules) || route.shadow;
}

bool admits(const RouteSettings& wide, const RouteSettings& narrow) {
  if (is_open(wide) || (narrow.access == Access::deny && !narrow.shadow)) return true;
  if (wide.access == Access::deny || is_open(narrow)) return false;
  if (may_pass_signed_out(narrow) && !may_pass_signed_out(wide)) return false;
  return accepts_as_much(wide, narrow) && covers(wide.require, narrow.require) &&
         is_for_same_organization(wide, narrow) && refuses_as_much(narrow, wide);
}

}  // namespace lp
