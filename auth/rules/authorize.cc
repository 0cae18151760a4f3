#include "auth/rules/authorize.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "auth/rules/client_certificate.h"
#include "auth/rules/patreon.h"
#include "auth/session/claim_path.h"
#include "base/encoding.h"
#include "base/one_of.h"
#include "config/organization_place.h"

namespace lp {
namespace {

using nlohmann::json;
using Kind = Requirement::Kind;

bool lists_any(const json* array, const std::vector<std::string>& any_of) {
  return array != nullptr && array->is_array() && std::any_of(array->begin(), array->end(), [&](const json& item) {
           return item.is_string() && is_one_of(item.get_ref<const std::string&>(), any_of);
         });
}

bool is_member(const json* organizations, std::string_view id) {
  return !id.empty() && organizations != nullptr && organizations->is_array() &&
         std::any_of(organizations->begin(), organizations->end(),
                     [&](const json& item) { return item.is_string() && item.get_ref<const std::string&>() == id; });
}

// "ORGANIZATION:ROLE" as Logto has it; a role alone is one in the organization of the address.
bool has_organization_role(const json* roles, const std::vector<std::string>& any_of, std::string_view organization) {
  if (roles == nullptr || !roles->is_array()) return false;
  const auto is_there = [&](const std::string& wanted) {
    const bool is_bare = wanted.find(':') == std::string::npos;
    if (is_bare && organization.empty()) return false;
    const std::string whole = is_bare ? std::string(organization) + ":" + wanted : wanted;
    return std::any_of(roles->begin(), roles->end(), [&](const json& item) {
      return item.is_string() && item.get_ref<const std::string&>() == whole;
    });
  };
  return std::any_of(any_of.begin(), any_of.end(), is_there);
}

// Stored as a list of targets; as Logto sends it, an object keyed by target.
bool has_social(const json* identities, const std::vector<std::string>& any_of) {
  if (identities == nullptr) return false;
  if (identities->is_array()) return lists_any(identities, any_of);
  return identities->is_object() && std::any_of(any_of.begin(), any_of.end(), [&](const std::string& target) {
           const auto identity = identities->find(target);
           return identity != identities->end() && !identity->is_null();
         });
}

const json* claim(const Principal& who, std::string_view path) {
  return who.claims == nullptr ? nullptr : find_claim(*who.claims, path);
}

// One '@', something on both sides and no byte that a mail server would read otherwise: "a@evil.test@good.test" has no
// domain here. Both parts are compared without regard to case: RFC 5321 2.4 lets mailboxes differ by it, and no mail
// server that people use does, so an address that somebody spells in another way is the same person's.
struct Email {
  std::string_view mailbox;
  std::string domain;
};
std::optional<Email> parse_email(const json* value) {
  if (value == nullptr || !value->is_string()) return std::nullopt;
  const std::string_view text = value->get_ref<const std::string&>();
  const auto at = text.find('@');
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '"'; });
  if (!plain || at == 0 || at == std::string_view::npos || at + 1 == text.size()) return std::nullopt;
  if (text.find('@', at + 1) != std::string_view::npos) return std::nullopt;
  return Email{text.substr(0, at), ascii_lower(text.substr(at + 1))};
}

bool is_one_of_emails(const std::optional<Email>& email, const std::vector<std::string>& any_of) {
  return email && std::any_of(any_of.begin(), any_of.end(), [&](const std::string& one) {
           const auto at = one.rfind('@');
           return at != std::string::npos && iequals(std::string_view(one).substr(0, at), email->mailbox) &&
                  iequals(std::string_view(one).substr(at + 1), email->domain);
         });
}

bool is_one_of_domains(const std::optional<Email>& email, const std::vector<std::string>& any_of) {
  return email &&
         std::any_of(any_of.begin(), any_of.end(), [&](const std::string& one) { return iequals(one, email->domain); });
}

// The text of a scalar as it stands in YAML and JSON; numbers that no double holds exactly are compared as written.
std::optional<std::string> scalar_text(const json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>();
  if (value.is_boolean() || value.is_number()) return value.dump(-1, ' ', false, json::error_handler_t::replace);
  return std::nullopt;
}

bool scalar_is_one_of(const json& value, const std::vector<std::string>& values) {
  const auto text = scalar_text(value);
  return text && is_one_of(*text, values);
}

bool claim_holds(const ClaimTest& test, const Principal& who) {
  const json sub = test.claim == "sub" ? json(who.sub) : json();
  const json* value = test.claim == "sub" ? &sub : claim(who, test.claim);
  if (value == nullptr) return false;
  switch (test.kind) {
    case ClaimTest::Kind::equals:
    case ClaimTest::Kind::one_of:
      return scalar_is_one_of(*value, test.values);
    case ClaimTest::Kind::contains:
      return value->is_array() && std::any_of(value->begin(), value->end(),
                                              [&](const json& item) { return scalar_is_one_of(item, test.values); });
    case ClaimTest::Kind::regex:
      return value->is_string() && test.pattern.matches(value->get_ref<const std::string&>());
    case ClaimTest::Kind::exists:
      return true;
  }
  return false;
}

