#include "proxy/route/resolve.h"

#include <doctest/doctest.h>

#include <fstream>
#include <string>

#include "base/encoding.h"
#include "config/forward_auth.h"

using namespace lp;

namespace {

Settings make_settings() {
  Settings settings;
  settings.external_urls = {{"https", "app.test", 443}};
  const auto add = [&](PathPattern path, Access access, std::vector<std::string> methods = {}) {
    RouteSettings route;
    route.index = static_cast<int>(settings.routes.size()) + 1;
    route.path = std::move(path);
    route.access = access;
    route.methods = std::move(methods);
    settings.routes.push_back(route);
  };
  add({PathPattern::Kind::prefix, "/public"}, Access::public_);
  add({PathPattern::Kind::prefix, "/private"}, Access::signed_in);
  add({PathPattern::Kind::prefix, "/api"}, Access::deny, {"DELETE"});
  add({PathPattern::Kind::prefix, "/api"}, Access::public_);
  return settings;
}

// Index of the route, 0: none, or minus the status of the refusal.
int checked(std::string_view target, std::string_view method = "GET", std::string_view host = "app.test",
            std::string_view scheme = "https", const Fields& fields = {}) {
  static const Settings settings = make_settings();
  static const Router router(settings);
  const RealmRoutes realms[] = {{settings, router}};
  Resolution found;
  resolve_check(realms, {ForwardedForm::forwarded, method, scheme, host, target}, fields, "192.0.2.1", found);
  if (found.kind == Resolution::Kind::refused) return -found.refusal.status;
  return found.route == nullptr ? 0 : found.route->index;
}

}  // namespace

TEST_CASE("a forwarded request finds its route by the one normalisation") {
  CHECK(checked("/public/a?x=/private") == 1);
  CHECK(checked("/private/secret") == 2);
  CHECK(checked("/%70rivate/secret") == 2);
  CHECK(checked("/private/caf%c3%a9") == 2);
  CHECK(checked("/elsewhere") == 0);
  CHECK(checked("/private/", "GET", "APP.TEST:443") == 2);
  CHECK(checked("/private/", "GET", "app.test", "") == 2);
}

TEST_CASE("what the app would get must be read in one way only") {
  for (const char* target : {"/public/../private/secret", "/public/%2e%2e/private/secret", "/private/../public/a",
                             "//private/secret", "/public//a", "/public/./a", "/public/.", "/public/..;/private",
                             "/public%2f..%2fprivate", "/private%2fsecret", "/public/%252e%252e/private", "/public/a#",
                             "/public\\..\\private", "/public/%00", "/%zz", "/../public/a", "/public/%c0%ae"}) {
    CAPTURE(target);
    CHECK(checked(target) <= 0);
  }
}

TEST_CASE("hosts and schemes are those of external_urls") {
  CHECK(checked("/public/a", "GET", "evil.test") == -421);
  CHECK(checked("/public/a", "GET", "app.test, evil.test") == -421);
  CHECK(checked("/public/a", "GET", "app.test:8443") == -421);
  CHECK(checked("/public/a", "GET", "app.test", "http") == -400);
}

TEST_CASE("our own paths are asked about by mistake") {
  CHECK(checked("/_auth/sign-in") == -403);
  CHECK(checked("/_auth") == -403);
}

TEST_CASE("a method override must not lead to another route") {
  const auto with = [](const char* name, const char* value) {
    Fields fields;
    fields.add(name, value);
    return checked("/api/x", "POST", "app.test", "https", fields);
  };
  CHECK(with("X-HTTP-Method-Override", "DELETE") == -400);
  CHECK(with("x_http_method", "delete") == -400);
  CHECK(with("X-Method-Override", "PUT") == 4);
  CHECK(with("X.HTTP.Method.Override", "DELETE") == -400);
  CHECK(with("X-HTTP-Method", "DELETE,") == -400);
  CHECK(with("X-HTTP-Method", "PUT , delete") == -400);
  CHECK(with("X-HTTP-Method", "\"DELETE\"") == -400);
  CHECK(with("X-HTTP-Method", "") == 4);
  CHECK(with("X-HTTP-Methods", "DELETE") == 4);
}

