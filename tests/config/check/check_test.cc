#include <doctest/doctest.h>

#include "config/check/check.h"
#include "config/file/load.h"
#include "tests/support/config.h"
#include "tests/support/config_cases.h"

using namespace lp;
using namespace lp::test;

namespace {

std::string logto(const std::string& more) {
  return "logto: { endpoint: https://t.logto.app, app_id: app, app_secret: s3cret, " + more + " }\n";
}

}  // namespace

TEST_CASE("values out of range say the range") {
  check_all({
      {"a size",
       {{"z", "limits: { request_head: 1MB }\n"}},
       "f:6:25: limits.request_head: expected a size such as 512, 64KiB, 10MiB or 1GiB, found '1MB': bytes, or a whole "
       "number of KiB, MiB or GiB"},
      {"a size too large",
       {{"z", "limits: { request_head: 1GiB }\n"}},
       "f:6:25: limits.request_head: expected a size from 1KiB to 16MiB, found '1GiB'"},
      {"a size that cannot be none",
       {{"z", "limits: { target: none }\n"}},
       "f:6:19: limits.target: expected a size from 256 to 1MiB, found 'none'"},
      {"a count",
       {{"z", "limits: { header_count: 3 }\n"}},
       "f:6:25: limits.header_count: expected a whole number from 10 to 10000, found '3'"},
      {"a duration",
       {{"z", "timeouts: { body_idle: 60 }\n"}},
       "f:6:24: timeouts.body_idle: expected a duration such as 500ms, 30s, 15m, 12h or 14d, found '60': a number "
       "needs its unit, as in 60s or 60m"},
      {"a duration too long",
       {{"z", "timeouts: { body_idle: 2d }\n"}},
       "f:6:24: timeouts.body_idle: expected a duration from 100ms to 1d, found '2d'"},
      {"workers",
       {{"z", "workers: 0\n"}},
       "f:6:10: workers: expected auto or a whole number from 1 to 1024, found '0'"},
      {"a choice",
       {{"routes", routes("  - { path: /*, upstream: wiki, access: secret }\n")}},
       "f:6:41: routes[1].access: expected public, optional, signed_in or deny, found 'secret'"},
      {"a boolean",
       {{"logto", logto("trust_email: yes")}},
       "f:2:87: logto.trust_email: expected true or false, found 'yes': write true"},
      {"a target beyond the head",
       {{"z", "limits: { request_head: 4KiB, target: 8KiB }\n"}},
       "f:6:39: limits.target: expected limits.target to be at most limits.request_head, of which it is a part, found "
       "8KiB "
       "and 4KiB"},
      {"an idle time beyond the lifetime",
       {{"session", session("idle_timeout: 2d, max_lifetime: 1d")}},
       "f:3:80: session.idle_timeout: expected session.idle_timeout to be at most session.max_lifetime, found 2d and "
       "1d"},
      {"the time before the end of the tokens",
       {{"logto", logto("refresh_early: 2h")}},
       "f:2:89: logto.refresh_early: expected a duration from 0ms to 1h, found '2h'"},
      {"no call to Logto at all",
       {{"logto", logto("max_calls: 0")}},
       "f:2:85: logto.max_calls: expected a whole number from 1 to 1000, found '0'"},
      {"form posts without a limit",
       {{"z", "limits: { held_requests: none }\n"}},
       "f:6:26: limits.held_requests: expected a size from 0 to 16GiB, found 'none'"},
      {"too few revocations",
       {{"z", "revocations: { max: 10 }\n"}},
       "f:6:21: revocations.max: expected a whole number from 1000 to 100000000, found '10'"},
      {"a place to share revocations",
       {{"z", "revocations: { share: true }\n"}},
       "f:6:23: revocations.share: expected redis, found 'true'"},
      {"an unknown store",
       {{"session", session("store: memory")}},
       "f:3:73: session.store: expected cookie or redis, found 'memory'"},
      {"a grace of weeks",
       {{"z", "redis: { url: unix:/r, grace: 14d }\n"}},
       "f:6:31: redis.grace: expected a duration from 0ms to 1d, found '14d'"},
      {"a prefix with a space",
       {{"z", "redis: { url: unix:/r, prefix: a b }\n"}},
       "f:6:32: redis.prefix: expected visible ASCII characters, found 'a b'"},
      {"holding that is neither on nor off",
       {{"routes", routes("  - { path: /*, upstream: wiki, hold_requests: 1MiB }\n")}},
       "f:6:48: routes[1].hold_requests: expected true or false, found '1MiB'"},
  });
}

TEST_CASE("what needs Redis says so") {
  check_all({
      {"sessions there",
       {{"session", session("store: redis")}},
       "f:3:73: session.store: sessions in Redis need redis.url"},
      {"revocations there",
       {{"z", "revocations: { share: redis }\n"}},
       "f:6:23: revocations.share: sharing through Redis needs redis.url"},
      {"a password without a server",
       {{"z", "redis: { password: x }\n"}},
       "f:6:1: redis.url: required: expected redis://HOST:PORT/DB, found nothing"},
      {"no settings of a server that is not used", {{"z", "redis: { url: null, grace: 1m }\n"}}, ""},
      {"a mistake in its address is told once",
       {{"session", session("store: redis")}, {"z", "redis: { url: cache }\n"}},
       "f:6:15: redis.url: expected redis://HOST:PORT/DB, rediss://HOST:PORT/DB or unix:/PATH?db=N (what was found is "
       "not shown)"},
      {"two passwords",
       {{"z", "redis: { url: unix:/r, password: x, password_file: /nonexistent }\n"}},
       "f:6:52: redis.password_file: expected a file, found none at '/nonexistent'"},
      {"sessions and revocations with it",
       {{"session", session("store: redis")},
        {"y", "revocations: { share: redis }\n"},
        {"z", "redis: { url: unix:/run/redis.sock }\n"}},
       ""},
  });
}

TEST_CASE("where Logto reaches us is another Host than where browsers do") {
  check_all({
      {"an inner address", {{"logto", logto("backchannel_url: \"http://proxy:8080\"")}}, ""},
      {"an external URL",
       {{"logto", logto("backchannel_url: \"https://app.example.com\"")}},
       "f:2:91: logto.backchannel_url: has the Host of an external URL: Logto reaches that one without this key"},
      {"a path",
       {{"logto", logto("backchannel_url: \"http://proxy:8080/_auth/backchannel-logout\"")}},
       "f:2:91: logto.backchannel_url: expected an origin such as https://app.example.com, found "
       "'http://proxy:8080/_auth/backchannel-logout' (an origin has no path and no query): write http://proxy:8080"},
  });
}

