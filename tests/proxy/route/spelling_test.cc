#include "config/spelling.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "proxy/route/router.h"
#include "proxy/route/target.h"

namespace {

using namespace lp;
using Kind = PathPattern::Kind;

std::string key_of(std::string_view target) { return spelling_key(normalise_target(target)->path); }

// /open for everybody, /admin and the rest for admins, /denied for nobody, all else for who is signed in.
struct World {
  Settings settings;
  std::optional<Router> router;

  RouteSettings& add(Kind kind, const char* path, Access access, const char* role = nullptr) {
    RouteSettings route;
    route.index = static_cast<int>(settings.routes.size()) + 1;
    route.path = {kind, path};
    route.access = access;
    if (role != nullptr) {
      Requirement needed;
      needed.kind = Requirement::Kind::roles;
      needed.any_of = {role};
      route.require.children = {needed};
    }
    settings.routes.push_back(route);
    return settings.routes.back();
  }
  // Index of the route that decides; 0: none; -1: refused.
  int route_of(std::string_view text, std::string_view method = "GET") {
    if (!router) router.emplace(settings);
    const auto target = normalise_target(text);
    if (!target) return -1;
    const Fields none;
    const RouteAnswer found = router->route_for({"app.test", method, *target, none, "192.0.2.1"});
    return found.is_ambiguous() ? -1 : found.route == nullptr ? 0 : found.route->index;
  }
};

}  // namespace