TEST_CASE("a method override reaches the app where whoever passes may use that method anyway") {
  Settings settings;
  settings.external_urls = {{"https", "app.test", 443}};
  settings.routes.resize(3);
  settings.routes[0].methods = {"GET"};
  settings.routes[0].access = Access::public_;
  settings.routes[1].methods = {"POST"};
  settings.routes[2].access = Access::deny;
  for (RouteSettings& route : settings.routes) route.upstream = "app";
  const auto drops = [&](const char* value) {
    const Router router(settings);
    const RealmRoutes realms[] = {{settings, router}};
    Fields fields;
    fields.add("X-HTTP-Method-Override", value);
    Resolution found;
    resolve(realms, {"app.test", "/service/x", "POST", fields, "192.0.2.1"}, found);
    REQUIRE(found.kind == Resolution::Kind::routed);
    return found.drops_method_override;
  };
  CHECK_FALSE(drops("GET"));
  CHECK(drops("DELETE"));
  CHECK(drops("GET, DELETE"));
  settings.routes[0].upstream = "other";
  CHECK(drops("GET"));
}

TEST_CASE("a method override reaches our app only where the same rule would decide") {
  const auto drops = [](Settings settings, const char* target, const char* method, const char* name,
                        const char* value) {
    for (RouteSettings& route : settings.routes) route.upstream = "app";
    const Router router(settings);
    const RealmRoutes realms[] = {{settings, router}};
    Fields fields;
    fields.add(name, value);
    Resolution found;
    resolve(realms, {"app.test", target, method, fields, "192.0.2.1"}, found);
    REQUIRE(found.kind == Resolution::Kind::routed);
    CHECK(found.has_method_override);
    return found.drops_method_override;
  };
  const Settings settings = make_settings();
  CHECK(drops(settings, "/api/x", "POST", "X-HTTP-Method", "DELETE"));
  CHECK(drops(settings, "/api/x", "POST", "x_http_method_override", "put,delete"));
  CHECK(drops(settings, "/api/x", "POST", "X-Tunneled-Method", "DELETE"));
  CHECK(drops(settings, "/api/x", "POST", "X-HTTP-Method", "DEL\xc4\xb0TE"));
  CHECK_FALSE(drops(settings, "/api/x", "POST", "X-HTTP-Method", "MERGE"));
  CHECK_FALSE(drops(settings, "/private/x", "POST", "X-HTTP-Method", "DELETE"));
  Settings preflights = settings;
  preflights.routes[1].preflight = true;
  CHECK(drops(preflights, "/private/x", "OPTIONS", "X-HTTP-Method", "MERGE"));
  CHECK_FALSE(drops(preflights, "/private/x", "POST", "X-HTTP-Method", "MERGE"));
  Settings stored = settings;
  stored.session.store = SessionStore::redis;  // redis.grace lets GET pass
  stored.redis.kind = RedisSettings::Kind::tcp;
  CHECK(drops(stored, "/private/x", "GET", "X-HTTP-Method", "MERGE"));
  CHECK_FALSE(drops(stored, "/private/x", "POST", "X-HTTP-Method", "MERGE"));
}

TEST_CASE("a condition on a field that is taken out holds where its route lets it pass") {
  Settings settings = make_settings();
  settings.routes[0].upstream = settings.routes[3].upstream = "app";
  settings.routes[0].path.text = "";
  settings.routes[0].headers = {{"X-User-Id", {TextPattern::literal("u")}}};
  const auto route = [&](const char* value) {
    const Router router(settings);
    const RealmRoutes realms[] = {{settings, router}};
    Fields fields;
    fields.add("x-user-id", value);
    Resolution found;
    resolve(realms, {"app.test", "/api/x", "GET", fields, "192.0.2.1"}, found);
    return found.route == nullptr ? 0 : found.route->index;
  };
  CHECK(route("u") == 4);
  settings.routes[0].pass_headers = {"X-USER-ID"};
  CHECK(route("u") == 1);
  CHECK(route("v") == 4);
}

