#include "auth/rules/client_certificate.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "auth/rules/decision.h"
#include "auth/rules/explain_requirement.h"
#include "config/route_access.h"

using namespace lp;

namespace {

using Kind = Requirement::Kind;
using Part = CertificateField;

ClientCertificate shown_as(const std::string& cn) {
  ClientCertificate shown;
  shown.of(Part::subject) = {"CN=" + cn + ",O=Acme"};
  shown.of(Part::subject_cn) = {cn};
  shown.of(Part::subject_o) = {"Acme"};
  shown.of(Part::san_dns) = {"a.test", "b.test"};
  return shown;
}

Requirement wanted(std::vector<CertificateTest::Wanted> all_of) {
  Requirement rule;
  rule.kind = Kind::client_certificate;
  rule.certificate.all_of = std::move(all_of);
  return rule;
}
Requirement any_certificate() { return wanted({}); }
Requirement with_cn(std::vector<std::string> names) { return wanted({{Part::subject_cn, std::move(names)}}); }
Requirement role(std::string name) {
  Requirement rule;
  rule.kind = Kind::roles;
  rule.any_of = {std::move(name)};
  return rule;
}
Requirement group(Kind kind, std::vector<Requirement> children) {
  Requirement rule;
  rule.kind = kind;
  rule.children = std::move(children);
  return rule;
}

RouteSettings route(Access access, Requirement rule) {
  RouteSettings made;
  made.access = access;
  made.require.children.push_back(std::move(rule));
  made.deny.kind = Kind::any;
  return made;
}

const nlohmann::json kAdmin = {{"roles", {"admin"}}};

Asker admin(const ClientCertificate* shown) {
  Asker asker;
  asker.kind = Asker::Kind::session;
  asker.principal.sub = "alice";
  asker.principal.claims = &kAdmin;
  asker.principal.certificate = shown;
  return asker;
}

Decision::Kind decided(const RouteSettings& on, const Asker& asker) {
  RequestHead head;
  head.method = "GET";
  head.fields.add("Accept", "text/html");
  return decide(on, {.head = head}, asker, {}, 1000).kind;
}

}  // namespace

TEST_CASE("what a rule wants of a certificate") {
  const ClientCertificate alice = shown_as("alice");
  CHECK(certificate_holds({}, &alice));
  CHECK_FALSE(certificate_holds({}, nullptr));
  CHECK(certificate_holds(with_cn({"bob", "alice"}).certificate, &alice));
  CHECK_FALSE(certificate_holds(with_cn({"Alice"}).certificate, &alice));
  CHECK_FALSE(certificate_holds(with_cn({"alic"}).certificate, &alice));
  const auto both = wanted({{Part::subject_cn, {"alice"}}, {Part::san_dns, {"b.test"}}});
  CHECK(certificate_holds(both.certificate, &alice));
  CHECK_FALSE(certificate_holds(wanted({{Part::subject_cn, {"alice"}}, {Part::san_email, {"x"}}}).certificate, &alice));
}