TEST_CASE("all spellings of a page have one key") {
  const struct {
    const char* says;
    const char *one, *other;
    bool same;
  } cases[] = {
      {"case", "/Admin/Users", "/admin/users", true},
      {"a slash at the end", "/admin/", "/admin", true},
      {"dots at the end of a segment", "/admin.../x", "/admin/x", true},
      {"an escaped dot", "/admin%2E", "/admin", true},
      {"blanks behind", "/admin%20%20", "/admin", true},
      {"blanks and dots in turn", "/admin%20.%20.", "/admin", true},
      {"a blank before", "/%20admin", "/admin", true},
      {"a no-break space", "/admin%C2%A0", "/admin", true},
      {"all of it", "/%20ADMIN.%20/", "/admin", true},
      {"the root", "/", "/%20", true},
      {"accents", "/caf%C3%89", "/caf%c3%a9", true},
      {"Greek", "/%CE%A3", "/%CF%82", true},
      {"Cyrillic", "/%D0%90%D0%94", "/%D0%B0%D0%B4", true},
      {"the Kelvin sign", "/%E2%84%AAasse", "/kasse", true},
      {"a long s", "/u%C5%BFer", "/user", true},
      {"a dotless i", "/adm%C4%B1n", "/admin", true},
      {"a dotted capital i", "/adm%C4%B0n", "/admin", true},
      {"a sharp s", "/stra%C3%9Fe", "/STRASSE", true},
      {"Deseret, beyond 16 bits", "/%F0%90%90%80", "/%F0%90%90%A8", true},
      {"a letter behind", "/admins", "/admin", false},
      {"a dot in the middle", "/a.b", "/ab", false},
      {"a blank in the middle", "/a%20b", "/ab", false},
      {"an escaped slash is none", "/a%2Fb", "/a/b", false},
      {"escapes are no letters", "/%2A%2a", "/**", true},
      {"a plus sign for a blank", "/admin+", "/admin", true},
      {"a plus sign for a blank inside", "/my+page", "/my%20page", true},
      {"a plus sign is no letter", "/a+b", "/ab", false},
      {"full-width letters", "/%EF%BD%81%EF%BC%A4%EF%BD%8D%EF%BD%89%EF%BD%8E", "/admin", true},
      {"a full-width slash", "/a%EF%BC%8Fadmin", "/a/admin", true},
      {"a full-width slash first", "/%EF%BC%8Fadmin", "/admin", true},
      {"a full-width backslash", "/a%EF%BC%BCb", "/a/b", true},
      {"a division slash", "/a%E2%88%95b", "/a/b", true},
      {"a fraction slash", "/a%E2%81%84b", "/a/b", true},
      {"full-width dots that lead upwards", "/open/%EF%BC%8E%EF%BC%8E/admin", "/admin", true},
      {"a two dot leader that leads upwards", "/open/%E2%80%A5/admin", "/admin", true},
      {"dots above the root", "/%E2%80%A5/%E2%80%A5/admin", "/admin", true},
      {"mathematical letters", "/%F0%9D%90%9Admin", "/admin", true},
      {"circled letters", "/%E2%93%90dmin", "/admin", true},
      {"a ligature", "/o%EF%AC%83ce", "/office", true},
      {"a feminine ordinal", "/%C2%AAdmin", "/admin", true},
      {"a zero-width space", "/ad%E2%80%8Bmin", "/admin", true},
      {"a zero-width joiner", "/ad%E2%80%8Dmin", "/admin", true},
      {"a soft hyphen", "/ad%C2%ADmin", "/admin", true},
      {"a byte order mark", "/%EF%BB%BFadmin", "/admin", true},
      {"a variation selector", "/admin%EF%B8%8F", "/admin", true},
      {"IIS's escapes, encoded", "/%25u0061dmin", "/admin", true},
      {"IIS's escapes of a full-width letter", "/%25uff41dmin", "/admin", true},
      {"IIS's escape of a slash", "/a%25u002fadmin", "/a/admin", true},
      {"what is no such escape", "/%25u006dmin", "/mdmin", false},
      {"ASP.NET's session", "/(S(abc123))/admin", "/admin", true},
      {"ASP.NET's session further down", "/app/(S(abc123))/admin", "/app/admin", true},
      {"all of ASP.NET's", "/(A(x)F(y)S(z))/admin", "/admin", true},
      {"one within the other", "/(S(x))/(S(y))/admin", "/admin", true},
      {"one within a name", "/ad(S(x))min", "/admin", true},
      {"two that make a third", "/(S((S(x))y))/admin", "/admin", true},
      {"parentheses of another kind", "/(S)/admin", "/admin", false},
      {"a call", "/f(x)/admin", "/f/admin", false},
      {"a stream", "/admin::$DATA", "/admin", true},
      {"a stream in lower case", "/admin::$data", "/admin", true},
      {"the stream of a folder", "/admin:$i30:$INDEX_ALLOCATION/x", "/admin/x", true},
      {"the named type of a folder", "/admin::$INDEX_ALLOCATION/x", "/admin/x", true},
      {"a colon", "/wiki/Talk:Main", "/wiki/Talk", false},
      {"another accent", "/caf%C3%A8", "/caf%C3%A9", false},
  };
  for (const auto& one : cases) {
    CAPTURE(one.says);
    CHECK((key_of(one.one) == key_of(one.other)) == one.same);
    CHECK(spelling_key(key_of(one.one)) == key_of(one.one));
    for (const char* target : {one.one, one.other}) {
      const std::string path = normalise_target(target)->path;
      CHECK((spelling_key(path) == path || may_have_other_key(path)));
    }
  }
  for (const char* plain : {"/", "/a", "/a/b-c_d~e/f", "/static/app.min.js"}) CHECK_FALSE(may_have_other_key(plain));
  CHECK_FALSE(normalise_target("/a/b-c_d!e/f?A.")->is_odd);
  for (const char* odd : {"/a.", "/A", "/a/", "/a%20", "/%c3%a9", "/a/./b/", "/a/./b"}) {
    CAPTURE(odd);
    CHECK(normalise_target(odd)->is_odd);
  }
}

