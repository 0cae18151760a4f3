#include "proxy/route/resolve.h"

#include <doctest/doctest.h>

#include <fstream>
#include <string>

#include "base/encoding.h"

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
