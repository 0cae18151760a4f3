#include "cli/tenant/plan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "cli/tenant/json_merge.h"

namespace lp {
namespace {

using Json = nlohmann::json;
using Kind = TenantStep::Kind;

// A tenant that carries out steps as Logto does: named fields are replaced whole, buttons of connectors that are not
// there vanish, lists know no others than they are told.
class FakeTenant {
 public:
  TenantState state;

  void take(const TenantStep& step) {
    REQUIRE_MESSAGE(!step.path.empty(), step.object);
    const auto parts = parts_of(step.path);
    if (parts[1] == "sign-in-exp") return patch_sign_in(step.body);
    if (parts[1] == "account-center") return change(state.account_center, step.body);
    if (parts[1] == "configs") return void(state.id_token_claims = step.body["enabledExtendedClaims"]);
    Json& list = list_of(parts[1]);
    if (parts.size() == 2) return create(parts[1], list, step.body);
    Json& one = find(list, parts[2]);
    if (parts.size() == 3) return step.method == "DELETE" ? remove(list, parts[2]) : change(one, step.body);
    if (parts[3] == "access-control") return void(state.access_control[parts[2]] = step.body);
    if (parts[1] == "roles") return add_scopes(parts[2], step.body["scopeIds"]);
    if (parts[1] == "organization-roles") return add_organization_scopes(one, step.body["organizationScopeIds"]);
    if (parts.size() == 5) return remove(one["scopes"], parts[4]);
    one["scopes"].push_back({{"id", new_id()}, {"name", step.body["name"]}});
  }

 private:
  static std::vector<std::string> parts_of(const std::string& path) {
    std::vector<std::string> parts;
    for (std::size_t at = 1; at <= path.size();) {
      const std::size_t end = std::min(path.find('/', at), path.size());
      parts.push_back(path.substr(at, end - at));
      at = end + 1;
    }
    return parts;
  }

  std::string new_id() { return "id" + std::to_string(++ids_); }

  Json& list_of(const std::string& kind) {
    if (kind == "applications") return state.applications;
    if (kind == "connectors") return state.connectors;
    if (kind == "resources") return state.resources;
    if (kind == "organization-roles") return state.organization_roles;
    if (kind == "organization-scopes") return state.organization_scopes;
    return kind == "roles" ? state.roles : state.hooks;
  }

  static Json& find(Json& list, const std::string& id) {
    const auto found =
        std::find_if(list.begin(), list.end(), [&](const Json& one) { return text_at(one, "id") == id; });
    REQUIRE(found != list.end());
    return *found;
  }

  void create(const std::string& kind, Json& list, Json body) {
    if (!body.contains("id")) body["id"] = new_id();
    for (const Json& one : list) REQUIRE(text_at(one, "id") != text_at(body, "id"));  // Logto: 500
    if (kind == "connectors") {
      const std::string factory = text_at(body, "connectorId");
      const std::string own = text_at(object_at(body, "metadata"), "target");
      body["target"] = own.empty() ? factory.substr(0, factory.find("-universal")) : own;
      for (const Json& one : list) REQUIRE(text_at(one, "target") != text_at(body, "target"));  // Logto: 422
    }
    if (kind == "applications") body["appLevelAccessControlEnabled"] = false;
    if (kind == "resources" || kind == "organization-roles") body["scopes"] = Json::array();
    list.push_back(std::move(body));
  }

  static void change(Json& one, const Json& body) {
    for (const auto& [name, value] : body.items()) one[name] = value;
  }
  static void remove(Json& list, const std::string& id) {
    list.erase(std::find_if(list.begin(), list.end(), [&](const Json& one) { return text_at(one, "id") == id; }));
  }

  void patch_sign_in(const Json& body) {
    change(state.sign_in, body);
    Json kept = Json::array();
    for (const Json& target : state.sign_in["socialSignInConnectorTargets"]) {
      if (find_by(state.connectors, "target", target.get<std::string>()) != nullptr) kept.push_back(target);
    }
    state.sign_in["socialSignInConnectorTargets"] = kept;
  }