TEST_CASE("a path is rewritten for the app, never into one that can be read otherwise") {
  const auto app_gets = [](const char* target, const char* strip, const char* add, const char* from, const char* to) {
    Settings settings;
    settings.external_urls = {{"https", "app.test", 443}};
    RouteSettings& route = settings.routes.emplace_back();
    route.index = 1;
    route.access = Access::public_;
    route.upstream = "app";
    route.encoded_slash = EncodedSlash::keep;
    route.strip_prefix = strip;
    route.add_prefix = add;
    if (*from != '\0') route.replace_path = *PathReplacement::parse(from);
    route.replace_path.to = to;
    const Router router(settings);
    const RealmRoutes realms[] = {{settings, router}};
    const Fields fields;
    Resolution found;
    resolve(realms, {"app.test", target, "GET", fields, "192.0.2.1"}, found);
    return found.kind == Resolution::Kind::routed ? found.app_target : std::to_string(found.refusal.status);
  };
  CHECK(app_gets("/a?q=1", "", "/v1", "", "") == "/v1/a?q=1");
  CHECK(app_gets("/a/b", "/a", "/v1", "", "") == "/v1/b");
  CHECK(app_gets("/a", "/a", "/v1", "", "") == "/v1/");
  CHECK(app_gets("/old/x?q=1", "", "", "^/old/(.*)$", "/new/\\1") == "/new/x?q=1");
  CHECK(app_gets("/other/x", "", "", "^/old/(.*)$", "/new/\\1") == "/other/x");
  CHECK(app_gets("/old/x", "", "", "^/old", "") == "/x");
  CHECK(app_gets("/u/7/photo", "", "", "/u/(\\d+)", "/users/\\1") == "/users/7/photo");
  CHECK(app_gets("/old", "", "", "^/old", "") == "400");
  CHECK(app_gets("/a/b", "", "", "^/a", "/x/..") == "400");
  CHECK(app_gets("/a/secret", "", "", "/a/(.*)", "/\\1/../x") == "400");
  CHECK(app_gets("/a/.x.", "", "", "x", "") == "400");
  CHECK(app_gets("/a/%2Fevil", "", "", "^/a/%2F", "//") == "400");
  CHECK(app_gets("/a/b", "", "", "^/a/", "") == "400");
  CHECK(app_gets("/a/b", "", "", "/b", "/;x/b") == "400");
}

TEST_CASE("a Destination is judged as an app that knows its prefix reads it, and as one that does not") {
  Settings settings;
  settings.external_urls = {{"https", "app.test", 443}};
  const auto add = [&](const char* path, Access access) -> RouteSettings& {
    RouteSettings& route = settings.routes.emplace_back();
    route.index = static_cast<int>(settings.routes.size());
    route.access = access;
    route.upstream = "app";
    route.path = {PathPattern::Kind::prefix, path};
    return route;
  };
  add("/dav/dav/secret", Access::signed_in);
  add("/dav", Access::public_).strip_prefix = "/dav";
  add("/v/secret", Access::signed_in).add_prefix = "/app";
  add("/v", Access::public_).add_prefix = "/app";
  add("/old", Access::public_).replace_path = *PathReplacement::parse("^/old");
  const Router router(settings);
  const RealmRoutes realms[] = {{settings, router}};
  const auto passes = [&](const char* path, const char* destination) {
    Fields fields;
    fields.add("Destination", destination);
    Resolution found;
    resolve(realms, {"app.test", path, "COPY", fields, "192.0.2.1"}, found);
    return found.kind == Resolution::Kind::routed;
  };
  CHECK(passes("/dav/a", "https://app.test/dav/b"));
  CHECK(passes("/dav/a", "/dav/dav/b"));
  CHECK_FALSE(passes("/dav/a", "https://app.test/dav/secret/b"));
  CHECK_FALSE(passes("/dav/a", "/dav/secret"));
  CHECK_FALSE(passes("/dav/a", "/dav/dav/secret"));
  CHECK(passes("/v/a", "/v/b"));
  CHECK_FALSE(passes("/v/a", "/v/secret/b"));
  CHECK_FALSE(passes("/v/a", "/app/v/secret/b"));
  CHECK_FALSE(passes("/old/a", "/old/b"));
}

TEST_CASE("a query that an app may find in the path is asked about too") {
  Settings settings;
  settings.external_urls = {{"https", "app.test", 443}};
  const auto add = [&](Access access, std::vector<FieldCondition> query, std::vector<std::string> methods) {
    RouteSettings& route = settings.routes.emplace_back();
    route.index = static_cast<int>(settings.routes.size());
    route.access = access;
    route.upstream = "app";
    route.path = {PathPattern::Kind::prefix, "/q"};
    route.query = std::move(query);
    route.methods = std::move(methods);
  };
  add(Access::signed_in, {{"action", {TextPattern::literal("edit")}}}, {});
  add(Access::signed_in, {}, {"DELETE"});
  add(Access::public_, {}, {});
  const Router router(settings);
  const RealmRoutes realms[] = {{settings, router}};
  const auto route = [&](const char* target, const char* method = "GET") {
    const Fields fields;
    Resolution found;
    resolve(realms, {"app.test", target, method, fields, "192.0.2.1"}, found);
    return found.kind == Resolution::Kind::routed ? found.route->index : -found.refusal.status;
  };
  CHECK(route("/q/x?action=edit") == 1);
  CHECK(route("/q/x") == 3);
  for (const char* hidden : {"/q/x;action=edit", "/q/x%3Faction=edit", "/q/x%3fa=1&action=edit", "/q/x;a=1;action=edit",
                             "/q/x;action=edit?a=1", "/q/x%3Baction=edit", "/q/x??action=edit", "/q/x?%3Faction=edit",
                             "/q/x;ACTION=edit", "/q/x;action[]=edit"})
    CHECK_MESSAGE(route(hidden) == -400, hidden);
  for (const char* harmless : {"/q/x;jsessionid=1", "/q/x%3Fa=1", "/q/x;action=view", "/q/x??a=1"})
    CHECK_MESSAGE(route(harmless) == 3, harmless);
  for (const char* hidden :
       {"/q/x?_method=DELETE", "/q/x??_method=DELETE", "/q/x;_method=DELETE", "/q/x%3F_method=DELETE"})
    CHECK_MESSAGE(route(hidden, "POST") == -400, hidden);
}