TEST_CASE("addresses that cannot work are refused") {
  check_all({
      {"an external URL with a path",
       {{"external_urls", "external_urls: https://a/b\n"}},
       "f:1:16: external_urls: expected an origin such as https://app.example.com, found 'https://a/b' (an origin has "
       "no "
       "path and no query): write https://a"},
      {"no external URL",
       {{"external_urls", "external_urls: []\n"}},
       "f:1:16: external_urls: expected at least one element, found an empty list (leave the key out instead)"},
      {"two with the same Host",
       {{"external_urls", "external_urls: [http://a.example, https://a.example]\n"}},
       "f:1:1: external_urls: two origins with the same Host, 'a.example': a request could not tell them apart"},
      {"an endpoint with a path",
       {{"logto", "logto: { endpoint: https://t/oidc, app_id: a, app_secret: b }\n"}},
       "f:2:20: logto.endpoint: expected an origin such as https://app.example.com, found 'https://t/oidc' (an origin "
       "has "
       "no path and no query): write https://t"},
      {"a name to listen on",
       {{"z", "listen: localhost:80\n"}},
       "f:6:9: listen[1].address: expected an address such as 127.0.0.1:8080, 0.0.0.0:8080, \"[::]:8080\" or "
       "unix:/path, "
       "found "
       "'localhost:80': write 127.0.0.1:80"},
      {"admin on a public listener",
       {{"z", "listen: 0.0.0.0:9180\n"}},
       "f:6:9: listen[1]: the admin listener and a public one cannot share 127.0.0.1:9180"},
      {"a mode for a port",
       {{"z", "listen: [{ address: 127.0.0.1:80, mode: 0660 }]\n"}},
       "f:6:41: listen[1].mode: an IP address has no file: expected address: unix:/PATH"},
      {"a group for an abstract name",
       {{"z", "listen: [{ address: unix:@x, group: www-data }]\n"}},
       "f:6:37: listen[1].group: an abstract name has no file, and whoever is in its network namespace may connect: "
       "expected address: unix:/PATH"},
      {"a mode that is none",
       {{"z", "listen: [{ address: unix:/run/x, mode: 660x }]\n"}},
       "f:6:40: listen[1].mode: expected an octal mode such as \"0660\", found '660x'"},
      {"two equal listeners",
       {{"z", "listen: [127.0.0.1:80, 127.0.0.1:80]\n"}},
       "f:6:24: listen[2]: the same address as listen[1]"},
      {"no listener", {{"z", "listen: []\n"}}, "f:6:1: listen: expected at least one address"},
      {"a proxy that is a name",
       {{"z", "trusted_proxies: proxy\n"}},
       "f:6:18: trusted_proxies: expected an address or a range such as 10.0.0.0/8 or fd00::/8, found 'proxy': names "
       "are not taken, whose addresses may be others' tomorrow; write the network's range (docker network inspect "
       "shows "
       "it)"},
      {"an upstream with a path",
       {{"upstreams", "upstreams: { wiki: http://w/x }\n"}},
       "f:4:20: upstreams.wiki.url: expected an upstream without a path (the request's own path is sent; see "
       "strip_prefix), "
       "found 'http://w/x'"},
      {"an upstream without a URL",
       {{"upstreams", "upstreams: { wiki: { host: client } }\n"}},
       "f:4:14: upstreams.wiki: required: expected url, as in http://wiki:8080, found nothing"},
      {"an empty upstream",
       {{"upstreams", "upstreams: { wiki: }\n"}},
       "f:4:20: upstreams.wiki: expected a map of keys, found nothing: write 'KEY: VALUE' below it, in a line for "
       "each; known here: url, servers, http2, host, connect_timeout, response_timeout, idle_timeout, keep_alive, "
       "idle_time, "
       "max_connections, queue, queue_timeout, tls"},
      {"url and servers",
       {{"upstreams", "upstreams: { wiki: { url: http://a, servers: http://a } }\n"}},
       "f:4:46: upstreams.wiki.servers: expected one of url and servers, found both"},
      {"a socket without a name",
       {{"upstreams", "upstreams: { wiki: { url: unix:/x, host: upstream } }\n"}},
       "f:4:42: upstreams.wiki.host: a unix socket has no host name: write the name itself, or client"},
  });
}

TEST_CASE("secrets come from one place, and are never shown") {
  check_all({
      {"a short session secret",
       {{"session", "session: { secret: c2hvcnQ= }\n"}},
       "f:3:20: session.secret: expected base64 of 32 bytes or more (the value is not shown); `logto-proxy secret` "
       "prints one (this one has 5)"},
      {"an empty ring",
       {{"session", "session: { secret: [] }\n"}},
       "f:3:20: session.secret: expected at least one element, found an empty list (leave the key out instead)"},
      {"a secret twice",
       {{"session", "session: { secret: [" + kSecretA + ", " + kSecretA + "] }\n"}},
       "f:3:67: session.secret: the same secret stands in the ring twice"},
      {"the mask of --print-config",
       {{"session", "session: { secret: \"********\" }\n"}},
       "f:3:20: session.secret: this is the mask that --print-config shows, not a secret"},
      {"the mask as app_secret",
       {{"logto", "logto: { endpoint: https://t, app_id: a, app_secret: \"********\" }\n"}},
       "f:2:54: logto.app_secret: this is the mask that --print-config shows, not a secret"},
      {"an app_secret with a line end",
       {{"logto", "logto: { endpoint: https://t, app_id: a, app_secret: \"x\\n\" }\n"}},
       "f:2:54: logto.app_secret: expected visible ASCII characters without blanks (the value is not shown)"},
      {"three app_secrets",
       {{"logto", "logto: { endpoint: https://t, app_id: a, app_secret: [x, y, z] }\n"}},
       "f:2:61: logto.app_secret: expected at most two secrets, found more"},
      {"an app_secret twice",
       {{"logto", "logto: { endpoint: https://t, app_id: a, app_secret: [x, x] }\n"}},
       "f:2:58: logto.app_secret: the same secret stands in the list twice"},
      {"an empty list of app_secrets",
       {{"logto", "logto: { endpoint: https://t, app_id: a, app_secret: [] }\n"}},
       "f:2:54: logto.app_secret: expected at least one element, found an empty list (leave the key out instead)"},
      {"both twins",
       {{"logto", logto("app_secret_file: /nonexistent")}},
       "f:2:91: logto.app_secret_file: expected a file, found none at '/nonexistent'"},
      {"a webhook secret with a space",
       {{"logto", logto("webhook_secret: \"wh s3cret\"")}},
       "f:2:90: logto.webhook_secret: expected visible ASCII characters without blanks (the value is not shown)"},
      {"the mask as password of Redis",
       {{"z", "redis: { url: unix:/r, password: \"********\" }\n"}},
       "f:6:34: redis.password: this is the mask that --print-config shows, not a secret"},
      {"a password in the URL of Redis",
       {{"z", "redis: { url: \"redis://:hunter2@cache\" }\n"}},
       "f:6:15: redis.url: a password stands in the URL: write it under redis.password (or password_file)"},
      {"a file that is not there",
       {{"session", "session: { secret_file: /nonexistent }\n"}},
       "f:3:25: session.secret_file: expected a file, found none at '/nonexistent'"},
      {"a folder as CA file",
       {{"logto", logto("ca_file: /")}},
       "f:2:83: logto.ca_file: expected a file, found a folder at '/' (docker makes a folder where the file that is to "
       "be "
       "mounted is not there)"},
  });
}