bool has_scope(const Principal& who, const std::vector<std::string>& any_of) {
  return who.scopes != nullptr && std::any_of(who.scopes->begin(), who.scopes->end(),
                                              [&](const std::string& scope) { return is_one_of(scope, any_of); });
}

bool is_recent(const Requirement& requirement, const Principal& who, std::int64_t now_s) {
  return who.authenticated_at_s > 0 && now_s - who.authenticated_at_s <= requirement.max_age_s;
}

bool any_child_holds(const Requirement& requirement, const Principal& who, std::int64_t now_s) {
  return std::any_of(requirement.children.begin(), requirement.children.end(),
                     [&](const Requirement& child) { return holds(child, who, now_s); });
}

// What stands directly under `require:` is told one by one; a failed group as a whole.
void collect_missing(const Requirement& root, const Principal& who, std::int64_t now_s, Authorization& result) {
  for (const Requirement& child : root.children) {
    if (!holds(child, who, now_s)) result.missing.push_back(&child);
  }
}

Authorization authorize_nobody(const RouteSettings& route, bool is_open, const ClientCertificate* shown) {
  using Verdict = Authorization::Verdict;
  Authorization result;
  const Certainty denied = route.deny.empty() ? Certainty::no : without_person(route.deny, shown);
  const Certainty met = without_person(route.require, shown);
  const bool passes =
      is_open && denied == Certainty::no && met == Certainty::yes && !route.organization.is_configured();
  result.by_deny_rule = denied == Certainty::yes;
  result.verdict = passes ? Verdict::pass : Verdict::sign_in;
  if (!result.by_deny_rule && met != Certainty::no) return result;
  result.verdict = Verdict::forbidden;
  if (result.by_deny_rule) return result;
  for (const Requirement& child : route.require.children) {
    if (without_person(child, shown) == Certainty::no) result.missing.push_back(&child);
  }
  return result;
}

// Another sign-in is worth asking for only where it is all that lacks.
bool would_hold_if_fresh(const RouteSettings& route, Principal who, std::int64_t now_s) {
  who.authenticated_at_s = now_s;
  return holds(route.require, who, now_s) && holds(route.organization.rule, who, now_s) &&
         (route.deny.empty() || !holds(route.deny, who, now_s));
}

std::int64_t smallest_failed_max_age_s(const Authorization& result, const Principal& who, std::int64_t now_s) {
  std::optional<std::int64_t> smallest;
  for (const Requirement* missing : result.missing) {
    const auto failed = failed_max_age_s(*missing, who, now_s);
    if (failed && (!smallest || *failed < *smallest)) smallest = failed;
  }
  return smallest.value_or(std::numeric_limits<std::int64_t>::max());
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string one_of_names(const char* one, const char* several, const std::vector<std::string>& names) {
  return (names.size() == 1 ? std::string(one) : "one of the " + std::string(several)) + " " + joined(names);
}

std::string describe_claim(const ClaimTest& test, Audience audience) {
  const std::string name = "claim " + test.claim;
  if (audience == Audience::public_) return asks_for_verified_email(test) ? "a verified e-mail address" : name;
  switch (test.kind) {
    case ClaimTest::Kind::equals:
    case ClaimTest::Kind::one_of:
      return name + (test.values.size() == 1 ? " = " : " = one of ") + joined(test.values);
    case ClaimTest::Kind::contains:
      return name + " with " + joined(test.values);
    case ClaimTest::Kind::regex:
      return name + " like " + test.pattern.text();
    case ClaimTest::Kind::exists:
      return name;
  }
  return name;
}

std::string describe_children(const Requirement& requirement, const char* between, Audience audience) {
  std::string text;
  for (const Requirement& child : requirement.children)
    text += (text.empty() ? "" : between) + describe_requirement(child, audience);
  return requirement.children.size() > 1 ? "(" + text + ")" : text;
}

}  // namespace

Principal principal_of(const Session& session) {
  return {session.sub, &*session.claims, nullptr, session.authenticated_at_s, session.patreon.get()};
}

bool holds(const Requirement& requirement, const Principal& who, std::int64_t now_s) {
  switch (requirement.kind) {
    case Kind::all:
      return std::all_of(requirement.children.begin(), requirement.children.end(),
                         [&](const Requirement& child) { return holds(child, who, now_s); });
    case Kind::any:
      return any_child_holds(requirement, who, now_s);
    case Kind::none:
      return !any_child_holds(requirement, who, now_s);
    case Kind::roles:
      return lists_any(claim(who, "roles"), requirement.any_of);
    case Kind::scopes:
      return has_scope(who, requirement.any_of);
    case Kind::organizations:
      return lists_any(claim(who, "organizations"), requirement.any_of);
    case Kind::organization_roles:
      return has_organization_role(claim(who, "organization_roles"), requirement.any_of, who.organization);
    case Kind::social:
      return has_social(claim(who, "identities"), requirement.any_of);
    case Kind::email:
      return is_one_of_emails(parse_email(claim(who, "email")), requirement.any_of);
    case Kind::email_domain:
      return is_one_of_domains(parse_email(claim(who, "email")), requirement.any_of);
    case Kind::claim:
      return claim_holds(requirement.test, who);
    case Kind::max_age:
      return is_recent(requirement, who, now_s);
    case Kind::member:
      return is_member(claim(who, "organizations"), who.organization);
    case Kind::patreon:
      return patreon_holds(requirement.patreon, who.patreon);
    case Kind::client_certificate:
      return certificate_holds(requirement.certificate, who.certificate);
  }
  return false;
}

