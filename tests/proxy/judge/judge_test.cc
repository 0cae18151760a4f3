#include "proxy/judge/judge.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "config/file/load.h"
#include "proxy/route/explain_route.h"
#include "tests/support/config.h"

using namespace lp;
using Outcome = Judgement::Outcome;
using Manner = AskedRequest::Manner;

namespace {

constexpr std::int64_t kNow = 1'700'000'000;

std::shared_ptr<const Settings> settings_of(const std::string& routes, const std::string& more = "") {
  const std::string text = test::good_config({{"routes", "routes:\n" + routes}, {"zmore", more}});
  auto loaded = parse_config(text, "f", test::usual_environment());
  INFO(test::problems_of(text));
  REQUIRE(loaded.ok());
  return loaded->settings;
}

const char* const kRoutes =
    "  - { path: /public/*, access: public, upstream: wiki }\n"
    "  - { path: /optional/*, access: optional, upstream: wiki }\n"
    "  - { path: /admin/*, require: { roles: [admin] }, upstream: wiki }\n"
    "  - { path: /api/*, unauthenticated: 401, upstream: wiki, strip_prefix: /api }\n"
    "  - { path: /closed/*, access: deny }\n"
    "  - { path: /q, query: { a: \"1\" }, access: public, upstream: wiki }\n"
    "  - { path: /h, headers: { X-A: \"~ v[0-9]\" }, access: public, upstream: wiki }\n"
    "  - { path: /n, networks: [10.0.0.0/8], access: public, upstream: wiki }\n"
    "  - { path: /m, methods: [POST], upstream: wiki }\n"
    "  - { path: /private/*, upstream: wiki }\n";

struct Asked {
  std::string path;
  const char* as = "";
  std::string method = "GET";
  Manner manner = Manner::navigation;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string client = "127.0.0.1";
};

Judgement judged(const Settings& settings, const Asked& asked) {
  std::optional<Person> person;
  if (*asked.as != '\0') person = person_from_claims(asked.as, settings, kNow).value();
  AskedRequest request{asked.method, "https://app.example.com" + asked.path, asked.headers, asked.client, asked.manner};
  if (asked.path.starts_with("http")) request.url = asked.path;
  return RequestJudge(settings).judge(request, person ? &*person : nullptr, kNow);
}

std::string word_of(const Settings& settings, const Asked& asked) {
  const Judgement judgement = judged(settings, asked);
  return std::string(outcome_word(judgement.outcome)) + " " + std::to_string(judgement.status) +
         (judgement.route() == nullptr ? "" : " #" + std::to_string(judgement.route()->index));
}

constexpr const char* kAlice = R"({"sub": "alice", "roles": ["editor"]})";
constexpr const char* kRoot = R"({"sub": "root", "roles": ["admin"], "email": "r@x.example"})";

}  // namespace