TEST_CASE("routes that cannot do what they say are refused") {
  const auto one = [](const std::string& route) {
    return std::map<std::string, std::string>{{"routes", routes("  - { " + route + " }\n")}};
  };
  check_all({
      {"no path", one("upstream: wiki"), "f:6:5: routes[1].path: required: expected a path, found nothing"},
      {"no upstream", one("path: /*"),
       "f:6:5: routes[1]: required: expected upstream, found nothing (a route needs none that answers itself, by "
       "redirect, respond, static or action, or with access: deny; or with forward_auth.enabled)"},
      {"a reply that is wrong is the one mistake", one("path: /x, action: logout"),
       "f:6:25: routes[1].action: expected sign_in, sign_out or account, found 'logout'"},
      {"an unknown upstream", one("path: /*, upstream: wikki"),
       "f:6:27: routes[1].upstream: no upstream is called 'wikki', did you mean 'wiki'?"},
      {"a star inside", one("path: /*/x, upstream: wiki"),
       "f:6:13: routes[1].path: expected '*' only at the end, as in /public/*, found '/*/x': elsewhere write a regex, "
       "path: "
       "'~ /.*/x'"},
      {"a path with dots", one("path: /a/../b, upstream: wiki"),
       "f:6:13: routes[1].path: expected a path without '.' and '..' segments, found '/a/../b'"},
      {"a needless escape", one("path: /%61, upstream: wiki"),
       "f:6:13: routes[1].path: expected the character itself, 'a', where no escape is needed, found '%61'"},
      {"a raw letter", one("path: /café, upstream: wiki"),
       "f:6:13: routes[1].path: expected non-ASCII characters percent-encoded, as in %C3%A9, found '/café'"},
      {"a broken regex", one("path: \"~ /(\", upstream: wiki"),
       "f:6:13: routes[1].path: expected an RE2 pattern after '~': missing ): /("},
      {"an escaped slash", one("path: /a%2Fb, upstream: wiki"),
       "f:6:13: routes[1].path: never matches: a path with %2F needs encoded_slash: keep"},
      {"below auth_prefix", one("path: /_auth/me, upstream: wiki"),
       "f:6:13: routes[1].path: never matches: paths below auth_prefix (/_auth) belong to logto-proxy itself"},
      {"require on a public route", one("path: /*, upstream: wiki, access: public, require: { roles: [a] }"),
       "f:6:49: routes[1].require: require works with access: signed_in only, unless it has a rule on "
       "client_certificate"},
      {"an empty require", one("path: /*, upstream: wiki, require: {}"),
       "f:6:42: routes[1].require: expected a map of rules such as roles: [admin], found nothing: everybody would meet "
       "it"},
      {"an empty list of roles", one("path: /*, upstream: wiki, require: { roles: [] }"),
       "f:6:51: routes[1].require.roles: expected at least one element, found an empty list (leave the key out "
       "instead)"},
      {"roles of a missing variable", one("path: /*, upstream: wiki, require: { roles: \"${NOPE}\" }"),
       "f:6:51: routes[1].require.roles: the environment variable NOPE is not set"},
      {"a lower-case method", one("path: /*, upstream: wiki, methods: [get]"),
       "f:6:43: routes[1].methods: expected a method in upper case such as GET, found 'get': write GET"},
      {"a foreign host", one("path: /*, upstream: wiki, host: x.example.com"),
       "f:6:39: routes[1].host: none of external_urls has the host 'x.example.com': name it there too, as "
       "https://x.example.com"},
      {"a wildcard of another domain", one("path: /*, upstream: wiki, host: \"*.app.example.com\""),
       "f:6:39: routes[1].host: none of external_urls has the host '*.app.example.com': name it there too, as "
       "https://*.app.example.com"},
      {"a host with a port", one("path: /*, upstream: wiki, host: app.example.com:1"),
       "f:6:39: routes[1].host: expected a host such as app.example.com or *.example.com, without scheme and port, "
       "found "
       "'app.example.com:1': write app.example.com"},
      {"a prefix of another path", one("path: /api/*, upstream: wiki, strip_prefix: /ap"),
       "f:6:51: routes[1].strip_prefix: expected a prefix of the route's path in whole segments, found '/ap' for "
       "'/api/*'"},
      {"a prefix of a pattern", one("path: \"~ /a.*\", upstream: wiki, strip_prefix: /a"),
       "f:6:53: routes[1].strip_prefix: works with plain paths only, not with a pattern"},
      {"a bad connector", one("path: /*, upstream: wiki, sign_in: { with: patreon }"),
       "f:6:50: routes[1].sign_in.with: expected social:TARGET (as in social:linkedin) or sso:CONNECTOR_ID, found "
       "'patreon': write social:patreon"},
      {"a parameter of ours", one("path: /*, upstream: wiki, sign_in: { extra: { scope: x } }"),
       "f:6:60: routes[1].sign_in.extra.scope: this parameter has a key of its own: logto.scopes"},
      {"a bad parameter", one("path: /*, upstream: wiki, sign_in: { extra: { identifier: mail } }"),
       "f:6:65: routes[1].sign_in.extra.identifier: expected a list of username, email and phone, found 'mail'"},
  });
  CHECK(problems_of(good_config({{"routes", "routes: []\n"}})) ==
        "f:5:1: routes: required: expected at least one route, found none\n");
}