TEST_CASE("where an app may read a path as a stricter route's, that one decides") {
  World world;
  world.add(Kind::exact, "/health", Access::public_);
  world.add(Kind::exact, "/admin", Access::signed_in, "admin");
  world.add(Kind::prefix, "/Reports", Access::signed_in, "admin");
  world.add(Kind::exact, "/exact/", Access::signed_in, "admin");
  world.add(Kind::regex, "/x/[a-z]+/secret", Access::deny);
  world.add(Kind::prefix, "/caf%C3%A9", Access::signed_in, "admin");
  world.add(Kind::prefix, "/denied", Access::deny);
  world.add(Kind::prefix, "/open", Access::public_);
  world.add(Kind::prefix, "", Access::signed_in);
  const struct {
    const char* says;
    const char* target;
    int route;
  } cases[] = {
      {"as the rule has it", "/admin", 2},
      {"a slash at the end", "/admin/", 2},
      {"another case", "/ADMIN", 2},
      {"both", "/Admin/", 2},
      {"a dot", "/admin.", 2},
      {"a blank", "/admin%20", 2},
      {"a blank and a dot and a slash in capitals", "/ADMIN%20./", 2},
      {"below is no page of that rule", "/admin/x", 9},
      {"a capital in the rule, none in the path", "/reports/q3", 3},
      {"another case in the rule", "/REPORTS/q3", 3},
      {"a dot inside", "/Reports./q3", 3},
      {"a slash in the rule, none in the path", "/exact", 4},
      {"a pattern", "/X/ABC/Secret", 5},
      {"a pattern and a slash", "/x/abc/secret/", 5},
      {"a pattern that does not match", "/X/1/Secret", 9},
      {"an accent in capitals", "/CAF%C3%89/x", 6},
      {"a route for nobody", "/Denied/x", 7},
      {"a looser route does not decide", "/OPEN/x", 9},
      {"an open page with a slash behind is no other rule's", "/health/", 9},
      {"an open page is open though a wider rule follows", "/health", 1},
      {"a file with capitals below an open route", "/open/Logo.PNG", 8},
      {"an escaped slash stays what it was", "/admin%2F", -1},
      {"parameters and another case", "/ADMIN;x", -1},
      {"an encoded end and a slash", "/admin/%3Fx", -1},
      {"a letter twice encoded", "/%2541dmin", -1},
      {"as everywhere", "/elsewhere", 9},
  };
  for (const auto& one : cases) {
    CAPTURE(one.says);
    CHECK(world.route_of(one.target) == one.route);
  }
}

TEST_CASE("of two routes that keep different people out neither decides for the other") {
  World world;
  world.add(Kind::prefix, "/hr", Access::signed_in, "hr");
  world.add(Kind::prefix, "", Access::signed_in, "staff");
  CHECK(world.route_of("/hr/x") == 1);
  CHECK(world.route_of("/HR/x") == -1);
  CHECK(world.route_of("/x") == 2);
}

TEST_CASE("an app that tells spellings apart is believed where its route says so") {
  World world;
  world.add(Kind::prefix, "/admin", Access::signed_in, "admin");
  world.add(Kind::prefix, "/wiki", Access::public_).path_spellings = PathSpellings::distinct;
  world.add(Kind::prefix, "/WIKI/secret", Access::deny);
  world.add(Kind::prefix, "", Access::public_);
  CHECK(world.route_of("/wiki/secret") == 2);
  CHECK(world.route_of("/wIki/secret") == 3);
  CHECK(world.route_of("/ADMIN") == 1);
}

TEST_CASE("a rule that stands behind another spelling of itself is found too") {
  World world;
  world.add(Kind::prefix, "/Public", Access::public_);
  world.add(Kind::prefix, "/public/secret", Access::signed_in, "admin");
  world.add(Kind::prefix, "", Access::public_);
  CHECK(world.route_of("/Public/secret/x") == 2);
  CHECK(world.route_of("/Public/x") == 1);
}

TEST_CASE("methods and hosts of the stricter rule count") {
  World world;
  world.add(Kind::prefix, "/files", Access::signed_in, "admin").methods = {"DELETE"};
  world.add(Kind::prefix, "/members", Access::deny).host = "members.test";
  world.add(Kind::prefix, "", Access::public_);
  CHECK(world.route_of("/Files/1") == 3);
  CHECK(world.route_of("/Files/1", "DELETE") == 1);
  CHECK(world.route_of("/Files/1", "delete") == -1);
  CHECK(world.route_of("/Members/1") == 3);
}

TEST_CASE("forms within each other are taken off a few times, and then nobody can say where the path leads") {
  const auto nested = [](int layers) {
    std::string path = "/open/";
    for (int i = 0; i < layers; ++i) path += "(S(";
    path += "x";
    for (int i = 0; i < layers; ++i) path += "))";
    return path;
  };
  CHECK(spelling_key(nested(1)) == "/open");
  CHECK(spelling_key(nested(3)) == "/open");
  CHECK_FALSE(leads_upwards(nested(3)));
  CHECK(leads_upwards(nested(50)));
  std::string other = "/open/%25";
  for (int i = 0; i < 50; ++i) other += "uFF05";
  CHECK(leads_upwards(other + "u0041"));

  World world;
  world.add(Kind::prefix, "/admin", Access::signed_in, "admin");
  world.add(Kind::prefix, "", Access::signed_in);
  CHECK(world.route_of(nested(1)) == 2);
  CHECK(world.route_of(nested(50)) == -1);
}
