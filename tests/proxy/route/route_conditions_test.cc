#include "proxy/route/route_conditions.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using lp::Condition;

lp::FieldCondition condition(const char* name, const std::vector<const char*>& any_of) {
  lp::FieldCondition made;
  made.name = name;
  for (const char* text : any_of) made.any_of.push_back(lp::TextPattern::parse(text).value());
  return made;
}

}  // namespace

TEST_CASE("a query condition judges the parameter that every app reads alike, and nothing else") {
  const lp::FieldCondition admin = condition("role", {"admin", "~ root[0-9]+"});
  const struct {
    const char* what;
    const char* query;
    Condition verdict;
  } cases[] = {
      {"the value", "role=admin", Condition::holds},
      {"among others", "a=1&role=admin&b=2", Condition::holds},
      {"a pattern of the list", "role=root12", Condition::holds},
      {"an escaped letter of the value", "role=%61dmin", Condition::holds},
      {"an escaped letter of the name (P22)", "%72ole=admin", Condition::holds},
      {"another value", "role=user", Condition::fails},
      {"a pattern that matches a part only", "role=root12x", Condition::fails},
      {"no value", "role", Condition::fails},
      {"no query", "", Condition::fails},
      {"another name", "roles=admin", Condition::fails},
      {"the name in a value", "a=role=admin", Condition::fails},
      {"twice with different values (P22)", "role=user&%72ole=admin", Condition::unclear},
      {"twice with the same", "role=admin&role=admin", Condition::unclear},
      {"behind a semicolon (P22)", "a=1;role=admin", Condition::unclear},
      {"cut by a semicolon", "role=admin;x", Condition::unclear},
      {"a semicolon elsewhere", "a=1;2&role=admin", Condition::holds},
      {"in capitals", "ROLE=admin", Condition::unclear},
      {"as an array of PHP", "role[]=admin", Condition::unclear},
      {"as an escaped array of PHP", "role%5B0%5D=admin", Condition::unclear},
      {"after a space that PHP cuts", "+role=admin", Condition::unclear},
      {"cut by a NUL", "role%00x=admin", Condition::unclear},
      {"a broken escape in it", "role=%zz", Condition::unclear},
      {"a broken escape anywhere", "role=admin&b=%", Condition::unclear},
      {"a plus that decides nothing", "role=a+b", Condition::fails},
  };
  for (const auto& one : cases) {
    CAPTURE(one.what);
    CHECK(lp::query_condition(admin, one.query) == one.verdict);
  }
  CHECK(lp::query_condition(condition("q", {"a b"}), "q=a+b") == Condition::unclear);
  CHECK(lp::query_condition(condition("q", {"a b"}), "q=a%20b") == Condition::holds);
  CHECK(lp::query_condition(condition("my_role", {"x"}), "my.role=x") == Condition::unclear);
  CHECK(lp::query_condition(condition("my_role", {"x"}), "my[role=x") == Condition::unclear);
  CHECK(lp::query_condition(condition("my_role", {"x"}), "my[role]=x") == Condition::fails);
}

TEST_CASE("a header condition judges the one field that the app gets") {
  const lp::Settings settings;
  const lp::ClientHeaderRules rules(settings);
  using List = std::vector<std::pair<const char*, const char*>>;
  const lp::FieldCondition tenant = condition("X-Tenant", {"acme"});
  const struct {
    const char* what;
    List fields;
    Condition verdict;
  } cases[] = {
      {"the value", {{"X-Tenant", "acme"}}, Condition::holds},
      {"in another case of the name", {{"x-tenant", "acme"}}, Condition::holds},
      {"another value", {{"X-Tenant", "other"}}, Condition::fails},
      {"a list", {{"X-Tenant", "acme, other"}}, Condition::fails},
      {"none", {{"Accept", "*/*"}}, Condition::fails},
      {"twice (H04)", {{"X-Tenant", "acme"}, {"X-Tenant", "other"}}, Condition::unclear},
      {"twice the same", {{"X-Tenant", "acme"}, {"X-Tenant", "acme"}}, Condition::unclear},
      {"in a spelling that gateways fold (H02)", {{"X_Tenant", "acme"}}, Condition::unclear},
      {"beside such a spelling", {{"X-Tenant", "acme"}, {"X_Tenant", "other"}}, Condition::unclear},
      {"taken off by Connection (H06)", {{"X-Tenant", "acme"}, {"Connection", "close, x-tenant"}}, Condition::unclear},
  };
  for (const auto& one : cases) {
    CAPTURE(one.what);
    lp::Fields fields;
    for (const auto& [name, value] : one.fields) fields.add(name, value);
    CHECK(lp::header_condition(tenant, fields, rules) == one.verdict);
  }
  lp::Fields spoofed;
  spoofed.add("X-Forwarded-User", "admin");
  CHECK(lp::header_condition(condition("X-Forwarded-User", {"admin"}), spoofed, rules) == Condition::fails);
}
