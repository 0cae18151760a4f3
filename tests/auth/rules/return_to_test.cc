#include "auth/rules/return_to.h"

#include <doctest/doctest.h>

#include "auth/rules/own_paths.h"

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "base/encoding.h"

using namespace lp;

namespace {

const Origin kOwn{"https", "app.test", 443};

std::optional<std::string> vet(std::string_view candidate) { return vet_return_to(candidate, kOwn, Settings{}); }

// What a browser does with "Location: text" on an https page, as far as it can leave the origin (WHATWG URL): it drops
// tabs and line ends, reads '\' as '/', and looks for a scheme or two slashes at the start.
bool stays_on_origin(std::string text) {
  std::erase_if(text, [](char c) { return c == '\t' || c == '\r' || c == '\n'; });
  for (char& c : text) {
    if (c == '\\') c = '/';
  }
  const std::size_t start = text.find_first_not_of(' ');
  return start == 0 && text.starts_with("/") && !text.starts_with("//");
}

}  // namespace

TEST_CASE("places below the own origin are taken as they are") {
  for (const char* good : {"/", "/wiki", "/wiki/", "/wiki/page?x=1&y=%0d%0a#part", "/a/b;v=1/c",
                           "/search?q=//evil.test", "/?next=/x#/route", "/group%2Fproject", "/%E6%97%A5%E6%9C%AC",
                           "/100%25", "/a%20b", "/web/https:%2F%2Fexample.test", "/_authors", "/a//b",
                           "/web/http://x.example//y", "/r?{a:[1]}", "/keep/DOMAIN%5Cuser", "/caf%E9", "/a%252Eb"}) {
    CAPTURE(good);
    CHECK(vet(good) == good);
  }
}

TEST_CASE("the query of what the browser has asked for itself may hold what it sends raw") {
  for (const char* target : {"/r?user=CORP\\bob", "/r?{\"a\":[\"<b>\"]}", "/r?x#a\\b<c>"}) {
    CAPTURE(target);
    CHECK(vet_own_target(target, kOwn, Settings{}) == target);
    CHECK(vet_sealed_return_to(target, kOwn, Settings{}) == target);
    CHECK_FALSE(vet(target));
    CHECK_FALSE(vet_return_to_external(target, kOwn, Settings{}));
  }
  for (const char* target : {"/\\evil.test?x", "/a\\b?x", "//evil.test?x", "/x?a b", "/x?\x7f"}) {
    CAPTURE(target);
    CHECK_FALSE(vet_own_target(target, kOwn, Settings{}));
  }
}

TEST_CASE("absolute URLs of the own origin give their path") {
  CHECK(vet("https://app.test") == "/");
  CHECK(vet("https://app.test/") == "/");
  CHECK(vet("https://app.test:443/x?y#z") == "/x?y#z");
  CHECK(vet("HTTPS://APP.test/x") == "/x");
}

TEST_CASE("everything that may lead elsewhere is refused") {
  for (const char* bad : {"",
                          " ",
                          "wiki",
                          "?x",
                          "#x",
                          "//evil.test",
                          "///evil.test",
                          "/\\evil.test",
                          "\\\\evil.test",
                          "/\t/evil.test",
                          "/\n/evil.test",
                          "/ /evil.test",
                          "/x y",
                          "/x\"y",
                          "/<x>",
                          "https://evil.test",
                          "https://app.test.evil.test/",
                          "https://evilapp.test/",
                          "https://app.test@evil.test/",
                          "https://evil.test@app.test/",
                          "http://app.test/",
                          "https://app.test:444/",
                          "https:/app.test",
                          "https:app.test",
                          "https://app.test?x",
                          "javascript:alert(1)",
                          "data:text/html,x",
                          "https://app.test//evil.test",
                          "https://app.test\\@evil.test/",
                          "https://app.test\\x?y",
                          "/a%5C..%5Cb",
                          "/%25255cevil.test",
                          "/a%255c..%255cb",
                          "/%2fevil.test",
                          "/%2F%2Fevil.test",
                          "/%5cevil.test",
                          "/%255cevil.test",
                          "/%252fevil.test",
                          "/%09/evil.test",
                          "/%20/evil.test",
                          "/./x",
                          "/../x",
                          "/a/../x",
                          "/%2e%2e/x",
                          "/%252e%252e/x",
                          "/..;/x",
                          "/a/..;v=1/x",
                          "/x%0d%0aLocation:y",
                          "/%00",
                          "/%",
                          "/%zz",
                          "/x\x7f",
                          "/\xc3\xa9"}) {
    CAPTURE(bad);
    CHECK_FALSE(vet(bad));
  }
}

TEST_CASE("our own endpoints are no places to come back to") {
  for (const char* bad :
       {"/_auth", "/_auth/", "/_auth/sign-out", "/_auth?x", "/_auth#x", "/%5fauth/sign-in", "/%255fauth/sign-in",
        "/_AUTH/sign-in", "/_auth//sign-out", "/_auth%5Csign-out", "https://app.test/_auth/callback?code=1"}) {
    CAPTURE(bad);
    CHECK_FALSE(vet(bad));
  }
}

