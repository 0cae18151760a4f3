#include "auth/identity/client_headers.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "auth/cookies/cookie_names.h"
#include "base/encoding.h"
#include "config/identity_presets.h"

namespace {

lp::Settings settings_with_header(const char* header) {
  lp::Settings settings;
  settings.identity_headers = {{header, "sub", lp::HeaderEncoding::percent}};
  return settings;
}

std::string foreign(const lp::ClientHeaderRules& rules, std::string_view value) {
  std::string out;
  rules.append_foreign_cookies(value, "app.test", out);
  return out;
}

}  // namespace

TEST_CASE("a client cannot pose as somebody, in any spelling, whatever the configured names") {
  const lp::Settings settings = settings_with_header("My-Own.User");
  const lp::ClientHeaderRules rules(settings);
  for (const std::string name : {"My-Own-User",
                                 "my_own_user",
                                 "MY.OWN-USER",
                                 "X-Forwarded-User",
                                 "x-forwarded-user",
                                 "X_FORWARDED_USER",
                                 "X.Forwarded.User",
                                 "X-Forwarded_User",
                                 "X~Forwarded|User",
                                 "X-Forwarded-Anything",
                                 "X-Forwarded-For",
                                 "Forwarded",
                                 "X-Auth-Request-Email",
                                 "Remote-User",
                                 "REMOTE_USER",
                                 "Remote-Groups",
                                 "X-Remote-User",
                                 "OIDC_CLAIM_sub",
                                 "OIDC-CLAIM-email",
                                 "X-authentik-username",
                                 "X-Pomerium-Claim-Email",
                                 "X-Vouch-User",
                                 "Cf-Access-Jwt-Assertion",
                                 "X-Goog-IAP-JWT-Assertion",
                                 "X-Amzn-Oidc-Data",
                                 "Logto-ID-Token",
                                 "X-Logto-Proxy-Sub",
                                 "X-WEBAUTH-USER",
                                 "X-User",
                                 "X-Real-IP",
                                 "True-Client-IP",
                                 "X-Original-URL",
                                 "X-Rewrite-URL",
                                 "X-Envoy-Original-Path",
                                 "Proxy",
                                 "X-Accel-Redirect",
                                 "X-Sendfile",
                                 "X-Request-Id",
                                 "Content_Length",
                                 "Transfer_Encoding",
                                 "Content.Length",
                                 "SSL_CLIENT_S_DN",
                                 "SM_USER",
                                 "SM-UNIVERSALID",
                                 "iv-user",
                                 "Iv_Groups",
                                 "Shib-Identity-Provider",
                                 "X-JWT-Assertion",
                                 "X-Custom-IP-Authorization",
                                 "X-Forwarded-Client-Cert"}) {
    CAPTURE(name);
    CHECK(rules.strips_request_field(name));
  }
}

TEST_CASE("what browsers and API clients send otherwise passes") {
  const lp::ClientHeaderRules rules{lp::Settings{}};
  for (const std::string name : {"Accept",
                                 "Accept-Language",
                                 "User-Agent",
                                 "Authorization",
                                 "Cookie",
                                 "Content-Type",
                                 "Content-Length",
                                 "Host",
                                 "Transfer-Encoding",
                                 "Connection",
                                 "Origin",
                                 "Referer",
                                 "Range",
                                 "If-None-Match",
                                 "X-Requested-With",
                                 "X-CSRF-Token",
                                 "X-XSRF-TOKEN",
                                 "X-Auth-Token",
                                 "X-API-Key",
                                 "Sec-WebSocket-Key",
                                 "Sec-Fetch-Mode",
                                 "DNT",
                                 "Depth",
                                 "Destination",
                                 "X-Frame",
                                 "Upgrade-Insecure-Requests",
                                 "Last-Event-ID",
                                 "X",
                                 "-",
                                 "Git-Protocol",
                                 "OCS-APIRequest",
                                 "Via",
                                 "X-User-Agent",
                                 "X-HTTP-Method",
                                 "X-HTTP-Method-Override",
                                 "X-Forwarde"}) {
    CAPTURE(name);
    CHECK_FALSE(rules.strips_request_field(name));
  }
  for (const char* name : {"SCRIPT_NAME", "script-name", "X-Script-Name", "x_script_name", "PATH_INFO", "X-Vhm-Root",
                           "X-Invoke-Path", "x-middleware-subrequest", "$WSRU", "MS-ASPNETCORE-WINAUTHTOKEN",
                           "OAM_REMOTE_USER", "MELLON_uid", "X-Sendfile-Type"}) {
    CAPTURE(std::string(name));
    CHECK(rules.strips_request_field(name));
  }
  CHECK_FALSE(rules.strips_request_field(""));
  CHECK_FALSE(rules.strips_request_field("Content-Length0" + std::string(260, 'a')));
  CHECK_FALSE(rules.strips_request_field("X" + std::string(5000, '-')));
  CHECK(rules.strips_request_field("X-Forwarded-" + std::string(5000, 'a')));
}