TEST_CASE("cookies that browsers would drop are refused") {
  const auto http = std::string("external_urls: [https://app.example.com, http://localhost:8080]\n");
  check_all({
      {"__Host- on http",
       {{"external_urls", http}, {"session", session("cookie: { name: __Host-x }")}},
       "f:3:82: session.cookie.name: browsers drop a cookie of this name on http:// external URLs"},
      {"__secure- on http",
       {{"external_urls", http}, {"session", session("cookie: { name: __secure-x }")}},
       "f:3:82: session.cookie.name: browsers drop a cookie of this name on http:// external URLs"},
      {"same_site none on http",
       {{"external_urls", http}, {"session", session("cookie: { same_site: none }")}},
       "f:3:87: session.cookie.same_site: none needs https:// in all external_urls: browsers drop the cookie "
       "otherwise"},
      {"same_site strict",
       {{"session", session("cookie: { same_site: strict }")}},
       "f:3:87: session.cookie.same_site: strict cannot work: the browser would come back from Logto without its "
       "cookies; "
       "use lax"},
      {"a name with a space",
       {{"session", session("cookie: { name: \"a b\" }")}},
       "f:3:82: session.cookie.name: expected a cookie name of at most 64 token characters, found 'a b'"},
      {"the name of pending sign-ins",
       {{"session", session("cookie: { name: __Host-logto_pending_x }")}},
       "f:3:82: session.cookie.name: names with logto_pending belong to sign-ins under way"},
  });
}

TEST_CASE("identity headers carry identities only") {
  const auto headers = [](const std::string& map) {
    return std::map<std::string, std::string>{{"z", "identity_headers: " + map + "\n"}};
  };
  for (const auto* name : {"Connection", "Content-Length", "content_length", "Host", "Cookie", "X-Forwarded-For",
                           "X-Forwarded-Proto", "x_forwarded_host", "Transfer-Encoding", "Sec-Fetch-Mode"}) {
    CAPTURE(name);
    CHECK(problems_of(good_config(headers("{ " + std::string(name) + ": sub }"))) ==
          "f:6:21: identity_headers." + std::string(name) +
              ": this header has a meaning of its own in HTTP and cannot carry an identity\n");
  }
  check_all({
      {"a name that folds to another", headers("{ X-User: sub, x_user: name }"),
       "f:6:34: identity_headers.x_user: apps take this for the same name as an earlier one (case, '-', '_' and '.' "
       "are alike "
       "to many)"},
      {"not a name", headers("{ \"X User\": sub }"),
       "f:6:21: identity_headers.X User: expected a header name, found 'X User'"},
      {"Authorization, which a route says in its own key", headers("{ Authorization: sub }"),
       "f:6:21: identity_headers.Authorization: say `authorization:` on the route: it takes the client's own away"},
      {"our own assertion", headers("{ x-logto_proxy.assertion: sub }"),
       "f:6:21: identity_headers.x-logto_proxy.assertion: say `assertion: true` on the route"},
      {"no source", headers("{ X-User: { encoding: utf8 } }"),
       "f:6:21: identity_headers.X-User: expected exactly one of claim, value, value_file, id_token, "
       "access_token, assertion, organization and client_certificate, found none"},
      {"two sources", headers("{ X-User: { claim: sub, value: x } }"),
       "f:6:21: identity_headers.X-User: expected exactly one of claim, value, value_file, id_token, "
       "access_token, assertion, organization and client_certificate, found 2"},
      {"nothing at all", headers("{ X-User: }"),
       "f:6:21: identity_headers.X-User: expected a claim, or a map with one of claim, value, value_file, id_token, "
       "access_token, assertion, organization and client_certificate, found nothing"},
      {"a key that is none", headers("{ X-User: { clam: sub } }"),
       "f:6:31: identity_headers.X-User.clam: unknown key, did you mean 'claim'?"},
      {"a constant with an encoding", headers("{ X-User: { value: x, encoding: utf8 } }"),
       "f:6:21: identity_headers.X-User: encoding and separator go with claim and client_certificate only"},
      {"a constant with a line break", headers("{ X-User: { value: \"a\\nb\" } }"),
       "f:6:38: identity_headers.X-User.value: expected a text without control characters and without blanks at its "
       "ends"},
      {"a constant with a blank at its end", headers("{ X-User: { value: \"a \" } }"),
       "f:6:38: identity_headers.X-User.value: expected a text without control characters and without blanks at its "
       "ends"},
      {"the mask of a printed configuration", headers("{ X-User: { value: \"********\" } }"),
       "f:6:38: identity_headers.X-User.value: this is the mask that --print-config shows, not a secret"},
      {"a file that is not there", headers("{ X-User: { value_file: /nonexistent/x } }"),
       "f:6:43: identity_headers.X-User.value_file: expected a file, found none at '/nonexistent/x'"},
      {"a separator that the encoding needs", headers("{ X-User: { claim: roles, separator: \"%\" } }"),
       "f:6:56: identity_headers.X-User.separator: expected one of , ; | : / + & and the space, found '%'"},
      {"an access token that is for nobody", headers("{ X-User: { access_token: true } }"),
       "f:6:21: identity_headers.X-User: access tokens differ by route: say it there, beside `token:`"},
      {"an unknown encoding", headers("{ X-User: { claim: sub, encoding: latin1 } }"),
       "f:6:53: identity_headers.X-User.encoding: expected percent, utf8 or raw, found 'latin1'"},
  });
}