  void add_scopes(const std::string& role, const Json& ids) {
    for (const Json& id : ids) {
      for (const Json& resource : state.resources) {
        const Json* scope = find_by(resource["scopes"], "id", id.get<std::string>());
        if (scope != nullptr) state.role_scopes[role].push_back(*scope);
      }
    }
  }

  void add_organization_scopes(Json& role, const Json& ids) {
    for (const Json& id : ids) role["scopes"].push_back(find(state.organization_scopes, id.get<std::string>()));
  }

  int ids_ = 0;
};

class Dice {
 public:
  explicit Dice(unsigned seed) : source_(seed) {}
  bool half() { return source_() % 2 == 0; }
  int up_to(int most) { return static_cast<int>(source_() % static_cast<unsigned>(most)); }
  std::vector<std::string> some(const std::vector<std::string>& all) {
    std::vector<std::string> chosen;
    for (const std::string& one : all) {
      if (half()) chosen.push_back(one);
    }
    return chosen;
  }

 private:
  std::mt19937 source_;
};

const std::vector<std::string> kTargets = {"linkedin", "patreon", "google", "github"};
const std::vector<std::string> kIndicators = {"https://a.test", "https://b.test"};
const std::vector<std::string> kScopes = {"read", "write", "delete"};
const std::vector<std::string> kRoles = {"admin", "staff", "editor"};
const std::vector<std::string> kUris = {"https://a.test/cb", "https://b.test/cb", "https://c.test/cb"};

WantedTenant some_wanted(Dice& dice) {
  WantedTenant wanted;
  TenantApplication app;
  app.name = "intranet";
  app.id_is_written = true;
  app.redirect_uris = dice.some(kUris);
  app.redirect_uris.emplace_back("https://always.test/cb");
  app.post_logout_uris = dice.some(kUris);
  app.backchannel_uri = "https://always.test/logout";
  app.custom = {{"alwaysIssueRefreshToken", true}};
  if (dice.half()) app.roles = {"staff"};
  wanted.applications.push_back(app);
  for (const std::string& target : dice.some(kTargets)) {
    wanted.connectors.push_back({"provision.connectors." + target,
                                 target,
                                 target + "-universal",
                                 target,
                                 {{"clientId", "c"}, {"clientSecret", "new-secret"}},
                                 Json::object(),
                                 {},
                                 {}});
    wanted.button_order.push_back(target);
  }
  wanted.sign_in = Json::object();
  if (dice.half()) wanted.social_only = dice.half();
  if (dice.half()) wanted.sign_in["color"]["primaryColor"] = "#0a66c2";
  wanted.unknown_session_url = "https://always.test/";
  for (const std::string& indicator : dice.some(kIndicators)) {
    TenantResource resource{"k", indicator, dice.half() ? "N" : "", {}, {}, ""};
    for (const std::string& scope : dice.some(kScopes)) resource.scopes.push_back({scope, ""});
    if (dice.half()) resource.ttl_s = 900;
    wanted.resources.push_back(resource);
  }
  std::set<std::string> known;
  for (const TenantResource& resource : wanted.resources) {
    for (const TenantScope& scope : resource.scopes) known.insert(scope.name);
  }
  auto roles = dice.some(kRoles);
  if (!app.roles.empty()) roles = with_missing(roles, app.roles);
  for (const std::string& role : roles)
    wanted.roles.push_back(
        {"k", role, "", {}, dice.half() ? dice.some({known.begin(), known.end()}) : std::vector<std::string>(), ""});
  for (const std::string& scope : dice.some(kScopes)) wanted.organization_scopes.push_back({scope, ""});
  for (const std::string& role : dice.some(kRoles)) {
    TenantOrganizationRole made{"k", role, dice.half() ? "D" : "", {}, ""};
    for (const TenantScope& scope : wanted.organization_scopes) {
      if (dice.half()) made.scopes.push_back(scope.name);
    }
    wanted.organization_roles.push_back(made);
  }
  if (dice.half()) wanted.hooks.push_back({"k", "https://always.test/hook"});
  if (dice.half()) wanted.id_token_claims = {"identities"};
  if (dice.half()) wanted.account_center = "of route #1";
  return wanted;
}

// What somebody has made by hand.
TenantState some_state(Dice& dice) {
  TenantState state;
  state.sign_in = {{"color", {{"primaryColor", "#111111"}, {"darkPrimaryColor", "#222222"}}},
                   {"customCss", "body{}"},
                   {"socialSignInConnectorTargets", Json::array()}};
  state.sign_in["signIn"] = {{"methods", {{{"identifier", "email"}, {"password", true}, {"verificationCode", true}}}}};
  state.sign_in["signUp"] = {{"identifiers", {"email"}}, {"password", true}, {"verify", true}};
  state.id_token_claims = {"roles"};
  if (dice.half()) state.account_center = {{"enabled", false}, {"fields", {{"email", "Edit"}}}};
  if (dice.half())
    state.applications.push_back(
        {{"id", "theirs"},
         {"name", "intranet"},
         {"type", "Traditional"},
         {"appLevelAccessControlEnabled", false},
         {"oidcClientMetadata", {{"redirectUris", kUris}, {"postLogoutRedirectUris", Json::array()}}},
         {"customData", {{"owner", "them"}}}});
  for (const std::string& target : dice.some(kTargets)) {
    state.connectors.push_back({{"id", dice.half() ? target : "hand-" + target},
                                {"target", target},
                                {"connectorId", target + "-universal"},
                                {"config", {{"clientId", "old"}, {"clientSecret", "old-secret"}, {"theirs", true}}}});
    if (dice.half()) state.sign_in["socialSignInConnectorTargets"].push_back(target);
  }
  for (const std::string& scope : dice.some(kScopes))
    state.organization_scopes.push_back({{"id", "os-" + scope}, {"name", scope}});
  for (const std::string& role : dice.some(kRoles)) {
    Json made = {{"id", "or-" + role}, {"name", role}, {"description", "theirs"}, {"scopes", Json::array()}};
    for (const Json& scope : state.organization_scopes) {
      if (dice.half()) made["scopes"].push_back(scope);
    }
    state.organization_roles.push_back(made);
  }
  for (const std::string& indicator : dice.some(kIndicators)) {
    Json resource = {{"id", "r" + std::to_string(indicator.size()) + indicator.substr(8, 1)},
                     {"indicator", indicator},
                     {"name", "theirs"},
                     {"accessTokenTtl", 60},
                     {"scopes", Json::array()}};
    for (const std::string& scope : dice.some(kScopes))
      resource["scopes"].push_back({{"id", "s" + indicator.substr(8, 1) + scope}, {"name", scope}});
    state.resources.push_back(resource);
  }
  for (const std::string& role : dice.some(kRoles))
    state.roles.push_back({{"id", "role-" + role}, {"name", role}, {"type", "User"}, {"description", "theirs"}});
  if (dice.half())
    state.hooks.push_back({{"id", "h"},
                           {"events", {"User.Created"}},
                           {"enabled", false},
                           {"config", {{"url", "https://always.test/hook"}, {"headers", {{"x", "1"}}}}}});
  return state;
}

// At most `most` steps, as cli/logto/apply takes them. Answers how many there were.
int carry_out(FakeTenant& tenant, const WantedTenant& wanted, int most,
              TenantPlan (*plan)(const WantedTenant&, const TenantState&) = plan_tenant) {
  int taken = 0;
  for (; taken < most; ++taken) {
    const TenantPlan now = plan(wanted, tenant.state);
    REQUIRE(now.problems.empty());
    const auto next = std::find_if(now.steps.begin(), now.steps.end(), [](const TenantStep& step) {
      return step.kind != Kind::unchanged && !step.path.empty();
    });
    if (next == now.steps.end()) break;
    tenant.take(*next);
  }
  return taken;
}

void check_members_kept(const Json& before, const Json& after) {
  for (const auto& [name, value] : before.items()) CHECK(after.contains(name));
}

// Everything that was there is there, and what the wanted one does not speak of is as it was.
void check_nothing_lost(const TenantState& before, const TenantState& after) {
  for (const Json& app : before.applications) CHECK(find_by(after.applications, "id", text_at(app, "id")) != nullptr);
  for (const Json& one : before.connectors) {
    const Json* there = find_by(after.connectors, "id", text_at(one, "id"));
    REQUIRE(there != nullptr);
    CHECK((*there)["config"]["theirs"] == true);
  }
  CHECK(after.sign_in["customCss"] == "body{}");
  CHECK(after.sign_in["color"]["darkPrimaryColor"] == "#222222");
  check_members_kept(before.sign_in, after.sign_in);
  for (const Json& target : before.sign_in["socialSignInConnectorTargets"]) {
    const auto there = texts_of_json(after.sign_in["socialSignInConnectorTargets"]);
    CHECK(std::find(there.begin(), there.end(), target.get<std::string>()) != there.end());
  }
  for (const Json& one : before.resources) {
    const Json* there = find_by(after.resources, "id", text_at(one, "id"));
    REQUIRE(there != nullptr);
    for (const Json& scope : one["scopes"]) CHECK(find_by((*there)["scopes"], "id", text_at(scope, "id")) != nullptr);
  }
  for (const Json& one : before.roles) CHECK(*find_by(after.roles, "id", text_at(one, "id")) == one);
  for (const Json& one : before.organization_roles) {
    const Json* there = find_by(after.organization_roles, "id", text_at(one, "id"));
    REQUIRE(there != nullptr);
    for (const Json& scope : one["scopes"]) CHECK(find_by((*there)["scopes"], "id", text_at(scope, "id")) != nullptr);
  }
  for (const Json& one : before.hooks) {
    const Json* there = find_by(after.hooks, "id", text_at(one, "id"));
    REQUIRE(there != nullptr);
    CHECK((*there)["config"] == one["config"]);
    const auto events = texts_of_json((*there)["events"]);
    CHECK(std::find(events.begin(), events.end(), "User.Created") != events.end());
  }
}

constexpr int kMany = 100;

}  // namespace

TEST_CASE("any tenant, anything wanted, interrupted anywhere: a second run gets there, and nothing foreign is lost") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    const WantedTenant wanted = some_wanted(dice);
    FakeTenant tenant;
    tenant.state = some_state(dice);
    const TenantState before = tenant.state;
    carry_out(tenant, wanted, dice.up_to(20));
    check_nothing_lost(before, tenant.state);
    CHECK(carry_out(tenant, wanted, kMany) < kMany);
    CHECK(changes_in(plan_tenant(wanted, tenant.state)) == 0);
    check_nothing_lost(before, tenant.state);
    REQUIRE(find_application(wanted.applications[0], tenant.state) != nullptr);

