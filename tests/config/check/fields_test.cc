#include "config/check/fields.h"

#include <doctest/doctest.h>

#include "config/client_fields.h"
#include "tests/support/config.h"

using namespace lp;
using namespace lp::test;

namespace {

// What is said of the configuration with this at its end, and of its one route.
std::string at_top(const std::string& more) { return problems_of(good_config({{"z", more + "\n"}})); }
std::string on_route(const std::string& more, const std::string& top = "") {
  return problems_of(
      good_config({{"routes", "routes:\n  - { path: /*, upstream: wiki, " + more + " }\n"}, {"z", top}}));
}
bool says(const std::string& problems, const std::string& words) { return problems.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("fields that belong to the connection, to us or to a rule are nobody's to set") {
  for (const char* name : {"Connection",
                           "transfer-encoding",
                           "Content_Length",
                           "Upgrade",
                           "Host",
                           "Cookie",
                           "Authorization",
                           "X-Real-IP",
                           "X-Forwarded-For",
                           "X-Forwarded-User",
                           "Forwarded",
                           "X-Request-Id",
                           "X-Original-URL",
                           "X-HTTP-Method",
                           "x_http_method_override",
                           "X-Logto-Proxy-Assertion",
                           "X-Accel-Redirect",
                           "Sec-WebSocket-Key",
                           "Content-Type",
                           "X-Logto-Proxy-Check-Secret",
                           "X-Foo-"}) {
    CAPTURE(name);
    CHECK(says(on_route("request_headers: { set: { " + std::string(name) + ": x } }"), "request_headers.set"));
    CHECK(says(at_top("request_headers: { add: { " + std::string(name) + ": x } }"), "request_headers.add"));
  }
  for (const char* name : {"Connection", "Content-Length", "Set-Cookie", "X-Accel-Redirect", "X-Forwarded-User",
                           "Sec-WebSocket-Accept", "Transfer_Encoding"}) {
    CAPTURE(name);
    CHECK(says(on_route("response_headers: { set: { " + std::string(name) + ": x } }"), "response_headers.set"));
  }
  for (const char* name : {"Host", "X-Forwarded-*", "X-*", "Content-*", "Te", "X-Request-Id"}) {
    CAPTURE(name);
    CHECK(says(on_route("request_headers: { remove: [\"" + std::string(name) + "\"] }"), "request_headers.remove"));
  }
  CHECK(says(on_route("headers: { X-Tenant: a }, request_headers: { remove: [x_tenant] }"), "judges this field"));
  CHECK(says(on_route("headers: { X-Tenant: a }", "request_headers: { remove: [X-Tenant] }\n"), "judges this field"));
  CHECK(says(on_route("request_headers: { set: { X-A: 1, x_a: 2 } }"), "the same name"));
}

TEST_CASE("what is for one connection, or frames a message, no key names") {
  for (const std::string_view field : client_fields_of(ClientFieldFamily::hop)) {
    const std::string name(field);
    CAPTURE(name);
    CHECK(says(on_route("request_headers: { set: { " + name + ": x } }"), "request_headers.set"));
    CHECK(says(on_route("response_headers: { set: { " + name + ": x } }"), "response_headers.set"));
    CHECK(says(on_route("identity_headers: { " + name + ": sub }"), "cannot carry an identity"));
    CHECK(says(at_top("client_ip_header: " + name + "\ntrusted_proxies: [10.0.0.1]"), "means something else"));
  }
}

TEST_CASE("what is the operator's to set is set") {
  CHECK(on_route("request_headers: { set: { X-Env: prod, User-Agent: us, X-User-Id: fixed }, add: { Via: x }, remove: "
                 "[Authorization, Cookie, Origin, Accept-Encoding, X-Debug-*] }") == "");
  CHECK(on_route("response_headers: { preset: security, set: { Cache-Control: no-store, Content-Security-Policy: "
                 "\"default-src 'self'\" }, add: { Link: <a> }, remove: [Server, Set-Cookie, X-Powered-By] }") == "");
  CHECK(on_route("response_headers: { preset: none }, forwarded_header: true, rewrite_location: off",
                 "response_headers: { preset: security }\n") == "");
}

TEST_CASE("only what no app is told passes from clients") {
  CHECK(on_route("pass_headers: [X-User-Id, X-AUTH-USER, x_user_email, Remote-User]") == "");
  for (const char* name : {"X-Forwarded-User", "X-Forwarded-For", "X_Real_IP", "Forwarded", "X-Original-URL",
                           "X-HTTP-Method-Override", "Connection", "Content_Length", "X-Accel-Redirect",
                           "X-Logto-Proxy-Assertion", "X-Request-Id", "Proxy", "Host", "X-Logto-Proxy-Check-Secret"}) {
    CAPTURE(name);
    CHECK(says(on_route("pass_headers: [" + std::string(name) + "]"), "pass_headers"));
  }
  CHECK(says(on_route("identity_headers: { X-User-Id: sub }, pass_headers: [x_user_id]"), "told who somebody is"));
  CHECK(says(on_route("pass_headers: [Remote.User]", "identity_preset: authelia\n"), "identity_preset"));
  CHECK(says(on_route("pass_headers: [X-User-Id]", "identity_headers: { X-User-Id: sub }\n"), "told who somebody is"));
  const auto two = [](const std::string& first, const std::string& second) {
    return problems_of(good_config({{"routes", "routes:\n  - { path: /a/*, upstream: wiki, " + first +
                                                   " }\n  - { path: /*, upstream: wiki, " + second + " }\n"}}));
  };
  CHECK(says(two("identity_headers: { X-User-Id: sub }", "pass_headers: [X-User-Id]"), "by route #1"));
  CHECK(says(two("identity_preset: authelia", "pass_headers: [Remote-User]"), "identity_preset"));
  CHECK(says(two("headers: { X-User-Id: admin }, access: deny", "pass_headers: [X-User-Id]"), "never holds"));
  CHECK(two("headers: { X-User-Id: admin }, pass_headers: [X-User-Id]", "pass_headers: [X-User-Id]") == "");
}

TEST_CASE("a replacement is whole and makes paths only") {
  CHECK(on_route("replace_path: { from: '^/a/(.*)', to: '/b/\\1' }") == "");
  CHECK(says(on_route("replace_path: { from: '^/a/(.*)' }"), "expected to beside from"));
  CHECK(says(on_route("replace_path: { to: /b }"), "expected from"));
  CHECK(says(on_route("replace_path: { from: '(', to: /b }"), "RE2"));
  CHECK(says(on_route("replace_path: { from: '^/a', to: '/b\\1' }"), "replace_path.to"));
  CHECK(says(on_route("replace_path: { from: '^/a', to: '/b?c=1' }"), "part of a path"));
  CHECK(says(on_route("replace_path: { from: '^/a', to: /b }, add_prefix: /x"), "one or the other"));
}

TEST_CASE("fields that say who somebody is are not taken for those that say where a request comes from") {
  for (const char* key : {"request_headers: { set: { NAME: x } }", "pass_headers: [NAME]"}) {
    for (const auto& [name, words] :
         {std::pair("X-Forwarded-User", "this field says who somebody is"),
          std::pair("x_forwarded_email", "this field says who somebody is"),
          std::pair("X-Forwarded-Access-Token", "this field says who somebody is"),
          std::pair("X-Forwarded-For", "this field says where a request comes from"),
          std::pair("X-Forwarded-Userinfo", "this field says where a request comes from")}) {
      std::string written = key;
      written.replace(written.find("NAME"), 4, name);
      CAPTURE(written);
      const std::string told =
          problems_of(good_config({{"routes", "routes:\n  - { path: /x, upstream: wiki, " + written + " }\n"}}));
      CHECK(told.find(words) != std::string::npos);
    }
  }
}

TEST_CASE("a field that names the client needs somebody who is believed") {
  CHECK(says(at_top("client_ip_header: CF-Connecting-IP"), "trusted_proxies"));
  CHECK(at_top("client_ip_header: CF-Connecting-IP\ntrusted_proxies: [10.0.0.0/8]") == "");
  CHECK(says(at_top("client_ip_header: X_Forwarded-For\ntrusted_proxies: [10.0.0.0/8]"), "by default"));
  CHECK(says(at_top("client_ip_header: Host\ntrusted_proxies: [10.0.0.0/8]"), "something else"));
}