TEST_CASE("what an app is told by a route of its own is checked in the same way") {
  const auto with = [](const std::string& keys) {
    return std::map<std::string, std::string>{{"routes", routes("  - { path: /*, upstream: wiki, " + keys + " }\n")}};
  };
  const auto problem = [&](const std::string& keys) {
    const std::string text = first_line(problems_of(good_config(with(keys))));
    const auto at = text.find("routes[1].");
    return at == std::string::npos ? text : text.substr(at + 10);
  };
  const struct {
    const char* keys;
    const char* problem;
  } cases[] = {
      {"identity_headers: { X-User: sub }", ""},
      {"identity_preset: none", ""},
      {"identity_preset: authelia, identity_headers: { Remote-User: sub, X-Key: { value: a b } }", ""},
      {"authorization: { basic: { username: svc, password: pw } }", ""},
      {"authorization: { basic: { username_claim: email, password: pw } }", ""},
      {"assertion: true", ""},
      {"identity_headers: {}", "identity_headers: expected at least one header (`identity_preset: none` sends none)"},
      {"identity_headers: { Host: sub }",
       "identity_headers.Host: this header has a meaning of its own in HTTP and cannot carry an identity"},
      {"identity_headers: { X-User: sub, x_user: name }",
       "identity_headers.x_user: apps take this for the same name as an earlier one (case, '-', '_' and '.' are alike "
       "to many)"},
      {"identity_headers: { X-Token: { access_token: true } }",
       "identity_headers.X-Token: needs `token:` on this route, which says whom the access token is for"},
      {"identity_preset: vouch",
       "identity_preset: expected oauth2-proxy, authelia, authentik, pomerium, mod_auth_openidc, logto-protected-app "
       "or "
       "none, found 'vouch'"},
      {"authorization: { basic: { username: 'a:b', password: pw } }",
       "authorization.basic.username: expected a name without ':' and control characters (RFC 7617)"},
      {"authorization: { basic: { username: a } }",
       "authorization.basic: expected one of password and password_file, found none"},
      {"authorization: { basic: { username: a, username_claim: sub, password: pw } }",
       "authorization.basic: expected one of username and username_claim, found both"},
      {"authorization: { basic: { usrname: a, password: pw } }",
       "authorization.basic.usrname: unknown key, did you mean 'username'?"},
      {"authorization: { digest: x }", "authorization.digest: unknown key; known here: basic, bearer"},
      {"authorization: { bearer: access_token }",
       "authorization.bearer: expected id_token (access tokens come from the route's `token`), found 'access_token'"},
      {"authorization: {}", "authorization: expected one of basic and bearer, found a map"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.keys);
    CHECK(problem(c.keys) == c.problem);
  }
}

TEST_CASE("a claim whose scope is not asked for, and identity where nobody is asked, are named") {
  const auto warning = [](const std::string& scopes, const std::string& keys) {
    const std::string text = warnings_of({{"logto", logto("scopes: [" + scopes + "]")},
                                          {"identity", "identity_headers: { X-User: sub }\n"},
                                          {"routes", routes("  - { path: /*, upstream: wiki, " + keys + " }\n")}});
    const auto at = text.find("routes[1].");
    return at == std::string::npos ? text : text.substr(at + 10);
  };
  CHECK(warning("profile", "identity_headers: { X: name }") == "");
  CHECK(warning("email", "identity_headers: { X: address.country }") ==
        "identity_headers.X: Logto tells the claim 'address.country' only with the scope 'address', which logto.scopes "
        "lacks");
  CHECK(warning("profile, email", "identity_preset: authelia") ==
        "identity_preset: Logto tells the claim 'roles' only with the scope 'roles', which logto.scopes lacks");
  CHECK(warning("profile", "authorization: { basic: { username_claim: email, password: p } }") ==
        "authorization: Logto tells the claim 'email' only with the scope 'email', which logto.scopes lacks");
  CHECK(warning("profile", "access: public, assertion: true") ==
        "assertion: has no effect: this route asks nobody who they are");
  CHECK(warning("profile", "access: public, authorization: { basic: { username_claim: sub, password: p } }") ==
        "authorization: has no effect: this route asks nobody who they are");
}

TEST_CASE("ID tokens need refreshes") {
  const auto with = [](const std::string& refresh) {
    return std::map<std::string, std::string>{{"logto", logto("refresh: " + refresh)},
                                              {"z", "identity_preset: logto-protected-app\n"}};
  };
  CHECK(problems_of(good_config(with("off"))) ==
        "f:6:18: identity_preset: ID tokens are renewed by refresh, and logto.refresh is off: set it to "
        "offline_access\n");
  CHECK(warnings_of(with("auto")) ==
        "f:6:18: identity_preset: ID tokens are renewed by refresh: set logto.refresh: offline_access, or let the "
        "application at Logto always issue refresh tokens");
  CHECK(warnings_of(with("offline_access")) == "");
  auto provisioned = with("auto");
  provisioned["z"] += "provision: { application: { name: x } }\n";
  CHECK(warnings_of(provisioned).find("renewed by refresh") == std::string::npos);
  provisioned["z"] =
      "identity_preset: logto-protected-app\nprovision: { application: { always_issue_refresh_token: false } }\n";
  CHECK(warnings_of(provisioned).find("renewed by refresh") != std::string::npos);
}