TEST_CASE("what a preflight's method lets pass, no other method is read from") {
  Settings settings = make_settings();
  settings.routes[1].preflight = true;
  settings.routes[1].upstream = "app";
  const Router router(settings);
  const RealmRoutes realms[] = {{settings, router}};
  const auto status = [&](const char* target, const char* method, const char* field) {
    Fields fields;
    if (*field != '\0') fields.add(field, "GET");
    Resolution found;
    resolve(realms, {"app.test", target, method, fields, "192.0.2.1"}, found);
    Resolution checked;
    resolve_check(realms, {ForwardedForm::forwarded, method, "https", "app.test", target}, fields, "192.0.2.1",
                  checked);
    const auto of = [](const Resolution& one) { return one.kind == Resolution::Kind::routed ? 0 : one.refusal.status; };
    return std::pair(of(found), of(checked));
  };
  using Both = std::pair<int, int>;
  CHECK(status("/private/x", "OPTIONS", "") == Both{0, 0});
  CHECK(status("/private/x?_method=GET", "OPTIONS", "") == Both{400, 400});
  CHECK(status("/private/x?X-HTTP-Method-Override=delete", "OPTIONS", "") == Both{400, 400});
  CHECK(status("/private/x?_method=OPTIONS", "OPTIONS", "") == Both{0, 0});
  CHECK(status("/private/x?_method=GET", "POST", "") == Both{0, 0});
  CHECK(status("/private/x", "OPTIONS", "X-HTTP-Method-Override") == Both{0, 400});
  CHECK(status("/private/x", "GET", "Script_Name") == Both{0, 400});
  CHECK(status("/private/x", "GET", "X-Vhm-Root") == Both{0, 400});
}

TEST_CASE("where ended sessions are shared it is known whether an app may read another method") {
  Settings settings = make_settings();
  settings.redis.kind = RedisSettings::Kind::tcp;
  settings.revocations.share = true;
  settings.routes[1].upstream = "app";
  const Router router(settings);
  const RealmRoutes realms[] = {{settings, router}};
  const auto may_be_other = [&](const char* target, const char* method, const char* field) {
    Fields fields;
    if (*field != '\0') fields.add(field, "PATCH");
    Resolution found;
    resolve(realms, {"app.test", target, method, fields, "192.0.2.1"}, found);
    Resolution checked;
    resolve_check(realms, {ForwardedForm::forwarded, method, "https", "app.test", target}, fields, "192.0.2.1",
                  checked);
    CHECK(found.kind == Resolution::Kind::routed);
    CHECK(found.may_be_other_method == checked.may_be_other_method);
    return found.may_be_other_method;
  };
  for (const char* query :
       {"_method=DELETE", "%5fmethod=DELETE", "_METHOD=x", "X-HTTP-Method-Override=PUT", "a;_method=PUT"})
    CHECK(may_be_other((std::string("/private/x?") + query).c_str(), "GET", ""));
  for (const char* query : {"_method=GET", "method=DELETE", "a=1", "a=%5fmethod"})
    CHECK_FALSE(may_be_other((std::string("/private/x?") + query).c_str(), "GET", ""));
  CHECK(may_be_other("/private/x", "GET", "X-Method-Override"));
  CHECK_FALSE(may_be_other("/private/x?_method=DELETE", "POST", ""));
}