TEST_CASE("the names of every preset, and of every route, are nobody's but ours on all routes") {
  lp::Settings settings;
  settings.routes.resize(2);
  settings.routes[1].identity_headers = {{"X_Tenant.Key", "sub", lp::HeaderEncoding::percent}};
  const lp::ClientHeaderRules rules(settings);
  for (const lp::NamedPreset& named : lp::identity_presets()) {
    for (const lp::IdentityHeaderSettings& header : lp::preset_headers(named.preset)) {
      CAPTURE(header.header);
      std::string with_dots = header.header;
      std::replace(with_dots.begin(), with_dots.end(), '-', '.');
      CHECK(rules.strips_request_field(header.header));
      CHECK(rules.strips_request_field(lp::folded_header(header.header)));
      CHECK(rules.strips_request_field(with_dots));
    }
  }
  for (const char* name : {"x-tenant-key", "X_TENANT_KEY", "X.Tenant-Key", "X-Logto-Proxy-Assertion"}) {
    CAPTURE(name);
    CHECK(rules.strips_request_field(name));
    CHECK(rules.strips_response_field(name));
  }
}

TEST_CASE("a configured name longer than any preset's is found") {
  const std::string name = "X-Company-" + std::string(200, 'u');
  const lp::Settings settings = settings_with_header(name.c_str());
  const lp::ClientHeaderRules rules(settings);
  CHECK(rules.strips_request_field(lp::ascii_lower(name)));
  CHECK_FALSE(rules.strips_request_field(name + "u"));
}

// Methods are judged by proxy/route/resolve.
TEST_CASE("every line of the spoof corpus but the User-Agent and a method is stripped") {
  const lp::ClientHeaderRules rules{lp::Settings{}};
  std::ifstream file(LP_SOURCE_DIR "/tests/corpora/header-spoof.txt");
  std::string line;
  int lines = 0;
  while (std::getline(file, line)) {
    ++lines;
    const std::string name(lp::trim_ows(line.substr(0, line.find(':'))));
    CAPTURE(line);
    CHECK(rules.strips_request_field(name) == (name != "User-Agent" && name != "X-HTTP-Method-Override"));
  }
  CHECK(lines > 40);
}

TEST_CASE("an app cannot speak for us in its answers") {
  const lp::Settings settings = settings_with_header("X-Company-User");
  const lp::ClientHeaderRules rules(settings);
  for (const std::string name :
       {"X-Accel-Redirect", "x-accel-expires", "X-Sendfile", "X-Company-User", "X-Forwarded-User"}) {
    CAPTURE(name);
    CHECK(rules.strips_response_field(name));
  }
  for (const std::string name : {"Set-Cookie", "Content-Type", "X-Accel-Buffering", "Location", "X-Frame-Options",
                                 "X-Request-Id", "Server", "ETag"}) {
    CAPTURE(name);
    CHECK_FALSE(rules.strips_response_field(name));
  }
}

TEST_CASE("our cookies are told by their exact names") {
  const lp::ClientHeaderRules rules{lp::Settings{}};
  for (const std::string name : {"__Host-logto_session", "__Host-logto_session_1", "logto_session", "logto_session_12",
                                 "__Host-logto_pending_0123456789abcdef", "logto_pending_x"}) {
    CAPTURE(name);
    CHECK(rules.is_own_cookie(name));
  }
  for (const std::string name : {"", "session", "logto_sessions", "logto_session_", "logto_session_1a", "LOGTO_SESSION",
                                 "__host-logto_session", "_[Host-logto_session", "__%48ost-logto_session",
                                 "xlogto_session", "logto_session.1", "logto-session", "..Host-logto_session"}) {
    CAPTURE(name);
    CHECK_FALSE(rules.is_own_cookie(name));
  }
}