TEST_CASE("no line of the open-redirect corpus leaves the origin, as it is or encoded once more") {  // threat O10
  const char* shared = std::getenv("LOGTO_PROXY_SHARED");
  const std::string folder = shared != nullptr ? shared : std::string(LP_SOURCE_DIR) + "/../shared";
  std::ifstream file(folder + "/corpora/open-redirects.txt");
  if (!file) {
    std::cerr << "\n*** SKIP: open-redirects.txt is not at " << folder << "/corpora ***\n";
    return;
  }
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    CAPTURE(line);
    for (const Origin& own :
         {kOwn, Origin{"https", "www.whitelisteddomain.tld", 443}, Origin{"http", "app.test", 80}}) {
      for (const std::string& candidate :
           {line, percent_encode(line), "/" + line, percent_decode(line).value_or(line)}) {
        const auto vetted = vet_return_to(candidate, own, Settings{});
        if (vetted) CHECK(stays_on_origin(*vetted));
      }
    }
  }
  CHECK(lines > 200);
}

TEST_CASE("with one sign-in origin other external URLs are places too, in our spelling, and nothing else is") {
  lp::Settings settings;
  settings.external_urls = {
      {"https", "wiki.app.test", 443}, {"https", "*.team.app.test", 443}, {"https", "app.test", 8443}};
  const Origin own{"https", "auth.app.test", 443};
  const struct {
    const char* says;
    const char* candidate;
    const char* vetted;  // null: refused
  } cases[] = {
      {"below this origin", "/a?b", "/a?b"},
      {"this origin, absolute", "https://auth.app.test/a", "/a"},
      {"another external URL", "https://wiki.app.test/a?b#c", "https://wiki.app.test/a?b#c"},
      {"in another spelling", "HTTPS://WIKI.app.test:443/a", "https://wiki.app.test/a"},
      {"without a path", "https://wiki.app.test", "https://wiki.app.test/"},
      {"its port", "https://app.test:8443/a", "https://app.test:8443/a"},
      {"a host of a wildcard", "https://x.team.app.test/a", "https://x.team.app.test/a"},
      {"two labels of a wildcard", "https://x.y.team.app.test/a", nullptr},
      {"the wildcard's own domain", "https://team.app.test/a", nullptr},
      {"the wildcard itself", "https://*.team.app.test/a", nullptr},
      {"another port", "https://wiki.app.test:8443/a", nullptr},
      {"another scheme", "http://wiki.app.test/a", nullptr},
      {"no external URL", "https://evil.test/a", nullptr},
      {"ends alike", "https://evilwiki.app.test/a", nullptr},
      {"user info", "https://wiki.app.test@evil.test/", nullptr},
      {"user info before ours", "https://evil.test@wiki.app.test/", nullptr},
      {"a backslash", "https://wiki.app.test\\@evil.test/", nullptr},
      {"no scheme", "//wiki.app.test/a", nullptr},
      {"two slashes in the path", "https://wiki.app.test//evil.test", nullptr},
      {"an own endpoint there", "https://wiki.app.test/_auth/sign-out", nullptr},
      {"dot segments there", "https://wiki.app.test/a/../_auth/sign-out", nullptr},
      {"a query right behind the host", "https://wiki.app.test?x", nullptr},
      {"a control byte", "https://wiki.app.test/\t", nullptr},
  };
  for (const auto& c : cases) {
    INFO(c.says);
    settings.sign_in_url = own;
    const auto vetted = vet_return_to_own(c.candidate, own, settings);
    CHECK(vetted == (c.vetted == nullptr ? std::nullopt : std::optional<std::string>(c.vetted)));
    settings.sign_in_url.reset();  // every origin signs in itself: no other one is a place
    CHECK(vet_return_to_own(c.candidate, own, settings) == vet_return_to(c.candidate, own, settings));
    const bool is_of_sign_in = c.vetted != nullptr && std::string_view(c.vetted).starts_with(own.text());
    if (!is_of_sign_in) CHECK(vet_return_to_external(c.candidate, own, settings) == vetted);
  }
  settings.sign_in_url = own;
  CHECK(vet_sealed_return_to("https://wiki.app.test/_auth/resume", own, settings) ==
        std::optional<std::string>("https://wiki.app.test/_auth/resume"));
  CHECK_FALSE(vet_sealed_return_to("https://evil.test/_auth/resume", own, settings));
  CHECK_FALSE(vet_return_to_own("https://wiki.app.test/_auth/resume", own, settings));
}