std::string_view organization_told(const RouteSettings& route, std::string_view host, std::string_view path,
                                   const Principal* who) {
  if (!route.organization.is_configured() || who == nullptr) return {};
  const std::string_view id = organization_of_route(route, host, path);
  return is_member(claim(*who, "organizations"), id) ? id : std::string_view();
}

Authorization authorize(const RouteSettings& route, const Principal* who, std::int64_t now_s,
                        const ClientCertificate* shown) {
  using Verdict = Authorization::Verdict;
  Authorization result;
  if (route.access == Access::deny) return result;
  const bool open = route.access == Access::public_ || route.access == Access::optional;
  const bool has_rules = !route.require.empty() || !route.deny.empty() || route.organization.is_configured();
  result.verdict = Verdict::pass;
  if (open && !has_rules) return result;
  if (who == nullptr) return authorize_nobody(route, open, shown);
  if (!route.deny.empty() && holds(route.deny, *who, now_s)) {
    result.verdict = Verdict::forbidden;
    result.by_deny_rule = true;
    return result;
  }
  if (!holds(route.organization.rule, *who, now_s)) result.missing.push_back(&route.organization.rule);
  collect_missing(route.require, *who, now_s, result);
  if (result.missing.empty()) return result;
  result.verdict = would_hold_if_fresh(route, *who, now_s) ? Verdict::step_up : Verdict::forbidden;
  if (result.verdict == Verdict::step_up) result.max_age_s = smallest_failed_max_age_s(result, *who, now_s);
  return result;
}

std::optional<std::int64_t> failed_max_age_s(const Requirement& requirement, const Principal& who, std::int64_t now_s) {
  std::optional<std::int64_t> smallest;
  for_each_requirement(requirement, [&](const Requirement& one) {
    const bool failed = one.kind == Kind::max_age && !is_recent(one, who, now_s);
    if (failed && (!smallest || one.max_age_s < *smallest)) smallest = one.max_age_s;
  });
  return smallest;
}

std::optional<std::int64_t> needed_max_age_s(const Requirement& requirement) {
  if (requirement.kind == Kind::max_age) return requirement.max_age_s;
  std::optional<std::int64_t> smallest;
  if (requirement.kind != Kind::all) return smallest;
  for (const Requirement& child : requirement.children) {
    const auto needed = needed_max_age_s(child);
    if (needed && (!smallest || *needed < *smallest)) smallest = needed;
  }
  return smallest;
}

bool asks_for_verified_email(const ClaimTest& test) {
  using TestKind = ClaimTest::Kind;
  const bool by_value = test.kind == TestKind::equals || test.kind == TestKind::one_of;
  return test.claim == "email_verified" && by_value && test.values == std::vector<std::string>{"true"};
}

std::string describe_requirement(const Requirement& requirement, Audience audience) {
  const auto& names = requirement.any_of;
  const bool hides_names = audience == Audience::public_;
  switch (requirement.kind) {
    case Kind::all:
      return describe_children(requirement, " and ", audience);
    case Kind::any:
      return describe_children(requirement, " or ", audience);
    case Kind::none:
      return "not " + describe_children(requirement, " or ", audience);
    case Kind::roles:
      return one_of_names("role", "roles", names);
    case Kind::scopes:
      return one_of_names("scope", "scopes", names);
    case Kind::organizations:
      return one_of_names("organization", "organizations", names);
    case Kind::organization_roles:
      return one_of_names("organization role", "organization roles", names);
    case Kind::social:
      return names.size() == 1 ? "a linked " + names.front() + " account"
                               : "a linked account of one of " + joined(names);
    case Kind::email:
      return hides_names ? "a certain e-mail address" : one_of_names("e-mail address", "e-mail addresses", names);
    case Kind::email_domain:
      return hides_names ? "an e-mail address of a certain domain"
                         : one_of_names("e-mail domain", "e-mail domains", names);
    case Kind::claim:
      return describe_claim(requirement.test, audience);
    case Kind::max_age:
      return "a sign-in at most " + std::to_string(requirement.max_age_s) + " s ago";
    case Kind::member:
      return "membership of the organization " + (names.empty() ? std::string("in the address") : names.front());
    case Kind::patreon:
      return describe_patreon(requirement.patreon, !hides_names);
    case Kind::client_certificate:
      return describe_certificate(requirement.certificate, !hides_names);
  }
  return {};
}

}  // namespace lp