TEST_CASE("what is legal but probably not meant is a warning") {
  CHECK(warnings_of({}) == "");
  CHECK(warnings_of({{"external_urls", "external_urls: [http://localhost:8080]\n"}}) == "");
  CHECK(warnings_of({{"external_urls", "external_urls: [http://app.example.com]\n"}}) ==
        "f:1:1: external_urls: http://app.example.com is not https: anybody on the way can take sessions over");
  CHECK(warnings_of({{"upstreams", "upstreams: { wiki: http://a, old: http://b }\n"}}) ==
        "f:4:30: upstreams.old: no route uses this upstream");
  CHECK(warnings_of({{"logto", "logto: { endpoint: http://t.example/, app_id: a, app_secret: b }\n"}}) ==
        "f:2:20: logto.endpoint: http://t.example is not https: anybody on the way can sign in as anybody");
  CHECK(warnings_of({{"z", "admin: { listen: 0.0.0.0:9180 }\n"}}) ==
        "f:6:18: admin.listen: reachable from other machines: it asks nobody who they are");
  CHECK(warnings_of({{"z", "limits: { connections: 50, connections_per_address: 51 }\n"}}) ==
        "f:6:53: limits.connections_per_address: more than limits.connections (50): one client can take all "
        "connections, and nobody else gets one");
  CHECK(warnings_of({{"z", "limits: { connections: 50, connections_per_address: 50 }\n"}}) == "");
  CHECK(warnings_of({{"z", "limits: { minimum_rate: 2KiB }\n"}}) ==
        "f:6:25: limits.minimum_rate: more than 1000 bytes a second: phones on slow lines lose their uploads and "
        "downloads");
  CHECK(warnings_of({{"z", "limits: { connections: 50 }\n"}}) == "");
  CHECK(warnings_of({{"z", "trusted_proxies: [0.0.0.0/0]\n"}}) ==
        "f:6:1: trusted_proxies: 0.0.0.0/0 lets every client choose the address that it seems to have");
  CHECK(warnings_of({{"logto", logto("sign_in: { prompt: none }")}}) ==
        "f:2:93: logto.sign_in.prompt: none never shows a sign-in page: whoever is not signed in at Logto "
        "already cannot "
        "sign in");
  CHECK(warnings_of({{"logto", logto("scopes: [profile, email]")}}) ==
        "f:1:1: identity_headers.X-Forwarded-Groups: Logto tells the claim 'roles' only with the scope 'roles', "
        "which "
        "logto.scopes lacks");
  CHECK(warnings_of({{"session", session("cookie: { name: mine }")}}) ==
        "f:3:82: session.cookie.name: without __Host- in front, other hosts of the domain can overwrite the cookie");
  const auto redis = [](const std::string& url) { return warnings_of({{"z", "redis: { url: \"" + url + "\" }\n"}}); };
  CHECK(redis("redis://cache") ==
        "f:6:15: redis.url: is not rediss://: anybody on the way can read its password and change what it says");
  CHECK(redis("redis://127.0.0.1") == "");
  CHECK(redis("rediss://cache") == "");
  CHECK(redis("unix:/run/redis.sock") == "");
  const auto order = [](const std::string& first, const std::string& second) {
    const std::string text = good_config(
        {{"external_urls", "external_urls: [https://app.example.com, https://b.example.com]\n"},
         {"routes", routes("  - { upstream: wiki, " + first + " }\n  - { upstream: wiki, " + second + " }\n")}});
    const auto loaded = parse_config(text, "f", usual_environment());
    if (!loaded) return "problem: " + first_line(problems_of(text));
    std::string out;
    for (const auto& warning : loaded->warnings) out += (out.empty() ? "" : "\n") + warning;
    return out;
  };
  CHECK(order("path: /a/*", "path: /*") == "");
  CHECK(order("path: /*", "path: /a") ==
        "f:7:5: routes[2]: never matches: route #1 /* stands before it and takes all its requests");
  CHECK(order("path: /*, access: public", "path: /admin/*") ==
        "problem: f:7:5: routes[2]: never matches: route #1 /* stands before it and takes all its requests, without "
        "asking who they come from: what it asks for would hold for nobody. Put it before that one");
  CHECK(order("path: /*, access: public, methods: [GET]", "path: /admin/*") ==
        "f:7:5: routes[2]: the open route #1 /* stands before it and takes some of its requests");
  CHECK(order("path: /*, methods: [GET]", "path: /admin/*, methods: [POST]") == "");
  CHECK(order("path: /*, host: app.example.com", "path: /a") == "");
  CHECK(order("path: /*, host: \"*.example.com\"", "path: /a, host: app.example.com") != "");
  // What conditions let by goes on to the next route.
  const std::string covered =
      "f:7:5: routes[2]: never matches: route #1 /* stands before it and takes all its requests";
  CHECK(order("path: /*, query: {a: \"1\"}", "path: /a") == "");
  CHECK(order("path: /*, headers: {X-A: \"1\"}, access: public", "path: /a") == "");
  CHECK(order("path: /*, networks: [10.0.0.0/8], access: public", "path: /a") == "");
  CHECK(order("path: /*, query: {a: [\"1\", \"2\"]}", "path: /a, query: {a: \"1\", b: \"2\"}") == covered);
  CHECK(order("path: /*, query: {a: \"~ [0-9]\"}", "path: /a, query: {a: \"1\"}") == covered);
  CHECK(order("path: /*, query: {a: \"1\"}", "path: /a, query: {a: \"~ [0-9]\"}") == "");
  CHECK(order("path: /*, query: {a: \"1\"}", "path: /a, query: {b: \"1\"}") == "");
  CHECK(order("path: /*, headers: {X-A: \"~ v.*\"}", "path: /a, headers: {X-A: \"~ v.*\"}") == covered);
  CHECK(order("path: /*, networks: [10.0.0.0/8]", "path: /a, networks: [10.1.0.0/16, 10.2.3.4]") == covered);
  CHECK(order("path: /*, networks: [10.0.0.0/9]", "path: /a, networks: [10.0.0.0/8]") == "");
  CHECK(order("path: /*, networks: [10.0.0.0/9]", "path: /a, networks: [10.128.0.0/9]") == "");
  CHECK(order("path: /*, access: public, methods: [GET], query: {a: \"1\"}", "path: /a, query: {a: \"1\"}") ==
        "f:7:5: routes[2]: the open route #1 /* stands before it and takes some of its requests");
  // An app may read the parameter from a form that is posted.
  const std::string form =
      "f:6:23: routes[1].query: a posted form may hold 'a' in its body, which no rule sees: route #2 /* decides then, "
      "which lets more people pass; if the app reads it there, put a route with methods: [POST] and these rules before "
      "that one";
  const std::string admins = "query: {a: \"1\"}, require: {roles: [admin]}";
  CHECK(order(admins + ", path: /w/*", "path: /*") == form);
  CHECK(order(admins + ", path: /w/*, methods: [GET, POST]", "path: /*") == form);
  CHECK(order(admins + ", path: /w/*, methods: [GET]", "path: /*") == "");
  CHECK(order(admins + ", path: /w/*", "path: /*, methods: [GET]") == "");
  CHECK(order(admins + ", path: /w/*", "path: /*, require: {roles: [admin]}") == "");
  CHECK(order(admins + ", path: /w/*", "path: /other/*") == "");
  const auto decides = [&](const std::string& second) {
    return order(admins + ", path: /w/*", second).find("routes[1].query: a posted form") != std::string::npos;
  };
  CHECK(decides("path: /*, host: app.example.com"));
  CHECK(decides("path: /w/open/*, access: public"));
  CHECK(decides("path: /*, networks: [10.0.0.0/8]"));
  CHECK_FALSE(decides("path: /w/open/*, require: {roles: [admin]}"));
  CHECK(order("path: /a, access: public, unauthenticated: 401", "path: /*") ==
        "f:6:66: routes[1].unauthenticated: has no effect: this route never asks anybody to sign in");
}

TEST_CASE("keys of connections say what they want, and where they do nothing") {
  const auto upstream = [](const std::string& keys) {
    return std::map<std::string, std::string>{{"upstreams", "upstreams: { wiki: { url: http://w, " + keys + " } }\n"}};
  };
  const auto problem = [&](const std::string& keys) { return first_line(problems_of(good_config(upstream(keys)))); };
  CHECK(problem("keep_alive: off, max_connections: 1, queue: 0, queue_timeout: 1s").empty());
  CHECK(problem("keep_alive: 0").empty());
  CHECK(problem("keep_alive: on").ends_with("keep_alive: expected off or a whole number from 0 to 100000, found 'on'"));
  CHECK(problem("max_connections: 0")
            .ends_with("max_connections: expected unlimited or a whole number from 1 to 1000000, found '0'"));
  CHECK(warnings_of(upstream("queue: 5")).find("upstreams.wiki.queue: has no effect without max_connections") !=
        std::string::npos);
  CHECK(warnings_of(upstream("keep_alive: off, idle_time: 5s"))
            .find("upstreams.wiki.idle_time: has no effect with keep_alive: off") != std::string::npos);
}

