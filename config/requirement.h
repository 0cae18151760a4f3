#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/client_certificate.h"
#include "config/text_pattern.h"

namespace lp {

// What a claim's value must be like. A value of the wrong type, null or missing does not hold.
struct ClaimTest {
  // equals, one_of: a string, number or boolean whose text is one of `values`. contains: a list that has one of them as
  // an element. regex: a string that `pattern` matches as a whole. exists: anything but null.
  enum class Kind { equals, one_of, contains, regex, exists };
  std::string claim;  // dotted path into objects, see auth/session/claim_path.h
  Kind kind = Kind::equals;
  std::vector<std::string> values;
  TextPattern pattern;
};

[[nodiscard]] inline bool operator==(const ClaimTest& a, const ClaimTest& b) {
  return a.claim == b.claim && a.kind == b.kind && a.values == b.values && a.pattern.text() == b.pattern.text();
}

// A membership at Patreon. Judged by auth/rules/patreon.h.
struct PatreonTest {
  std::string campaign;            // its id
  std::vector<std::string> tiers;  // ids or titles of that campaign's, one of which is enough; empty: any, or none
  bool active = true;              // as Patreon calls it: not a former patron, nor one whose payment was declined
  std::int64_t min_cents = 0;      // what they are entitled to, in the campaign's currency
  bool operator==(const PatreonTest&) const = default;
};

// What a client's certificate must say. Judged by auth/rules/client_certificate.h.
struct CertificateTest {
  struct Wanted {
    CertificateField field = CertificateField::subject;
    std::vector<std::string> any_of;  // in the form of certificate_value()
    bool operator==(const Wanted&) const = default;
  };
  std::vector<Wanted> all_of;  // empty: any that the listener accepts
  bool operator==(const CertificateTest&) const = default;
};

// What a person must be to pass, as a tree. Judged by auth/rules/authorize.h.
struct Requirement {
  enum class Kind {
    all,   // an empty one holds
    any,   // an empty one does not
    none,  // `not:` holds when none of the children does
    roles,
    scopes,
    organizations,
    organization_roles,
    social,
    email,
    email_domain,
    claim,
    max_age,
    member,  // of the organization that the address names; any_of: the one, where it is always the same
    patreon,
    client_certificate,  // of the connection, whoever is signed in
  };
  Kind kind = Kind::all;
  std::vector<Requirement> children;  // all, any, none
  // roles to email_domain: one of these is enough. organization_roles: ORGANIZATION:ROLE, or ROLE in the organization
  // that the address names.
  std::vector<std::string> any_of;
  ClaimTest test;              // claim
  std::int64_t max_age_s = 0;  // max_age: since the person last proved who they are
  PatreonTest patreon{};       // patreon
  CertificateTest certificate{};

  [[nodiscard]] bool empty() const { return children.empty() && (kind == Kind::all || kind == Kind::any); }
};

// The same rule in the same words; two that differ may yet mean the same.
[[nodiscard]] inline bool operator==(const Requirement& a, const Requirement& b) {
  return a.kind == b.kind && a.children == b.children && a.any_of == b.any_of && a.test == b.test &&
         a.max_age_s == b.max_age_s && a.patreon == b.patreon && a.certificate == b.certificate;
}

// Calls `visit(const Requirement&)` for the tree's root and everything below.
template <class Visit>
void for_each_requirement(const Requirement& root, const Visit& visit) {
  visit(root);
  for (const Requirement& child : root.children) for_each_requirement(child, visit);
}

}  // namespace lp