TEST_CASE("each request has one outcome, as the server would answer it") {
  const auto settings = settings_of(kRoutes);
  const struct {
    const char* what;
    Asked asked;
    const char* outcome;
  } cases[] = {
      {"public", {"/public/a"}, "allow 0 #1"},
      {"optional", {"/optional/a"}, "allow 0 #2"},
      {"signed out, a link", {"/private/a"}, "sign_in 303 #10"},
      {"signed out, a script", {"/private/a", "", "GET", Manner::script}, "unauthenticated 401 #10"},
      {"signed out, a form", {"/private/a", "", "POST"}, "unauthenticated 401 #10"},
      {"signed out at an API", {"/api/a"}, "unauthenticated 401 #4"},
      {"signed in", {"/private/a", kAlice}, "allow 0 #10"},
      {"without the role", {"/admin/a", kAlice}, "deny 403 #3"},
      {"with the role", {"/admin/a", kRoot}, "allow 0 #3"},
      {"closed", {"/closed/a", kRoot}, "deny 403 #5"},
      {"no route", {"/elsewhere"}, "not_found 404"},
      {"query", {"/q?a=1"}, "allow 0 #6"},
      {"another query", {"/q?a=2"}, "not_found 404"},
      {"a query in two readings", {"/q?a=1&a=2"}, "bad_request 400"},
      {"a header", {"/h", "", "GET", Manner::script, {{"x-a", "v1"}}}, "allow 0 #7"},
      {"another header", {"/h", "", "GET", Manner::script, {{"X-A", "v12"}}}, "not_found 404"},
      {"a network", {"/n", "", "GET", Manner::script, {}, "10.1.2.3"}, "allow 0 #8"},
      {"another network", {"/n"}, "not_found 404"},
      {"a method", {"/m"}, "not_found 404"},
      {"a dot segment", {"/public/../private/a"}, "sign_in 303 #10"},
      {"an encoded slash", {"/public%2F..%2Fprivate"}, "bad_request 400"},
      {"a broken escape", {"/public/%zz"}, "bad_request 400"},
      {"above the root", {"/../a"}, "bad_request 400"},
      {"an own endpoint", {"/_auth/me"}, "own_endpoint 0"},
      {"another host", {"https://evil.example/public/a"}, "misdirected 421"},
      {"another port", {"https://app.example.com:444/public/a"}, "misdirected 421"},
      {"a Host of its own", {"/public/a", "", "GET", Manner::script, {{"Host", "evil.example"}}}, "misdirected 421"},
      {"no path", {"https://app.example.com"}, "not_found 404"},
      {"only a query", {"https://app.example.com?a=1"}, "not_found 404"},
      {"a fragment", {"/public/a#b"}, "allow 0 #1"},
      {"a space", {"/public/a b"}, "bad_request 400"},
      {"a line break", {"/public/a\r\nX: y"}, "bad_request 400"},
      {"a line break in a header", {"/public/a", "", "GET", Manner::script, {{"X", "a\r\nY: b"}}}, "bad_request 400"},
      {"TRACE", {"/public/a", "", "TRACE"}, "bad_request 405"},
      {"two framings",
       {"/public/a", "", "POST", Manner::script, {{"Content-Length", "1"}, {"Transfer-Encoding", "chunked"}}},
       "bad_request 400"},
      {"too long", {"/public/" + std::string(20'000, 'a')}, "bad_request 414"},
      {"no URL", {"httpx"}, "bad_request 400"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    CHECK(word_of(*settings, c.asked) == c.outcome);
  }
}

TEST_CASE("what the app gets is what the server would send") {
  const auto settings = settings_of(kRoutes);
  const Judgement api = judged(
      *settings,
      {"/api/a?x=%41", kRoot, "GET", Manner::script, {{"X-Forwarded-User", "evil"}, {"X-Mine", "1"}}, "192.0.2.7"});
  REQUIRE(api.outcome == Outcome::allow);
  CHECK(api.resolved->app_target == "/a?x=%41");
  CHECK(api.identity == "X-Forwarded-User: root\r\nX-Forwarded-Email: r@x.example\r\nX-Forwarded-Groups: admin\r\n");
  CHECK(api.head ==
        "GET /a?x=%41 HTTP/1.1\r\nHost: app.example.com\r\nX-Forwarded-For: 192.0.2.7\r\nX-Real-IP: 192.0.2.7\r\n"
        "X-Forwarded-Proto: https\r\nX-Forwarded-Host: app.example.com\r\nX-Forwarded-Port: 443\r\n"
        "X-Forwarded-Prefix: /api\r\nX-Request-Id: new\r\nX-Forwarded-User: root\r\n"
        "X-Forwarded-Email: r@x.example\r\nX-Forwarded-Groups: admin\r\nX-Mine: 1\r\nAccept: */*\r\n"
        "Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n\r\n");
  const Judgement open = judged(*settings, {"/public/a", kRoot});
  CHECK(open.identity.empty());
  CHECK(open.counts_as == Asker::Kind::nobody);
  CHECK(judged(*settings, {"/optional/a", kRoot}).identity == api.identity);
}

TEST_CASE("the modes of a route decide what those get who may not pass") {
  const auto settings = settings_of(
      "  - { path: /recent, require: { max_age: 10m }, upstream: wiki }\n"
      "  - { path: /another, require: { roles: [admin] }, forbidden: sign_in, upstream: wiki }\n"
      "  - { path: /shadow, require: { roles: [admin] }, shadow: true, upstream: wiki }\n"
      "  - { path: /cors, preflight: true, upstream: wiki }\n");
  constexpr const char* kRecent = R"({"sub": "alice", "authenticated_ago": "5m"})";
  constexpr const char* kLongAgo = R"({"sub": "alice", "authenticated_ago": "20m"})";
  CHECK(word_of(*settings, {"/recent", kRecent}) == "allow 0 #1");
  CHECK(word_of(*settings, {"/recent", kLongAgo}) == "sign_in 303 #1");
  CHECK(word_of(*settings, {"/recent", kLongAgo, "GET", Manner::script}) == "unauthenticated 401 #1");
  CHECK(word_of(*settings, {"/another", kAlice}) == "sign_in 303 #2");
  CHECK(word_of(*settings, {"/another", kAlice, "GET", Manner::script}) == "deny 403 #2");
  CHECK(word_of(*settings, {"/shadow"}) == "allow 0 #3");
  CHECK(judged(*settings, {"/shadow", kAlice}).reason == "in shadow only: missing: role admin");
  CHECK(judged(*settings, {"/shadow", kAlice}).identity.starts_with("X-Forwarded-User: alice\r\n"));
  const Asked preflight{"/cors",
                        kAlice,
                        "OPTIONS",
                        Manner::script,
                        {{"Origin", "https://x.example"}, {"Access-Control-Request-Method", "PUT"}}};
  CHECK(word_of(*settings, preflight) == "allow 0 #4");
  CHECK(judged(*settings, preflight).identity.empty());
  CHECK(word_of(*settings, {"/cors", "", "OPTIONS", Manner::script}) == "unauthenticated 401 #4");
}

TEST_CASE("a WebSocket needs an Origin of ours") {
  const auto settings = settings_of(kRoutes);
  const auto handshake = [&](const char* origin) {
    return word_of(*settings, {"/private/a",
                               kAlice,
                               "GET",
                               Manner::script,
                               {{"Connection", "Upgrade"},
                                {"Upgrade", "websocket"},
                                {"Sec-WebSocket-Version", "13"},
                                {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                                {"Origin", origin}}});
  };
  CHECK(handshake("https://app.example.com") == "allow 0 #10");
  CHECK(handshake("https://evil.example") == "deny 403 #10");
}

TEST_CASE("a WebSocket that is opened to say 4401 is told of as that") {
  const auto settings = settings_of(
      "  - { path: /told/*, upstream: wiki, websocket_unauthenticated: close }\n  - { path: /*, upstream: wiki }\n");
  const auto asked = [](const char* path, const char* origin, const char* protocol) {
    Asked handshake{path,
                    "",
                    "GET",
                    Manner::script,
                    {{"Connection", "Upgrade"},
                     {"Upgrade", "websocket"},
                     {"Sec-WebSocket-Version", "13"},
                     {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                     {"Origin", origin}}};
    if (*protocol != '\0') handshake.headers.emplace_back("Sec-WebSocket-Protocol", protocol);
    return handshake;
  };
  constexpr const char* kOurs = "https://app.example.com";
  CHECK(word_of(*settings, asked("/told/x", kOurs, "chat")) == "unauthenticated 101 #1");
  CHECK(judged(*settings, asked("/told/x", kOurs, "")).reason.find("4401") != std::string::npos);
  CHECK(word_of(*settings, asked("/told/x", kOurs, "a b")) == "unauthenticated 401 #1");
  CHECK(word_of(*settings, asked("/told/x", "https://evil.example", "")) == "unauthenticated 401 #1");
  CHECK(word_of(*settings, asked("/other", kOurs, "")) == "unauthenticated 401 #2");
  CHECK(word_of(*settings, {"/told/x", "", "GET", Manner::script}) == "unauthenticated 401 #1");
}

TEST_CASE("the client behind trusted hops is who counts for networks") {
  const auto settings = settings_of(kRoutes, "trusted_proxies: [127.0.0.1]\n");
  CHECK(word_of(*settings, {"/n", "", "GET", Manner::script, {{"X-Forwarded-For", "10.9.9.9"}}}) == "allow 0 #8");
  CHECK(word_of(*settings, {"/n", "", "GET", Manner::script, {{"X-Forwarded-For", "10.9.9.9"}}, "10.0.0.1"}) ==
        "allow 0 #8");
  CHECK(word_of(*settings, {"/n", "", "GET", Manner::script, {{"X-Forwarded-For", "10.9.9.9"}}, "192.0.2.1"}) ==
        "not_found 404");
}

TEST_CASE("a person comes from claims, as at a sign-in") {
  const auto settings = settings_of("  - { path: /*, upstream: wiki, require: { social: patreon, max_age: 10m } }\n");
  const auto why = [&](const char* json) {
    const auto person = person_from_claims(json, *settings, kNow);
    return person ? std::string() : person.error().message;
  };
  CHECK(why("[]") == R"(expected claims as a JSON object such as {"sub": "alice", "roles": ["admin"]})");
  CHECK(why("{}") == "expected the claim sub, a text: everybody has one");
  CHECK(why(R"({"sub": 7})") == "expected the claim sub, a text: everybody has one");
  CHECK(why("sub: alice").starts_with("expected claims as a JSON object such as"));
  CHECK(why("{") != "");
  CHECK(why(R"({"sub": "a", "sub": "b"})") != "");
  CHECK(why(R"({"sub": "a", "scopes": "read"})") == "scopes: expected a list of texts");
  CHECK(why(R"({"sub": "a", "scopes": [7]})") == "scopes: expected a list of texts");
  CHECK(why(R"({"sub": "a", "authenticated_ago": 7})") == "authenticated_ago: expected a duration such as 5m");
  CHECK(why(R"({"sub": "a", "authenticated_ago": "5m", "auth_time": 7})") ==
        "expected one of auth_time and authenticated_ago, found both");
  const auto person = [&](const char* json) { return person_from_claims(json, *settings, kNow).value(); };
  CHECK(person(R"({"sub": "a"})").session.authenticated_at_s == 0);
  CHECK(person(R"({"sub": "a", "auth_time": 1699999000})").session.authenticated_at_s == 1'699'999'000);
  CHECK(person(R"({"sub": "a", "authenticated_ago": "5m"})").session.authenticated_at_s == kNow - 300);
  const nlohmann::json targets = {"patreon"};
  CHECK((*person(R"({"sub": "a", "identities": ["patreon"]})").session.claims)["identities"] == targets);
  CHECK((*person(R"({"sub": "a", "identities": {"patreon": {"userId": "1"}}})").session.claims)["identities"] ==
        targets);
  CHECK(person(R"({"sub": "a", "secret": "x"})").session.claims->contains("secret") == false);
  CHECK(person(R"({"sub": "a", "scopes": ["r", "w"]})").principal().scopes->size() == 2);
  CHECK(person(R"({"sub": "a"})").principal().scopes == nullptr);
}

TEST_CASE("memberships are told in place of Patreon, where a rule asks for them") {
  const auto settings =
      settings_of("  - { path: /*, upstream: wiki, require: { patreon: { campaign: 100, tier: [Gold] } } }\n");
  const auto why = [&](const std::string& patreon) {
    const auto person = person_from_claims(R"({"sub": "a", "patreon": )" + patreon + "}", *settings, kNow);
    return person ? std::string() : person.error().message.substr(0, 8);
  };
  for (const char* bad : {"7", "\"Gold\"", "[7]", "{}", R"({"campaign": true})", R"({"campaign": 1, "tier": "x"})",
                          R"({"campaign": 1, "tiers": "x"})", R"({"campaign": 1, "cents": -1})",
                          R"({"campaign": 1, "tiers": [{"name": "x"}]})"}) {
    CAPTURE(bad);
    CHECK(why(bad) == "patreon:");
  }
  const auto word = [&](const char* patreon) {
    const std::string as = R"({"sub": "a", "patreon": )" + std::string(patreon) + "}";
    return word_of(*settings, {"/x", as.c_str()});
  };
  CHECK(word(R"([{"campaign": "100", "tiers": ["Gold"]}])") == "allow 0 #1");
  CHECK(word(R"({"campaign": 100, "tiers": [{"id": 7, "title": "Gold"}]})") == "allow 0 #1");
  CHECK(word(R"([{"campaign": "100", "status": "former_patron", "tiers": ["Gold"]}])") == "deny 403 #1");
  CHECK(word(R"([{"campaign": "100", "status": null, "tiers": ["Gold"]}])") == "deny 403 #1");
  CHECK(word("[]") == "deny 403 #1");
  CHECK(word("null") == "deny 403 #1");
  const auto elsewhere = settings_of("  - { path: /*, upstream: wiki, require: { claims: { patreon: gold } } }\n");
  CHECK(word_of(*elsewhere, {"/x", R"({"sub": "a", "patreon": "gold"})"}) == "allow 0 #1");
  const Judgement passed =
      judged(*settings, {"/x", R"({"sub": "a", "patreon": {"campaign": 100, "tiers": ["Gold"]}})"});
  CHECK(passed.identity.find("X-Patreon-Tier: Gold\r\n") != std::string::npos);
}

TEST_CASE("a sign-in's authorization request is shown without what is made anew for each") {
  const auto settings = settings_of("  - { path: /*, upstream: wiki, sign_in: { with: \"social:patreon\" } }\n");
  const Judgement judgement = judged(*settings, {"/a?b=c"});
  REQUIRE(judgement.outcome == Outcome::sign_in);
  const SignInRequest request = sign_in_request_of(judgement, *settings);
  CHECK(request.endpoint == "https://t.logto.app/oidc/auth");
  CHECK(request.return_to == "/a?b=c");
  std::string all;
  for (const auto& [name, value] : request.parameters) all += name + "=" + value + ";";
  CHECK(all ==
        "client_id=app;redirect_uri=https://app.example.com/_auth/callback;response_type=code;"
        "scope=openid profile email roles;state=(random);nonce=(random);code_challenge=(random);"
        "code_challenge_method=S256;direct_sign_in=social:patreon;");
}

TEST_CASE("why a route does not match is told condition by condition") {
  const auto settings = settings_of(
      "  - { host: app.example.com, path: /a/*, methods: [POST, PUT], query: { q: [\"1\", \"~ x+\"] }, headers: { X-A: "
      "v },"
      " networks: [10.0.0.0/8, \"2001:db8::/32\"], upstream: wiki }\n"
      "  - { path: /a, methods: [POST], upstream: wiki }\n"
      "  - { path: /a/b, query: { q: \"1\" }, upstream: wiki }\n"
      "  - { path: /*, upstream: wiki }\n"
      "  - { path: /after, upstream: wiki }\n");
  const Judgement judgement = judged(*settings, {"/a/b?q=2", kAlice});
  REQUIRE(judgement.route() != nullptr);
  CHECK(judgement.route()->index == 4);
  const auto steps = explain_routes(*settings, route_question(judgement.request_line(), *judgement.resolved));
  REQUIRE(steps.size() == 4);
  CHECK(steps[0].why_not == std::vector<std::string>{"method: GET is not POST or PUT",
                                                     "network: 127.0.0.1 is not in 10.0.0.0/8 or 2001:db8::/32",
                                                     "query: the request has not query q = 1 or ~ x+",
                                                     "header: the request has not header X-A = v"});
  CHECK(steps[1].why_not == std::vector<std::string>{"path: /a/b is not /a", "method: GET is not POST"});
  CHECK(steps[2].why_not == std::vector<std::string>{"query: the request has not query q = 1"});
  CHECK(steps[3].matches());
  const Judgement unclear = judged(*settings, {"/a/b?q=1&q=2"});
  CHECK(unclear.outcome == Outcome::bad_request);
  const auto to_unclear = explain_routes(*settings, route_question(unclear.request_line(), *unclear.resolved));
  REQUIRE(to_unclear.size() == 3);
  CHECK(to_unclear[2].unclear.size() == 1);
}

TEST_CASE("a route without upstream is judged as another proxy would ask, and nothing else is") {
  const auto settings = settings_of(
      "  - { path: /public/*, access: public }\n"
      "  - { path: /private/* }\n",
      "forward_auth: { enabled: true }\ntrusted_proxies: [127.0.0.0/8]\n");
  CHECK(word_of(*settings, {"/public/a"}) == "allow 0 #1");
  CHECK(judged(*settings, {"/public/a"}).head.empty());
  CHECK(word_of(*settings, {"/private/a"}) == "sign_in 303 #2");
  CHECK(word_of(*settings, {"/private/a", kAlice}) == "allow 0 #2");
  CHECK(word_of(*settings, {"/public//a"}) == "bad_request 400");  // the app would get it as it is
  CHECK(word_of(*settings, {"/nothing//x"}) == "not_found 404");
}

TEST_CASE("limits and access tokens count as at the server") {
  const auto settings = settings_of(
      "  - { path: /api/*, upstream: wiki, accept: [session, bearer], require: { scopes: [read] }, forbidden: sign_in "
      "}\n"
      "  - { path: /*, upstream: wiki, access: public }\n",
      "limits: { request_body: 1KiB }\nbearer: { audiences: [\"https://api.example.com\"] }\n");
  const Asked large{"/x", "", "POST", Manner::script, {{"Content-Length", "24576"}}};
  CHECK(word_of(*settings, large) == "bad_request 413 #2");
  CHECK(word_of(*settings, {"/api/a", R"({"sub": "a", "scopes": ["write"]})"}) == "deny 403 #1");
  CHECK(word_of(*settings, {"/api/a", R"({"sub": "a", "scopes": ["read"]})"}) == "allow 0 #1");
  CHECK(word_of(*settings, {"/api/a", kAlice}) == "sign_in 303 #1");  // a session may choose another account
}

TEST_CASE("a token in Authorization goes before the person, and is not believed") {
  const auto settings = settings_of(
      "  - { path: /api/*, upstream: wiki, accept: [session, bearer] }\n"
      "  - { path: /*, upstream: wiki }\n",
      "bearer: { audiences: [\"https://api.example.com\"] }\n");
  const auto with = [](const char* path, const char* as, const char* value) {
    return Asked{path, as, "GET", Manner::script, {{"Authorization", value}}};
  };
  constexpr const char* kToken = R"({"sub": "a", "scopes": []})";
  CHECK(word_of(*settings, with("/api/a", "", "Bearer abc")) == "unauthenticated 401 #1");
  CHECK(word_of(*settings, with("/api/a", kAlice, "Bearer abc")) == "unauthenticated 401 #1");
  CHECK(word_of(*settings, with("/api/a", kToken, "Bearer abc")) == "allow 0 #1");
  CHECK(word_of(*settings, with("/api/a", kAlice, "Bearer a b")) == "bad_request 400 #1");
  CHECK(word_of(*settings, with("/api/a", kAlice, "Basic YTpi")) == "allow 0 #1");
  CHECK(word_of(*settings, with("/other", kAlice, "Bearer a b")) == "allow 0 #2");
}

TEST_CASE("the sign-in that is shown is the one that the server begins") {
  const auto settings = settings_of(
      "  - { path: /private/*, upstream: wiki }\n"
      "  - { path: /things/*, upstream: wiki, token: { resource: \"https://things.example.com\", scopes: [read] } }\n",
      "forward_auth: { enabled: true, oauth2_proxy: true }\ntrusted_proxies: [127.0.0.0/8]\n");
  std::string all;
  for (const auto& [name, value] : sign_in_request_of(judged(*settings, {"/private/a"}), *settings).parameters)
    all += name + "=" + value + ";";
  CHECK(all.find("redirect_uri=https://app.example.com/oauth2/callback;") != std::string::npos);
  CHECK(all.find("resource=https://things.example.com;") != std::string::npos);
  CHECK(all.find(" read;") != std::string::npos);
}