TEST_CASE("what a route's connections may become, and which bodies are collected") {
  const auto route = [](const std::string& keys) {
    return first_line(
        problems_of(good_config({{"routes", routes("  - { path: /*, upstream: wiki, " + keys + " }\n")}})));
  };
  CHECK(route("upgrades: [websocket, tcp, SPDY/3.1]").empty());
  CHECK(route("upgrades: [h2c]")
            .ends_with("upgrades: expected the name of a protocol such as websocket, tcp or SPDY/3.1, found 'h2c'"));
  CHECK_FALSE(route("upgrades: [\"a b\"]").empty());
  CHECK(route("allowed_origins: [none, \"https://tools.example.com\"]").empty());
  CHECK_FALSE(route("allowed_origins: [tools]").empty());
  for (const char* page : {"chrome-extension://abc", "moz-extension://*", "capacitor://localhost", "file://",
                           "vscode-webview://0f1e", "app://notes", "tauri://localhost"}) {
    CAPTURE(page);
    CHECK(route("allowed_origins: ['" + std::string(page) + "']").empty());
  }
  for (const char* none : {"null", "*", "ws://a.test", "wss://a.test", "data://x", "https://*",
                           "chrome-extension://a/b", "chrome-extension://", "Chrome-Extension://abc",
                           "chrome-extension:abc", "://x", "x://a b", "x://**", "file:///"}) {
    CAPTURE(none);
    CHECK_FALSE(route("allowed_origins: ['" + std::string(none) + "']").empty());
  }
  CHECK(route("buffer_request: off").empty());
  CHECK(route("buffer_request: 32MiB").empty());
  CHECK(route("buffer_request: 33MiB").find("half of limits.buffered") != std::string::npos);
  CHECK(route("buffer_request: 1").find("expected off or a size from 1KiB to 1GiB, found '1'") != std::string::npos);
  CHECK(route("websocket_unauthenticated: close").empty());
}

TEST_CASE("what an operator should know is noted, and is no mistake") {
  const auto notes = [](const std::map<std::string, std::string>& sections) {
    const auto loaded = parse_config(good_config(sections), "f", usual_environment());
    REQUIRE(loaded.ok());
    std::string first_words;
    for (const auto& note : notes_on(*loaded->settings)) first_words += note.substr(0, note.find(' ', 12)) + "|";
    return first_words;
  };
  const std::string replicas = "several replicas|";
  const std::string share = "revocations.share|";
  const std::string journal = "revocations.journal|";
  const std::string redis = "redis: { url: unix:/run/redis.sock }\n";
  const std::string proxies = "trusted_proxies|";
  CHECK(notes({}) == proxies + replicas + journal);
  CHECK(notes({{"z", "trusted_proxies: 127.0.0.1\n"}}) == replicas + journal);
  CHECK(notes({{"z", "listen: unix:/run/proxy\n"}}) == replicas + journal);
  CHECK(notes({{"external_urls", "external_urls: http://localhost:8080\n"}}) == replicas + journal);
  CHECK(notes({{"logto", logto("refresh: off")}}) == proxies + journal);
  CHECK(notes({{"z", "revocations: { journal: /var/lib/x }\n"}}) == proxies + replicas);
  CHECK(notes({{"z", redis}}) == proxies + share + journal);
  CHECK(notes({{"y", "revocations: { share: redis }\n"}, {"z", redis}}) == proxies);
  CHECK(notes({{"session", session("store: redis")}, {"z", redis}}) == proxies);
}

TEST_CASE("tests of rules: what a row must say") {
  const auto row = [](const std::string& text) {
    return problems_of(good_config({{"tests", "tests: [{ " + text + " }]\n"}}));
  };
  const std::string url = "url: https://app.example.com/a";
  CHECK(row(url + ", expect: allow") == "");
  CHECK(row("expect: allow").find("tests[1].url: required: expected a URL, found nothing") != std::string::npos);
  CHECK(row(url).find("tests[1].expect: required: expected allow, deny") != std::string::npos);
  CHECK(row(url + ", expect: maybe")
            .find("expected allow, deny, sign_in, unauthenticated, not_found, bad_request or "
                  "misdirected, found 'maybe'") != std::string::npos);
  CHECK(row("url: /a, expect: allow")
            .find("tests[1].url: expected a URL such as https://app.example.com/admin, found "
                  "'/a'") != std::string::npos);
  CHECK(row(url + ", expect: allow, as: alice").find("tests[1].as: expected claims such as {sub: alice}") !=
        std::string::npos);
  CHECK(row(url + ", expect: allow, as_file: /nonexistent").find("tests[1].as_file: ") != std::string::npos);
  CHECK(row(url + ", expect: allow, client: localhost").find("tests[1].client: expected an IP address") !=
        std::string::npos);
  CHECK(row(url + ", expect: allow, headers: {\"a b\": c}").find("expected the name of a header field, found 'a b'") !=
        std::string::npos);
  CHECK(row(url + ", expect: allow, headers: [a]").find("expected a map of header fields, found a list") !=
        std::string::npos);
  CHECK(row(url + ", expects: allow").find("did you mean 'expect'?") != std::string::npos);
}

TEST_CASE("scopes that rules need are asked for") {
  const auto text =
      good_config({{"routes", routes("  - { path: /*, upstream: wiki, require: { social: patreon } }\n")}});
  const auto loaded = parse_config(text, "f", usual_environment());
  REQUIRE(loaded.ok());
  CHECK(loaded->settings->logto.scopes == std::vector<std::string>{"profile", "email", "roles", "identities"});
  REQUIRE(loaded->warnings.size() == 1);
  CHECK(loaded->warnings[0] ==
        "f:6:33: routes[1].require: this rule needs the scope 'identities': it is added to logto.scopes");
}

TEST_CASE("a denied route needs no upstream") {
  CHECK(problems_of(good_config(
            {{"routes", routes("  - { path: /x/*, access: deny }\n  - { path: /*, upstream: wiki }\n")}})) == "");
}