TEST_CASE("a method in the query must not lead to another route, in whatever spelling") {
  const struct {
    const char* query;
    bool stays;
  } cases[] = {
      {"_method=DELETE", false},
      {"_method=delete", false},
      {"_METHOD=Delete", false},
      {"_method=POST", true},
      {"_method=", true},
      {"_method", true},
      {"_method=DELETE,POST", false},
      {"x-tunneled-method=DELETE", false},
      {"_method=POST&_method=DELETE", false},
      {"a=1&%5fmethod=%44ELETE", false},
      {"a=1;_method=DELETE", false},
      {"_method[]=DELETE", false},
      {"[method=DELETE", false},
      {".method=DELETE", false},
      {"+_method=DELETE", false},
      {"_method=+DELETE", false},
      {"_HttpMethod=DELETE", false},
      {"$httpMethod=DELETE", false},
      {"X-HTTP-Method-Override=DELETE", false},
      {"_method=%zz", false},
      {"_method=DEL%C4%B0TE", false},
      {"_method=POST,POST,POST,POST,POST,POST,POST,POST", true},
      {"_method=POST,POST,POST,POST&_method=POST,POST,POST,POST,POST", false},  // nobody sends so many
      {"method=DELETE", true},
      {"my_method=DELETE", true},
      {"a=_method=DELETE", true},
  };
  for (const auto& one : cases) {
    CAPTURE(one.query);
    CHECK(checked("/api/x?" + std::string(one.query), "POST") == (one.stays ? 4 : -400));
  }
  CHECK(checked("/public/x?_method=DELETE", "POST") == 1);
}

TEST_CASE("an identity header in another spelling is refused, in its own it is the other proxy's to replace") {
  const auto with = [](const char* name) {
    Fields fields;
    fields.add(name, "admin");
    return checked("/public/x", "GET", "app.test", "https", fields);
  };
  CHECK(with("X_Forwarded_User") == -400);
  CHECK(with("x-forwarded.GROUPS") == -400);
  CHECK(with("x-forwarded-user") == 1);
  CHECK(with("X-Forwarded-Users") == 1);
  CHECK(with("X_Request_Note") == 1);
}

TEST_CASE("no line of the corpus opens what is private, whichever way the app reads it") {
  std::ifstream corpus(LP_SOURCE_DIR "/tests/corpora/path-confusion.tsv");
  REQUIRE(corpus);
  std::string line;
  std::getline(corpus, line);
  int lines = 0;
  for (; std::getline(corpus, line); ++lines) {
    const std::string target = line.substr(0, line.find('\t'));
    CAPTURE(target);
    const int route = checked(target);
    if (route <= 0) continue;
    // The app gets the target as it stands: nothing in it may lead elsewhere.
    const std::string path = percent_decode(target.substr(0, target.find('?'))).value_or("");
    CHECK((path + "/").find("/../") == std::string::npos);
    CHECK(path.find("//") == std::string::npos);
    if (route == 1) CHECK(path.starts_with("/public"));
    if (path.starts_with("/private/")) CHECK(route == 2);
  }
  CHECK(lines > 50);
}

TEST_CASE("what the codec refuses in a request is refused in one that another proxy asks about") {
  for (const char* method : {"TRACE", "trace", "CONNECT", "Connect"}) {
    CAPTURE(method);
    CHECK(checked("/public/a", method) == -405);
    CHECK(checked("/public/a", method, "elsewhere.test") == -405);
  }
  Fields handshake;
  handshake.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  CHECK(checked("/public/a", "GET", "app.test", "https", handshake) == 1);
  CHECK(checked("/public/a", "POST", "app.test", "https", handshake) == -400);
}

TEST_CASE("the sign-in origin has no app, whoever asks") {
  Settings settings = make_settings();
  settings.sign_in_url = Origin{"https", "auth.test", 443};
  const Router router(settings);
  const RealmRoutes realms[] = {{settings, router}};
  const Fields fields;
  Resolution found;
  resolve_check(realms, {ForwardedForm::forwarded, "GET", "https", "auth.test", "/public/a"}, fields, "192.0.2.1",
                found);
  CHECK(found.kind == Resolution::Kind::no_route);
  resolve(realms, {"auth.test", "/public/a", "GET", fields, "192.0.2.1"}, found);
  CHECK(found.kind == Resolution::Kind::no_route);
}