TEST_CASE("no return address is an endpoint of ours, under whichever prefix") {
  const Origin own{"https", "app.test", 443};
  Settings settings;
  for (const char* target : {"/oauth2/sign_out", "/oauth2", "/OAuth2/sign_out", "/oauth2/sign_out?rd=/", "/%6fauth2/x",
                             "/oauth2%2Fsign_out", "https://app.test/oauth2/sign_out"}) {
    CAPTURE(target);
    settings.forward_auth.oauth2_proxy = "/oauth2";
    CHECK_FALSE(vet_return_to(target, own, settings));
    CHECK_FALSE(vet_return_to_own(target, own, settings));
    CHECK_FALSE(vet_sealed_return_to(target, own, settings));
    settings.forward_auth.oauth2_proxy.clear();  // then it is the app's
    CHECK(vet_return_to(target, own, settings));
  }
  settings.forward_auth.oauth2_proxy = "/sso";
  CHECK_FALSE(vet_return_to("/sso/sign_out", own, settings));
  CHECK(vet_return_to("/oauth2/sign_out", own, settings));
  CHECK(callback_url(settings, own) == "https://app.test/sso/callback");
  settings.auth_prefix = "/login";
  CHECK_FALSE(vet_return_to("/Login/sign-out", own, settings));
  CHECK(vet_return_to("/_auth/sign-out", own, settings));
}

TEST_CASE("only what we sealed ourselves may lead to an own endpoint, and only to two") {
  const Origin own{"https", "app.test", 443};
  for (const char* target : {"/_auth/resume", "/_auth/"}) {
    CHECK_FALSE(vet_return_to(target, own, Settings{}));
    CHECK(vet_sealed_return_to(target, own, Settings{}) == std::optional<std::string>(target));
  }
  for (const char* target : {"/_auth/resume?discard=1", "/_auth/resume#x", "/_AUTH/resume", "/_auth", "/_auth/sign-out",
                             "https://app.test/_auth/resume", "//evil.test"}) {
    CHECK_FALSE(vet_sealed_return_to(target, own, Settings{}));
  }
  CHECK(vet_sealed_return_to("/x?y", own, Settings{}) == std::optional<std::string>("/x?y"));
}

TEST_CASE("a route that leads on to an endpoint of ours is none of them, however it does") {
  using Action = RouteReplySettings::Action;
  const auto route = [](PathPattern path, Action action, std::string redirect) {
    RouteSettings made;
    made.path = std::move(path);
    made.access = Access::public_;
    made.reply.action = action;
    made.reply.redirect_to = std::move(redirect);
    return made;
  };
  const auto exact = [](const char* text) { return PathPattern{PathPattern::Kind::exact, text}; };
  const auto below = [](const char* text) { return PathPattern{PathPattern::Kind::prefix, text}; };
  const auto regex = [](const char* text) { return PathPattern{PathPattern::Kind::regex, text}; };
  Settings settings;
  settings.external_urls = {kOwn, {"https", "b.test", 443}};
  settings.forward_auth.oauth2_proxy = "/oauth2";
  settings.routes = {route(exact("/so"), Action::sign_out, ""),
                     route(exact("/in"), Action::sign_in, ""),
                     route(exact("/me"), Action::account, ""),
                     route(exact("/rd"), Action::none, "/_auth/sign-out"),
                     route(exact("/twice"), Action::none, "/rd?x=1"),
                     route(exact("/old"), Action::none, "https://b.test/oauth2/sign_out?rd=/"),
                     route(exact("/away"), Action::none, "https://elsewhere.test/_auth/sign-out"),
                     route(below("/go"), Action::none, "/\\1"),
                     route(below("/new"), Action::none, "/page/\\1"),
                     route(exact("/caf%C3%A9"), Action::sign_out, ""),
                     route(regex("/r/(.*)"), Action::none, "https://app.test/\\1#x"),
                     route(exact("/circle"), Action::none, "/circle"),
                     route(below(""), Action::none, "")};
  settings.routes.push_back(route(exact("/behind"), Action::sign_out, ""));
  for (const char* bad : {"/so",
                          "/so?x",
                          "/s%6F",
                          "//so",
                          "/x/%2e%2e/so",
                          "/so#x",
                          "https://app.test/so",
                          "/in",
                          "/rd",
                          "/twice",
                          "/old",
                          "/go/so",
                          "/go/_auth/sign-out",
                          "/go/%5Fauth/sign-out",
                          "/go/go/rd",
                          "/caf%C3%A9",
                          "/caf%c3%a9",
                          "/r/so",
                          "/r/oauth2/sign_out",
                          "/circle"}) {
    CAPTURE(bad);
    CHECK_FALSE(vet_return_to(bad, kOwn, settings));
    CHECK_FALSE(vet_return_to_external(bad, kOwn, settings));
    CHECK_FALSE(vet_sealed_return_to(bad, kOwn, settings));
  }
  for (const char* good :
       {"/sow", "/so/x", "/me", "/away", "/go/x", "/new/so", "/r/x", "/page?to=/so", "/SO", "/behind"}) {
    CAPTURE(good);
    CHECK(vet_return_to(good, kOwn, settings) == good);
  }
  settings.routes[0].host = "b.test";
  CHECK(vet_return_to("/so", kOwn, settings) == "/so");
  CHECK_FALSE(vet_return_to_external("https://b.test/so", kOwn, settings));
  settings.routes[0] = route(exact("/so"), Action::none, "");  // decides before the next one
  settings.routes.insert(settings.routes.begin() + 1, route(exact("/so"), Action::sign_out, ""));
  CHECK(vet_return_to("/so", kOwn, settings) == "/so");
  settings.routes[0].methods = {"POST"};
  CHECK_FALSE(vet_return_to("/so", kOwn, settings));
}