TEST_CASE("cookie names follow the scheme, the domain and the configuration") {
  lp::Settings settings;
  CHECK(lp::cookie_names(settings, true).session == "__Host-logto_session");
  CHECK(lp::cookie_names(settings, true).pending_prefix == "__Host-logto_pending_");
  CHECK(lp::cookie_names(settings, false).session == "logto_session");
  CHECK(lp::cookie_names(settings, false).pending_prefix == "logto_pending_");
  settings.session.cookie.domain = "example.com";
  CHECK(lp::cookie_names(settings, true).session == "__Secure-logto_session");
  settings.session.cookie.name = "mine";
  CHECK(lp::cookie_names(settings, true).session == "mine");
  const lp::ClientHeaderRules rules(settings);
  CHECK(rules.is_own_cookie("mine_2"));
}

TEST_CASE("partitioned cookies have other names, and what the browser holds of before goes to no app") {
  lp::Settings settings;
  settings.session.cookie.partitioned = true;
  const lp::CookieNames names = lp::cookie_names(settings, true);
  CHECK(names.session == "__Host-logto_framed_session");
  CHECK(names.pending_prefix == "__Host-logto_framed_pending_");
  CHECK(names.loop == "__Host-logto_framed_loop");
  CHECK(names.held == "__Host-logto_framed_held");
  settings.session.cookie.domain = "example.com";
  const lp::ClientHeaderRules rules(settings);
  for (const char* ours :
       {"__Secure-logto_framed_session", "__Secure-logto_framed_pending_x", "__Secure-logto_session_1",
        "__Host-logto_framed_session", "__Host-logto_session", "__Host-logto_pending_x"}) {
    INFO(ours);
    CHECK(rules.is_own_cookie(ours));
  }
  CHECK(lp::earlier_cookies({}).empty());
}

TEST_CASE("realms have cookies of their own, and no app gets those of any") {
  lp::Settings settings;
  settings.realms.resize(3);
  settings.realms[0].name = "default";
  settings.realms[1].name = "b";
  settings.realms[2].name = "b-1";
  settings.realms[2].cookie_domain = "b.test";
  settings.realm = "b";
  const lp::CookieNames names = lp::cookie_names(settings, true);
  CHECK(names.session == "__Host-logto_session-b");
  CHECK(names.pending_prefix == "__Host-logto_pending-b_");
  CHECK(names.loop == "__Host-logto_loop-b");
  CHECK(names.held == "__Host-logto_held-b");
  CHECK_FALSE(lp::is_piece_of("__Host-logto_session-b-1", names.session));
  const lp::ClientHeaderRules rules(settings);
  for (const char* ours :
       {"__Host-logto_session", "__Host-logto_session-b", "__Host-logto_session-b_1", "__Secure-logto_session-b-1_2",
        "logto_session-b", "__Host-logto_session-b-1", "__Secure-logto_pending-b-1_0123456789abcdef",
        "__Secure-logto_held-b-1", "__Host-logto_loop-b"}) {
    INFO(ours);
    CHECK(rules.is_own_cookie(ours));
    CHECK_FALSE(rules.app_may_set(std::string(ours) + "=x", "app.test"));
  }
  CHECK_FALSE(rules.is_own_cookie("__Host-logto_session-c"));
}