namespace {

RouteSettings named_route(std::vector<Requirement> rules) {
  RouteSettings route;
  route.path = {PathPattern::Kind::exact, "/oauth2/auth"};
  route.require.children = std::move(rules);
  return route;
}

Requirement role(const char* name) {
  Requirement one;
  one.kind = Requirement::Kind::roles;
  one.any_of = {name};
  return one;
}

struct AskedAbout {
  const char* target = nullptr;  // null: nobody tells
  const char* method = "";
  const char* authority = "app.test";
};

// "ROUTE+ALSO ASKED", 0: none; or "DECISION STATUS".
std::string by_oauth2(const Settings& made, const AskedAbout& asked, std::string_view host = "app.test") {
  Settings settings = made;
  for (std::size_t i = 0; i < settings.routes.size(); ++i) settings.routes[i].index = static_cast<int>(i) + 1;
  const Router router(settings);
  const RealmRoutes realms[] = {{settings, router}};
  RequestHead head;
  head.method = "GET";
  const std::string path = oauth2_auth_path(settings.forward_auth);
  Oauth2Check check{head, host, path, "192.0.2.1", std::nullopt};
  if (asked.target != nullptr)
    check.about = ForwardedRequest{ForwardedForm::oauth2_auth, asked.method, {}, asked.authority, asked.target};
  Resolution found;
  resolve_oauth2_check(realms, check, found);
  if (found.kind == Resolution::Kind::refused)
    return std::string(found.refusal.decision) + " " + std::to_string(found.refusal.status);
  const auto index = [](const RouteSettings* route) { return std::to_string(route == nullptr ? 0 : route->index); };
  return index(found.route) + "+" + index(found.also_asked);
}

Settings for_oauth2() {
  Settings settings = make_settings();
  settings.forward_auth.oauth2_proxy = "/oauth2";
  settings.routes.resize(2);  // /public, open, and /private
  return settings;
}

}  // namespace

TEST_CASE("/oauth2/auth is judged by the route that it is about, else by the one named for it") {
  Settings settings = for_oauth2();
  CHECK(by_oauth2(settings, {}) == "0+0");
  CHECK(by_oauth2(settings, {"/public/a"}) == "1+0");
  CHECK(by_oauth2(settings, {"/private/a"}) == "2+0");
  CHECK(by_oauth2(settings, {"/elsewhere"}) == "0+0");
  settings.routes.push_back(named_route({role("staff")}));
  CHECK(by_oauth2(settings, {}) == "3+0");
  CHECK(by_oauth2(settings, {"/public/a"}) == "1+0");
  CHECK(by_oauth2(settings, {"/private/a"}) == "2+3");
  CHECK(by_oauth2(settings, {"/elsewhere"}) == "3+0");
  for (const char* target : {"/public/../private", "/public//a", "/oauth2/auth", "/_auth/me"}) {
    CAPTURE(target);
    CHECK(by_oauth2(settings, {target}).ends_with(target[1] == 'p' ? " 400" : " 403"));
  }
}

TEST_CASE("probes are answered before the Host is looked at, and checks about their paths by the routes") {
  Settings settings = for_oauth2();
  settings.health.ping = {"/private/ping"};
  settings.health.robots_txt = RobotsTxt::always;
  const Router router(settings);
  const RealmRoutes realms[] = {{settings, router}};
  const auto kind = [&](const char* host, const char* target, const char* method) {
    Resolution found;
    resolve(realms, {host, target, method, Fields(), "192.0.2.1", 0}, found);
    return found.kind == Resolution::Kind::fixed     ? "fixed"
           : found.kind == Resolution::Kind::refused ? "refused"
                                                     : "routed";
  };
  CHECK(kind("app.test", "/private/ping", "GET") == std::string("fixed"));
  CHECK(kind("10.0.0.7:4180", "/private/ping", "HEAD") == std::string("fixed"));
  CHECK(kind("10.0.0.7:4180", "/robots.txt", "GET") == std::string("fixed"));
  CHECK(kind("10.0.0.7:4180", "/private/ping", "POST") == std::string("refused"));
  CHECK(kind("10.0.0.7:4180", "/private/pong", "GET") == std::string("refused"));
  settings.routes[1].require.children = {role("admin")};
  CHECK(by_oauth2(settings, {"/private/ping", "GET"}) == "2+0");
  Resolution about;
  resolve_check(realms, {ForwardedForm::forwarded, "GET", "https", "app.test", "/private/ping"}, Fields(), "192.0.2.1",
                about);
  CHECK(about.kind != Resolution::Kind::fixed);
  CHECK(about.route == &settings.routes[1]);
}