TEST_CASE("a certificate beside a session, instead of one, and neither") {
  using Is = Decision::Kind;
  const ClientCertificate alice = shown_as("alice"), bob = shown_as("bob");
  const auto nobody = [](const ClientCertificate* shown) { return Asker::nobody_with(shown); };
  struct Row {
    const char* what;
    RouteSettings on;
    Is bare, with_alice, with_bob, admin_bare, admin_with_alice;
  };
  const Row rows[] = {
      {"both are wanted", route(Access::signed_in, with_cn({"alice"})), Is::forbidden, Is::sign_in, Is::forbidden,
       Is::forbidden, Is::pass},
      {"the certificate alone", route(Access::public_, with_cn({"alice"})), Is::forbidden, Is::pass, Is::forbidden,
       Is::forbidden, Is::pass},
      {"the same where it is asked who it is", route(Access::optional, with_cn({"alice"})), Is::forbidden, Is::pass,
       Is::forbidden, Is::forbidden, Is::pass},
      {"either", route(Access::public_, group(Kind::any, {with_cn({"alice"}), role("admin")})), Is::sign_in, Is::pass,
       Is::sign_in, Is::pass, Is::pass},
      {"either, and a session always", route(Access::signed_in, group(Kind::any, {with_cn({"alice"}), role("admin")})),
       Is::sign_in, Is::sign_in, Is::sign_in, Is::pass, Is::pass},
      {"both, on an open route", route(Access::public_, group(Kind::all, {with_cn({"alice"}), role("admin")})),
       Is::forbidden, Is::sign_in, Is::forbidden, Is::forbidden, Is::pass},
      {"anybody's but one's", route(Access::public_, group(Kind::none, {with_cn({"bob"})})), Is::pass, Is::pass,
       Is::forbidden, Is::pass, Is::pass},
      {"nobody at all", route(Access::deny, any_certificate()), Is::denied, Is::denied, Is::denied, Is::denied,
       Is::denied},
      {"no rule", route(Access::public_, group(Kind::all, {})), Is::pass, Is::pass, Is::pass, Is::pass, Is::pass},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(decided(row.on, nobody(nullptr)) == row.bare);
    CHECK(decided(row.on, nobody(&alice)) == row.with_alice);
    CHECK(decided(row.on, nobody(&bob)) == row.with_bob);
    CHECK(decided(row.on, admin(nullptr)) == row.admin_bare);
    CHECK(decided(row.on, admin(&alice)) == row.admin_with_alice);
  }
}

TEST_CASE("a deny rule on a certificate") {
  using Is = Decision::Kind;
  const ClientCertificate bob = shown_as("bob");
  RouteSettings on = route(Access::public_, any_certificate());
  on.deny.children.push_back(with_cn({"bob"}));
  CHECK(decided(on, Asker::nobody_with(&bob)) == Is::forbidden);
  CHECK(decided(on, admin(&bob)) == Is::forbidden);
  const ClientCertificate alice = shown_as("alice");
  CHECK(decided(on, Asker::nobody_with(&alice)) == Is::pass);
  on.deny.children.push_back(role("admin"));
  CHECK(decided(on, Asker::nobody_with(&alice)) == Is::sign_in);  // who it is decides
}

TEST_CASE("nobody is sent to choose another account for want of a certificate") {
  using Is = Decision::Kind;
  RouteSettings on = route(Access::signed_in, any_certificate());
  on.forbidden = Forbidden::sign_in;
  CHECK(decided(on, admin(nullptr)) == Is::forbidden);
  on.require.children = {role("owner")};
  CHECK(decided(on, admin(nullptr)) == Is::choose_account);
}

TEST_CASE("which of two routes with certificates lets more people pass") {
  const auto open = route(Access::public_, any_certificate());
  const auto inside = route(Access::signed_in, any_certificate());
  const auto one = route(Access::public_, with_cn({"alice"}));
  CHECK(admits(open, one));
  CHECK_FALSE(admits(one, open));
  CHECK(admits(open, inside));
  CHECK_FALSE(admits(inside, open));  // without a session
  CHECK(admits(route(Access::public_, with_cn({"alice", "bob"})), one));
  CHECK(admits(one, route(Access::public_, wanted({{Part::subject_cn, {"alice"}}, {Part::subject_o, {"Acme"}}}))));
  CHECK_FALSE(is_open(open));
}

TEST_CASE("words for it") {
  const ClientCertificate alice = shown_as("alice");
  const Requirement rule = wanted({{Part::subject_cn, {"bob"}}, {Part::san_dns, {"x.test", "y.test"}}});
  CHECK(describe_requirement(rule, Audience::operators) ==
        "a client certificate with subject_cn bob and san_dns one of x.test, y.test");
  CHECK(describe_requirement(rule, Audience::public_) == "a certain client certificate");
  CHECK(describe_requirement(any_certificate(), Audience::public_) == "a client certificate");
  Principal who;
  CHECK(explain_requirement(rule, who, 0).seen == "no client certificate");
  who.certificate = &alice;
  CHECK(explain_requirement(rule, who, 0).seen == "subject_cn: alice; san_dns: a.test, b.test");
  CHECK(explain_requirement(any_certificate(), who, 0).seen == "subject: CN=alice,O=Acme");
}