TEST_CASE("apps get the client's cookies without ours") {
  const lp::ClientHeaderRules rules{lp::Settings{}};
  const struct {
    std::string says;
    const char* value;
    const char* rest;
  } cases[] = {
      {"nothing of ours", "a=1; b=2", "a=1; b=2"},
      {"ours in front", "logto_session=x; a=1", "a=1"},
      {"ours in the middle", "a=1; __Host-logto_session=x; b=2", "a=1; b=2"},
      {"ours at the end", "a=1; logto_session_1=x", "a=1"},
      {"only ours", "logto_session=x; __Host-logto_pending_1=y", ""},
      {"ours twice", "logto_session=x; a=1; logto_session=y", "a=1"},
      {"no space between", "a=1;logto_session=x;b=2", "a=1;b=2"},
      {"a semicolon in quotes", "a=\"x;y\"; b=2", "a=\"x;y\"; b=2"},
      {"several separators", "a=1;; b=2;;", "a=1;; b=2;;"},
      {"blanks of all kinds", "a=1 ;\t b=2;  c=3", "a=1 ;\t b=2;  c=3"},
      {"a separator at the end", "a=1; logto_session=x; b=2;", "a=1; b=2;"},
      {"a separator in front", ";a=1; logto_session=x", ";a=1"},
      {"ours and separators", "logto_session=x;; ;", ""},
      {"ours in quotes of another", "a=\"1; logto_session=x; 2\"", "a=\"1; 2\""},
      {"spaces around the name", "a=1; logto_session =x", "a=1"},
      {"ours without a value", "logto_session; a=1", "a=1"},
      {"empty", "", ""},
      {"only separators", ";;;", ""},
      {"only an equals sign", "=", "="},
      {"nameless", "=a; b", "=a; b"},
      {"values with equals signs and quotes", "a=\"x=y\"; b==", "a=\"x=y\"; b=="},
      {"non-UTF-8 bytes", "a=\xff\xfe", "a=\xff\xfe"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    CHECK(foreign(rules, c.value) == c.rest);
  }
}

TEST_CASE("an app cannot set, shadow or delete our cookies") {
  const lp::ClientHeaderRules rules{lp::Settings{}};
  for (const std::string value :
       {"logto_session=evil", "__Host-logto_session=evil; Secure; Path=/", "logto_session=; Max-Age=0",
        " logto_session =x", "=logto_session=evil", "= logto_session=evil", "logto_session", "=logto_session",
        "logto_session_1=x; Domain=a.test", "__Host-logto_pending_abc=x", "logto_session;a=b"}) {
    CAPTURE(value);
    CHECK_FALSE(rules.app_may_set(value, "app.test"));
  }
  for (const std::string value : {"app=1", "", "=", "session=1; Path=/", "a=logto_session=x", "LOGTO_SESSION=x"}) {
    CAPTURE(value);
    CHECK(rules.app_may_set(value, "app.test"));
  }
}

TEST_CASE("Logto's own cookies reach no app on Logto's host, and an app's on another host are its own") {
  lp::Settings settings;
  settings.logto.endpoint = *lp::parse_origin("https://id.test:3001");
  settings.external_urls = {*lp::parse_origin("https://app.test"), *lp::parse_origin("https://id.test")};
  const lp::ClientHeaderRules rules(settings);
  const std::string theirs =
      "_session=1; _session.sig=2; _session.legacy=3; _session.legacy.sig=4; _interaction=5; "
      "_interaction_resume.sig=6; _logto=7";
  std::string out;
  rules.append_foreign_cookies(theirs + "; _session2=8; my_session=9; _SESSION=10; _session.sigx=11", "id.test", out);
  CHECK(out == "_session2=8; my_session=9; _SESSION=10; _session.sigx=11");
  CHECK(foreign(rules, theirs) == theirs);
  settings.external_urls.pop_back();
  out.clear();
  lp::ClientHeaderRules(settings).append_foreign_cookies(theirs, "id.test", out);
  CHECK(out == theirs);
}

TEST_CASE("an app on Logto's host sets none of Logto's cookies, and on another host what it likes") {
  lp::Settings settings;
  settings.logto.endpoint = *lp::parse_origin("https://id.test:3001");
  settings.external_urls = {*lp::parse_origin("https://app.test"), *lp::parse_origin("https://id.test")};
  const lp::ClientHeaderRules rules(settings);
  for (const std::string value :
       {"_session=x", "_session.sig=x; Path=/", "_session.legacy=; Max-Age=0", "_session.legacy.sig=x",
        "_interaction=x", "_interaction.sig=x", "_interaction_resume=x", "_logto=x", "=_session=x", "= _interaction=x",
        "_session", " _session =x; Domain=test"}) {
    CAPTURE(value);
    CHECK_FALSE(rules.app_may_set(value, "id.test"));
    CHECK(rules.app_may_set(value, "app.test"));
  }
  for (const std::string value : {"_session2=x", "my_session=x", "_SESSION=x", "app=_session=x"}) {
    CAPTURE(value);
    CHECK(rules.app_may_set(value, "id.test"));
  }
}

TEST_CASE("a name that says nothing of who it is does so once it is ours") {
  const lp::Settings settings = settings_with_header("X_User.Agent");
  CHECK(lp::ClientHeaderRules(settings).strips_request_field("X-User-Agent"));
  lp::Settings named;
  named.client_ip_header = "X-Edge-Client";
  CHECK(lp::ClientHeaderRules(named).strips_request_field("x_edge_client"));
}