TEST_CASE("tokens of routes: whom they are for, and what they need") {
  const auto route = [](const std::string& more, const std::string& hosts = "https://app.example.com") {
    return std::map<std::string, std::string>{{"external_urls", "external_urls: [" + hosts + "]\n"},
                                              {"logto", logto("refresh: offline_access")},
                                              {"routes", routes("  - { upstream: wiki, " + more + " }\n")}};
  };
  check_all({
      {"a resource", route("path: /*, token: { resource: 'https://api.example.com', scopes: [read] }"), ""},
      {"a name as a resource", route("path: /*, token: { resource: 'urn:example:api' }"), ""},
      {"an organization", route("path: /*, token: { organization: rvsdxgj6esgo }"), ""},
      {"both", route("path: /o/*, token: { resource: 'https://a.test', organization: from_path }"), ""},
      {"the organization in the host", route("host: '*.example.com', path: /*, token: { organization: from_host }"),
       ""},
      {"on an optional route", route("path: /*, access: optional, token: { organization: abc }"), ""},
      {"a resource that is no URI", route("path: /*, token: { resource: api }"),
       "f:6:52: routes[1].token.resource: expected an absolute URI without a fragment, such as "
       "https://api.example.com, found 'api'"},
      {"a fragment", route("path: /*, token: { resource: 'https://a.test/#x' }"),
       "f:6:52: routes[1].token.resource: expected an absolute URI without a fragment, such as "
       "https://api.example.com, found 'https://a.test/#x'"},
      {"two in one", route("path: /*, token: { resource: 'https://a.test,https://b.test' }"),
       "f:6:52: routes[1].token.resource: expected an absolute URI without a fragment, such as "
       "https://api.example.com, found 'https://a.test,https://b.test'"},
      {"a scope of two words", route("path: /*, token: { resource: 'https://a.test', scopes: ['a b'] }"),
       "f:6:79: routes[1].token.scopes: expected a scope, found 'a b'"},
      {"a misspelt word", route("path: /o/*, organization: from_paht"),
       "f:6:49: routes[1].organization: expected an organization's id, from_host or from_path, found 'from_paht': did "
       "you mean from_path?"},
      {"an organization that is no id", route("path: /*, token: { organization: 'a b' }"),
       "f:6:56: routes[1].token.organization: expected an organization's id, from_host or from_path, found 'a b'"},
      {"for nobody", route("path: /*, token: { scopes: [read] }"),
       "f:6:33: routes[1].token: expected resource or organization, found neither: nothing says whom the token is for"},
      {"on a public route", route("path: /*, access: public, token: { organization: abc }"),
       "f:6:49: routes[1].token: needs access: signed_in or optional: a token is fetched for whoever is signed in"},
      {"from_host without a wildcard", route("path: /*, token: { organization: from_host }"),
       "f:6:56: routes[1].token.organization: from_host needs a host with a wildcard, such as *.example.com: its first "
       "label is the organization"},
      {"from_path on a path without a rest", route("path: /o, token: { organization: from_path }"),
       "f:6:56: routes[1].token.organization: from_path needs a path such as /o/*: the segment after the prefix is the "
       "organization"},
      {"from_path on a pattern", route("path: '~ /o/.*', token: { organization: from_path }"),
       "f:6:63: routes[1].token.organization: from_path needs a path such as /o/*: the segment after the prefix is the "
       "organization"},
  });
  auto off = route("path: /*, token: { organization: abc }");
  off["logto"] = logto("refresh: off");
  CHECK(first_line(problems_of(good_config(off))) ==
        "f:6:33: routes[1].token: tokens are fetched by refresh, and logto.refresh is off: set it to offline_access");
  off.erase("logto");
  CHECK(warnings_of(off) ==
        "f:6:33: routes[1].token: tokens are fetched by refresh: set logto.refresh: offline_access, or let the "
        "application at Logto always issue refresh tokens");
}

TEST_CASE("a claim that nobody sends is remarked, with the one that was probably meant") {
  const auto of = [](const std::string& header) {
    return warnings_of({{"z", "identity_headers: { " + header + " }\n"}});
  };
  CHECK(of("X-Mail: emial") ==
        "f:6:21: identity_headers.X-Mail: Logto sends no claim 'emial' at a sign-in, did you mean 'email'?");
  CHECK(of("X-User: userid").find("did you mean 'sub'?") != std::string::npos);
  CHECK(of("X-Groups: groups").find("did you mean 'roles'?") != std::string::npos);
  CHECK(of("X-Tier: { claim: custm_data.tier }").find("did you mean 'custom_data'?") != std::string::npos);
  CHECK(of("X-Colour: colour").find("Logto sends no claim 'colour' at a sign-in") != std::string::npos);
  CHECK(of("X-User: sub, X-Name: name, X-Since: auth_time, X-Env: { value: emial }").empty());
  CHECK(warnings_of({{"routes", routes("  - path: /*\n    upstream: wiki\n    deny: { claims: { rolse: [x] } }\n")}})
            .find("routes[1].deny: Logto sends no claim 'rolse' at a sign-in, did you mean 'roles'?") !=
        std::string::npos);
  CHECK(of("X-Id: identities.linkedin.userid").find("no 'userid', did you mean 'userId'?") != std::string::npos);
  CHECK(of("X-Mail: identities.linkedin.details.emial").find("did you mean 'email'?") != std::string::npos);
  CHECK(of("X-All: identities.linkedin").find("write identities.linkedin.userId, or") != std::string::npos);
  CHECK(of("X-All: identities.linkedin.details").find("is an object") != std::string::npos);
  for (const char* fine : {"userId", "details.email", "details.rawData.a.b"})
    CHECK(of("X-A: identities.linkedin." + std::string(fine)).find("identities.linkedin") == std::string::npos);
  CHECK(warnings_of({{"routes", routes("  - path: /*\n    upstream: wiki\n    deny: { claims: { "
                                       "identities.patreon.user_id: x } }\n")}})
            .find("routes[1].deny: Logto tells userId and details") != std::string::npos);
  // Access tokens have what a script in Logto puts there.
  const std::string bearer = "bearer: { audiences: [https://api.test] }\n";
  const std::string takes = routes("  - { path: /*, accept: [session, bearer], upstream: wiki }\n");
  CHECK(warnings_of({{"routes", takes}, {"y", bearer}, {"z", "identity_headers: { X-Colour: colour }\n"}}).empty());
  CHECK_FALSE(warnings_of({{"routes", takes}, {"y", bearer}, {"z", "identity_headers: { X-Mail: emial }\n"}}).empty());
}