TEST_CASE("checks below another prefix are judged by the route named for them there") {
  Settings settings = for_oauth2();
  settings.routes.push_back(named_route({role("staff")}));
  CHECK(by_oauth2(settings, {}) == "3+0");
  settings.forward_auth.oauth2_proxy = "/sso";
  CHECK(by_oauth2(settings, {}) == "unasked_rules 403");  // the one for /oauth2/auth is a route as any other now
  CHECK(by_oauth2(settings, {"/sso/auth"}).ends_with(" 403"));
  settings.routes.back().path.text = "/sso/auth";
  CHECK(by_oauth2(settings, {}) == "3+0");
  CHECK(by_oauth2(settings, {"/private/a"}) == "2+3");
}

TEST_CASE("a rule that would not be asked lets nobody pass at /oauth2/auth") {
  Settings settings = for_oauth2();
  settings.routes[1].require.children = {role("admin")};
  CHECK(by_oauth2(settings, {}) == "unasked_rules 403");
  CHECK(by_oauth2(settings, {"/private/a"}) == "2+0");
  CHECK(by_oauth2(settings, {"/elsewhere"}) == "unasked_rules 403");
  settings.routes[1].methods = {"PUT"};  // takes no GET
  CHECK(by_oauth2(settings, {"/private/a"}) == "unasked_rules 403");
  settings.routes[1].methods.clear();
  settings.routes.push_back(named_route({role("staff")}));
  CHECK(by_oauth2(settings, {}) == "unasked_rules 403");
  CHECK(by_oauth2(settings, {"/elsewhere"}) == "unasked_rules 403");
  settings.routes.back() = named_route({role("staff"), role("admin")});
  CHECK(by_oauth2(settings, {}) == "3+0");
  settings.routes.back().host = "b.test";  // is for another host
  CHECK(by_oauth2(settings, {}) == "unasked_rules 403");
  settings.routes.pop_back();
  settings.routes[1].upstream = "app";  // its rules hold where we send the request on, and are not asked here
  CHECK(by_oauth2(settings, {}) == "unasked_rules 403");
  CHECK(by_oauth2(settings, {"/private/a"}) == "2+0");
  CHECK(by_oauth2(settings, {"/elsewhere"}) == "unasked_rules 403");
}

TEST_CASE("who does not tell the method must not leave a stricter route out") {
  Settings settings = for_oauth2();
  settings.routes.insert(settings.routes.begin(), settings.routes[1]);
  settings.routes[0].methods = {"DELETE"};
  settings.routes[0].require.children = {role("admin")};
  CHECK(by_oauth2(settings, {"/private/a"}) == "unasked_rules 403");
  CHECK(by_oauth2(settings, {"/private/a", "GET"}) == "3+0");
  CHECK(by_oauth2(settings, {"/private/a", "DELETE"}) == "1+0");
  CHECK(by_oauth2(settings, {"/public/a"}) == "2+0");
}

TEST_CASE("who does not tell the method may mean one that no route lists") {
  Settings settings = for_oauth2();
  settings.routes[0].methods = {"GET"};  // open for GET alone
  CHECK(by_oauth2(settings, {"/public/a", "GET"}) == "1+0");
  CHECK(by_oauth2(settings, {"/public/a", "POST"}) == "0+0");
  CHECK(by_oauth2(settings, {"/public/a"}) == "unasked_rules 403");  // no route takes the others: one must be signed in
  RouteSettings rest;
  rest.path = {PathPattern::Kind::prefix, ""};
  settings.routes.push_back(rest);
  CHECK(by_oauth2(settings, {"/public/a"}) == "unasked_rules 403");
  CHECK(by_oauth2(settings, {"/private/a"}) == "2+0");
  settings.routes[0].access = Access::signed_in;  // asks what the others ask
  CHECK(by_oauth2(settings, {"/public/a"}) == "1+0");
  settings.routes[2].require.children = {role("staff")};
  CHECK(by_oauth2(settings, {"/public/a"}) == "unasked_rules 403");
  settings.routes.pop_back();
  settings.routes[1].require.children = {role("admin")};  // a rule of other requests, which nobody would ask for a POST
  CHECK(by_oauth2(settings, {"/public/a"}) == "unasked_rules 403");
  CHECK(by_oauth2(settings, {"/private/a"}) == "2+0");
}

TEST_CASE("routes for /oauth2/auth that differ by the method decide nothing where nobody tells it") {
  Settings settings = for_oauth2();
  settings.routes.push_back(named_route({}));
  settings.routes.back().methods = {"GET"};
  CHECK(by_oauth2(settings, {}) == "3+0");
  settings.routes.push_back(named_route({role("staff")}));
  CHECK(by_oauth2(settings, {}) == "unasked_rules 403");
  CHECK(by_oauth2(settings, {"/private/a"}) == "unasked_rules 403");
  CHECK(by_oauth2(settings, {"/private/a", "GET"}) == "2+3");
  CHECK(by_oauth2(settings, {"/private/a", "POST"}) == "2+4");
}