    CHECK(carry_out(tenant, wanted, kMany, plan_removal) < kMany);
    check_nothing_lost(before, tenant.state);
    CHECK(tenant.state.applications.size() == before.applications.size());
    CHECK(tenant.state.connectors.size() == before.connectors.size());
    CHECK(tenant.state.resources.size() == before.resources.size());
    CHECK(tenant.state.roles.size() == before.roles.size());
    CHECK(tenant.state.organization_scopes.size() == before.organization_scopes.size());
    CHECK(tenant.state.organization_roles.size() == before.organization_roles.size());
    CHECK(tenant.state.hooks.size() == before.hooks.size());
    CHECK(tenant.state.sign_in["signIn"] == before.sign_in["signIn"]);
    CHECK(tenant.state.sign_in["signUp"] == before.sign_in["signUp"]);
  }
}

TEST_CASE("what is wanted changes between two runs: redirect URIs of ours go, others stay") {
  for (unsigned seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    FakeTenant tenant;
    tenant.state = some_state(dice);
    carry_out(tenant, some_wanted(dice), kMany);
    const WantedTenant wanted = some_wanted(dice);
    carry_out(tenant, wanted, kMany);
    CHECK(changes_in(plan_tenant(wanted, tenant.state)) == 0);
    const Json* app = find_application(wanted.applications[0], tenant.state);
    REQUIRE(app != nullptr);
    const auto uris = texts_of_json((*app)["oidcClientMetadata"]["redirectUris"]);
    CHECK(std::set<std::string>(uris.begin(), uris.end()) ==
          std::set<std::string>(wanted.applications[0].redirect_uris.begin(),
                                wanted.applications[0].redirect_uris.end()));
  }
}

TEST_CASE("what the file names no more stays, and the plan says so; what others have made it does not speak of") {
  FakeTenant tenant;
  tenant.state.sign_in = {{"socialSignInConnectorTargets", Json::array()}};
  tenant.state.roles.push_back({{"id", "r"}, {"name", "theirs"}, {"type", "User"}});
  WantedTenant wanted;
  wanted.applications.push_back(
      {"", "logto-proxy", "", false, {"https://a.test/_auth/callback"}, {}, "", Json::object(), {}});
  wanted.sign_in = Json::object();
  wanted.connectors.push_back(
      {"k", "patreon", "patreon-universal", "patreon", {{"clientId", "x"}}, Json::object(), {}, {}});
  wanted.roles.push_back({"k", "staff", "", {}, {}, ""});
  wanted.resources.push_back({"k", "https://api.test", "", {}, {}, ""});
  wanted.hooks.push_back({"k", "https://a.test/hook"});
  carry_out(tenant, wanted, kMany);
  wanted.connectors.clear();
  wanted.roles.clear();
  wanted.resources.clear();
  wanted.hooks.clear();
  const TenantPlan plan = plan_tenant(wanted, tenant.state);
  CHECK(changes_in(plan) == 0);
  std::set<std::string> left;
  for (const TenantStep& step : plan.steps) {
    if (step.reason.starts_with("made here, and no longer in this file: it stays")) left.insert(step.object);
  }
  CHECK(left == std::set<std::string>{"connector patreon (id patreon)", "role staff", "API resource https://api.test",
                                      "webhook https://a.test/hook"});
}