TEST_CASE("a Host inside stands for the external URL, unless hosts matter") {
  Settings settings = for_oauth2();
  CHECK(by_oauth2(settings, {}, "oauth2-proxy.auth.svc") == "0+0");
  CHECK(by_oauth2(settings, {"/private/a", "", "oauth2-proxy.auth.svc"}, "oauth2-proxy.auth.svc") == "2+0");
  CHECK(by_oauth2(settings, {"/private/a", "", "evil.test"}, "oauth2-proxy.auth.svc") == "unknown_host 403");
  settings.routes[1].host = "app.test";
  CHECK(by_oauth2(settings, {"/private/a", "", "inside"}, "inside") == "unknown_host 403");
  CHECK(by_oauth2(settings, {"/private/a", "", "app.test"}, "inside") == "2+0");
}

TEST_CASE("an answer that would hold more than the client has needs a proof of who asks") {
  Settings settings = make_settings();
  settings.routes[0].identity_headers = {{"X-Api-Key", ""}};
  settings.routes[0].identity_headers[0].source = IdentityHeaderSettings::Source::constant;
  settings.routes[0].identity_headers[0].constant = "key";
  const auto decision = [&](const char* target) {
    const Router router(settings);
    const RealmRoutes realms[] = {{settings, router}};
    const Fields fields;
    Resolution found;
    resolve_check(realms, {ForwardedForm::forwarded, "GET", "https", "app.test", target}, fields, "192.0.2.1", found);
    return found.kind == Resolution::Kind::refused ? std::string(found.refusal.decision) : std::string("routed");
  };
  CHECK(decision("/public/a") == "unguarded");
  CHECK(decision("/private/a") == "routed");
  settings.forward_auth.secret = Secret("a-secret-of-the-asker");
  CHECK(decision("/public/a") == "routed");
  settings.forward_auth.secret = Secret();
  settings.forward_auth.listen = {ListenSettings{}};
  CHECK(decision("/public/a") == "routed");
}

TEST_CASE("/robots.txt is ours where nothing is public, and nowhere else") {
  enum class Is { ours, routed, none };
  const auto found_for = [](Settings settings, const char* host, const char* target, const char* method) {
    for (RouteSettings& route : settings.routes) {
      if (!route.reply.is_configured()) route.upstream = "app";
    }
    const Router router(settings);
    const RealmRoutes realms[] = {{settings, router}};
    Resolution found;
    resolve(realms, {host, target, method, Fields(), "192.0.2.1", 0}, found);
    return found.kind == Resolution::Kind::fixed    ? Is::ours
           : found.kind == Resolution::Kind::routed ? Is::routed
                                                    : Is::none;
  };
  Settings closed;
  closed.external_urls = {{"https", "app.test", 443}, {"https", "open.test", 443}};
  closed.routes.resize(3);
  closed.routes[0].path = {PathPattern::Kind::exact, "/login"};
  closed.routes[0].access = Access::public_;
  closed.routes[0].reply.action = RouteReplySettings::Action::sign_in;
  closed.routes[1].host = "open.test";
  closed.routes[1].access = Access::optional;
  const auto of = [&](Settings settings, const char* target = "/robots.txt", const char* method = "GET",
                      const char* host = "app.test") { return found_for(std::move(settings), host, target, method); };
  CHECK(of(closed) == Is::ours);
  CHECK(of(closed, "/robots.txt?x", "HEAD") == Is::ours);
  CHECK(of(closed, "/%72obots.txt") == Is::ours);
  CHECK(of(closed, "/robots.txt", "POST") == Is::routed);
  CHECK(of(closed, "/x/robots.txt") == Is::routed);
  CHECK(of(closed, "/robots.txt", "GET", "open.test") == Is::routed);
  CHECK(of(closed, "/robots.txt", "GET", "elsewhere.test") == Is::none);
  Settings changed = closed;
  changed.health.robots_txt = RobotsTxt::never;
  CHECK(of(changed) == Is::routed);
  changed = closed;
  changed.routes[2].path = {PathPattern::Kind::exact, "/robots.txt"};
  CHECK(of(changed) == Is::routed);
  changed = closed;
  changed.routes[2].shadow = true;
  CHECK(of(changed) == Is::routed);
  changed = closed;
  changed.routes[1].host = "*.test";
  CHECK(of(changed) == Is::routed);
}