TEST_CASE("no plan shows a secret") {
  for (unsigned seed = 0; seed < 100; ++seed) {
    Dice dice(seed);
    const WantedTenant wanted = some_wanted(dice);
    for (const TenantStep& step : plan_tenant(wanted, some_state(dice)).steps) {
      for (const std::string& line : step.lines) {
        CAPTURE(line);
        CHECK(line.find("new-secret") == std::string::npos);
        CHECK(line.find("old-secret") == std::string::npos);
      }
    }
  }
  const auto lines = difference(
      Json::object(), {{"clientId", "shown"}, {"privateKey", "k"}, {"whatever", "w"}, {"scope", "s"}}, "config", true);
  CHECK(lines == std::vector<std::string>{"config.clientId: none -> \"shown\"", "config.privateKey: set (not shown)",
                                          "config.scope: none -> \"s\"", "config.whatever: set (not shown)"});
}

TEST_CASE("differences, as people read them") {
  CHECK(difference({{"a", {{"b", 1}}}}, {{"a", {{"b", 2}}}}) == std::vector<std::string>{"a.b: 1 -> 2"});
  CHECK(difference({{"l", {"x", "y"}}}, {{"l", {"y", "z"}}}) == std::vector<std::string>{"l: + z", "l: - x"});
  CHECK(difference({{"l", {"x", "y"}}}, {{"l", {"y", "x"}}}) ==
        std::vector<std::string>{"l: in another order: [\"y\",\"x\"]"});
  CHECK(difference({{"password", true}}, {{"password", false}}) == std::vector<std::string>{"password: true -> false"});
  CHECK(difference({{"password", "a"}}, {{"password", "b"}}) ==
        std::vector<std::string>{"password: changes (not shown)"});
  CHECK(difference({{"refreshTokenTtlInDays", 1}}, {{"refreshTokenTtlInDays", 2}}).size() == 1);
  CHECK(merged({{"a", {{"b", 1}, {"c", 2}}}}, {{"a", {{"b", 3}}}}) == Json{{"a", {{"b", 3}, {"c", 2}}}});
  CHECK(merged({{"l", {1, 2}}}, {{"l", {3}}}) == Json{{"l", {3}}});
}

}  // namespace lp
