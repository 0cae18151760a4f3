#include "proxy/http/forwarding.h"

#include <doctest/doctest.h>

#include <string>

namespace {

using Kind = lp::BodyFraming::Kind;
using List = std::vector<std::pair<const char*, const char*>>;

const lp::Settings kSettings;
const lp::ClientHeaderRules kRules(kSettings);
const lp::Origin kExternal{"https", "app.test", 443};

lp::Fields fields_of(const List& list) {
  lp::Fields fields;
  for (const auto& [name, value] : list) fields.add(name, value);
  return fields;
}

std::string request_head(const List& client_fields, lp::BodyFraming body = {}, bool upgrade = false) {
  static const lp::ClientFacts client{"1.2.3.4", "1.2.3.4", false};
  lp::OutgoingRequest request;
  request.method = "GET";
  request.target = "/x?y";
  request.host = "wiki";
  request.external = &kExternal;
  request.client = &client;
  lp::ForwardedLines lines;
  request.forwarded_lines = lines.of(client, kExternal);
  request.request_id = "0123456789abcdef";
  request.identity_lines = "X-Forwarded-User: me\r\n";
  request.body = body;
  if (upgrade) request.upgrade = "websocket";
  std::string out;
  lp::append_request_head(out, request, fields_of(client_fields), kRules);
  return out;
}

const std::string kOurs =
    "GET /x?y HTTP/1.1\r\nHost: wiki\r\nX-Forwarded-For: 1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n"
    "X-Forwarded-Host: app.test\r\nX-Forwarded-Port: 443\r\nX-Request-Id: 0123456789abcdef\r\nX-Forwarded-User: me\r\n";

std::string head_with_own_authorization(const List& client_fields, std::string_view lines) {
  lp::OutgoingRequest request;
  request.method = "GET";
  request.target = "/";
  request.host = "wiki";
  request.identity_lines = lines;
  request.replaces_authorization = true;
  std::string out;
  lp::append_request_head(out, request, fields_of(client_fields), kRules);
  return out;
}

std::string response_head(int status, const List& fields, lp::OutgoingResponse response) {
  lp::ResponseHead head;
  head.status = status;
  head.reason = "Any";
  head.fields = fields_of(fields);
  std::string out;
  lp::append_response_head(out, response, head, kRules);
  return out;
}

lp::OutgoingResponse framed(Kind kind, std::uint64_t length = 0) {
  lp::OutgoingResponse response;
  response.body = {kind, length};
  return response;
}

bool has_line(const std::string& head, const std::string& line) {
  return head.find("\r\n" + line + "\r\n") != std::string::npos;
}

}  // namespace

TEST_CASE("an upstream request is ours first, then what may remain of the client's") {
  const struct {
    std::string says;
    List client;
    std::string rest;
  } cases[] = {
      {"ordinary fields pass as they were sent",
       {{"Host", "app.test"}, {"User-Agent", "x"}, {"ACCEPT", "*/*"}},
       "User-Agent: x\r\nACCEPT: */*\r\n"},
      {"repeated fields pass", {{"Accept", "a"}, {"Accept", "b"}}, "Accept: a\r\nAccept: b\r\n"},
      {"hop-by-hop fields stay here",
       {{"Connection", "keep-alive"},
        {"Keep-Alive", "5"},
        {"TE", "trailers"},
        {"Trailer", "x"},
        {"Upgrade", "h2c"},
        {"HTTP2-Settings", "x"},
        {"Proxy-Connection", "close"},
        {"Proxy-Authorization", "x"},
        {"Expect", "100-continue"},
        {"Transfer-Encoding", "chunked"},
        {"Content-Length", "5"}},
       ""},
      {"fields that Connection names stay here",
       {{"Connection", "close, X-Hop ,\tx-other"}, {"X-Hop", "1"}, {"X-OTHER", "2"}},
       ""},
      {"Connection cannot delete ours",
       {{"Connection", "Host, Cookie, X-Forwarded-User"}, {"Connection", "x-forwarded-for, x-request-id"}},
       ""},
      {"identity and forwarding fields are spoofs",
       {{"X-Forwarded-User", "admin"},
        {"x_forwarded_user", "admin"},
        {"X-Forwarded-For", "127.0.0.1"},
        {"Forwarded", "for=x"},
        {"X-Request-Id", "mine"},
        {"Proxy", "http://evil.test"}},
       ""},
      {"framing in another spelling stays here", {{"Content_Length", "5"}, {"Transfer_Encoding", "chunked"}}, ""},
      {"cookies are joined, ours left out",
       {{"Cookie", "a=1; logto_session=x;b=2"},
        {"Accept", "a"},
        {"Cookie", "__Host-logto_pending_0=y"},
        {"Cookie", "c=3"}},
       "Accept: a\r\nCookie: a=1;b=2; c=3\r\n"},
      {"no Cookie is sent when only ours were there",
       {{"Cookie", "__Host-logto_session=x; __Host-logto_session_1=y"}},
       ""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    CHECK(request_head(c.client) == kOurs + c.rest + "\r\n");
  }
}

TEST_CASE("an upstream request is framed by what was parsed") {
  CHECK(request_head({{"Content-Length", "9"}}, {Kind::length, 5}) == kOurs + "Content-Length: 5\r\n\r\n");
  CHECK(request_head({}, {Kind::length, 0}) == kOurs + "Content-Length: 0\r\n\r\n");
  CHECK(request_head({}, {Kind::chunked, 0}) == kOurs + "Transfer-Encoding: chunked\r\n\r\n");
  CHECK(request_head({{"Connection", "keep-alive, Upgrade"}, {"Upgrade", "WebSocket"}, {"Sec-WebSocket-Version", "13"}},
                     {},
                     true) == kOurs + "Sec-WebSocket-Version: 13\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

TEST_CASE("an answer is passed on without what belongs to the hop before") {
  const std::string head = response_head(200,
                                         {{"Content-Type", "text/html"},
                                          {"Connection", "close, X-Hop"},
                                          {"X-Hop", "1"},
                                          {"Keep-Alive", "5"},
                                          {"Transfer-Encoding", "chunked"},
                                          {"X-Accel-Redirect", "/x"},
                                          {"X-Forwarded-User", "evil"},
                                          {"Set-Cookie", "app=1; Path=/"},
                                          {"Set-Cookie", "__Host-logto_session=evil; Secure; Path=/"},
                                          {"Proxy-Authenticate", "Basic"}},
                                         framed(Kind::chunked));
  CHECK(
      head ==
      "HTTP/1.1 200 Any\r\nContent-Type: text/html\r\nSet-Cookie: app=1; Path=/\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST_CASE("an app on Logto's host sets none of Logto's cookies") {
  lp::Settings settings;
  settings.logto.endpoint = *lp::parse_origin("https://id.test:3001");
  settings.external_urls = {*lp::parse_origin("https://app.test"), *lp::parse_origin("https://id.test")};
  const lp::ClientHeaderRules rules(settings);
  lp::ResponseHead head;
  head.status = 200;
  for (const char* cookie : {"_session=x", "app=1", "_interaction.sig=x"}) head.fields.add("Set-Cookie", cookie);
  const auto sent = [&](std::string_view host) {
    lp::OutgoingResponse response = framed(Kind::length, 0);
    const lp::Origin external = *lp::parse_origin("https://" + std::string(host));
    response.external = &external;
    std::string out;
    lp::append_response_head(out, response, head, rules);
    return out;
  };
  CHECK(sent("id.test") == "HTTP/1.1 200 \r\nSet-Cookie: app=1\r\nContent-Length: 0\r\n\r\n");
  CHECK(has_line(sent("app.test"), "Set-Cookie: _interaction.sig=x"));
}

TEST_CASE("an answer is framed for this client") {
  CHECK(has_line(response_head(200, {{"Content-Length", "9"}}, framed(Kind::length, 5)), "Content-Length: 5"));
  CHECK(has_line(response_head(200, {}, framed(Kind::until_close)), "Connection: close"));
  lp::OutgoingResponse old = framed(Kind::length, 5);
  old.client_version_minor = 0;
  CHECK(has_line(response_head(200, {}, old), "Connection: keep-alive"));
  old.keep_alive = false;
  CHECK(has_line(response_head(200, {}, old), "Connection: close"));
  CHECK(response_head(304, {{"Content-Length", "9"}}, framed(Kind::none)) ==
        "HTTP/1.1 304 Any\r\nContent-Length: 9\r\n\r\n");
  CHECK(response_head(204, {{"Content-Length", "9"}}, framed(Kind::none)) == "HTTP/1.1 204 Any\r\n\r\n");
  // As it would be written where the body follows.
  CHECK(has_line(response_head(200, {{"Content-Length", "005"}}, framed(Kind::none)), "Content-Length: 5"));
  CHECK(has_line(response_head(304, {{"Content-Length", "000, 0"}}, framed(Kind::none)), "Content-Length: 0"));
  CHECK(response_head(103, {{"Link", "x"}, {"Connection", "close"}}, framed(Kind::none)) ==
        "HTTP/1.1 103 Any\r\nLink: x\r\n\r\n");
  lp::OutgoingResponse upgrade = framed(Kind::none);
  upgrade.upgrade = "websocket";
  CHECK(response_head(101, {{"Connection", "Upgrade"}, {"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", "x"}},
                      upgrade) ==
        "HTTP/1.1 101 Any\r\nSec-WebSocket-Accept: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

TEST_CASE("an answer of somebody signed in, or with a cookie of ours, is for no shared cache") {
  const std::vector<std::string> cookies = {"logto_session=new; Path=/"};
  const struct {
    std::string says;
    bool authenticated;
    bool our_cookies;
    List fields;
    std::vector<std::string> lines;
  } cases[] = {
      {"anonymous", false, false, {}, {}},
      {"signed in, the app is silent", true, false, {}, {"Cache-Control: private"}},
      {"signed in, the app says public", true, false, {{"Cache-Control", "public"}}, {"Cache-Control: private"}},
      {"anonymous, the app says public", false, false, {{"Cache-Control", "public"}}, {"Cache-Control: public"}},
      {"anonymous, to a CDN", false, false, {{"CDN-Cache-Control", "max-age=9"}}, {"CDN-Cache-Control: max-age=9"}},
      {"signed in, to a CDN",
       true,
       false,
       {{"CDN-Cache-Control", "max-age=9"}},
       {"CDN-Cache-Control: no-store", "Cache-Control: private"}},
      {"a private that is hop by hop is none",
       true,
       false,
       {{"Cache-Control", "no-store"}, {"Connection", "cache-control"}},
       {"Cache-Control: private"}},
      {"our cookie, the app says public",
       true,
       true,
       {{"cache-control", "public, max-age=60"}},
       {"Cache-Control: private, max-age=60"}},
      {"our cookie, private for a field alone",
       false,
       true,
       {{"Cache-Control", "public, max-age=600, private=\"x-foo\""}},
       {"Cache-Control: private, max-age=600"}},
      {"our cookie, the app is silent", true, true, {}, {"Cache-Control: private"}},
      {"our cookie, the app is as strict", true, true, {{"Cache-Control", "no-store"}}, {"Cache-Control: no-store"}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    lp::OutgoingResponse response = framed(Kind::length, 0);
    response.authenticated = c.authenticated;
    if (c.our_cookies) response.set_cookies = &cookies;
    std::string expected = "HTTP/1.1 200 Any\r\n";
    for (const std::string& line : c.lines) expected += line + "\r\n";
    if (c.our_cookies) expected += "Set-Cookie: logto_session=new; Path=/\r\n";
    CHECK(response_head(200, c.fields, response) == expected + "Content-Length: 0\r\n\r\n");
  }
}

TEST_CASE("a reason phrase with a control byte is left out") {
  lp::ResponseHead head;
  head.status = 200;
  head.reason = "a\r\nSet-Cookie: b";
  std::string out;
  lp::append_response_head(out, framed(Kind::length, 0), head, kRules);
  CHECK(out == "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("where we say Authorization, the client's own stays here, also where we have nothing to say") {
  const List clients = {{"Authorization", "Basic a"}, {"AUTHORIZATION", "Bearer b"}, {"Accept", "*/*"}};
  CHECK(head_with_own_authorization(clients, "Authorization: Basic ours\r\n") ==
        "GET / HTTP/1.1\r\nHost: wiki\r\nAuthorization: Basic ours\r\nAccept: */*\r\n\r\n");
  CHECK(head_with_own_authorization(clients, "") == "GET / HTTP/1.1\r\nHost: wiki\r\nAccept: */*\r\n\r\n");
}

TEST_CASE("an app is told the client's address, our port and the prefix in our words") {
  const auto told = [](const lp::ClientFacts& client, const lp::Origin& external) {
    lp::OutgoingRequest request;
    request.method = "GET";
    request.target = "/";
    request.host = "h";
    request.external = &external;
    request.client = &client;
    lp::ForwardedLines lines;
    static_cast<void>(lines.of({"9.9.9.9", "9.9.9.9", false}, {"http", "other.test", 80}));
    request.forwarded_lines = lines.of(client, external);
    request.stripped_prefix = "/app";
    request.tells_forwarded = true;
    std::string out;
    const List spoofs = {{"X-Real-IP", "6.6.6.6"},
                         {"x_forwarded_port", "6"},
                         {"X-Forwarded-Prefix", "/evil"},
                         {"Forwarded", "for=6.6.6.6"},
                         {"X-Script-Name", "/a"}};
    lp::append_request_head(out, request, fields_of(spoofs), kRules);
    return out.substr(out.find("Host: h") + 9);
  };
  CHECK(told({"1.2.3.4", "9.9.9.9, 1.2.3.4, 10.0.0.1", true}, kExternal) ==
        "X-Forwarded-For: 9.9.9.9, 1.2.3.4, 10.0.0.1\r\nX-Real-IP: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n"
        "X-Forwarded-Host: app.test\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Prefix: /app\r\n"
        "Forwarded: for=1.2.3.4;proto=https;host=\"app.test\"\r\n\r\n");
  CHECK(told({"2001:db8::1", "2001:db8::1", false}, {"http", "app.test", 8080}) ==
        "X-Forwarded-For: 2001:db8::1\r\nX-Real-IP: 2001:db8::1\r\nX-Forwarded-Proto: http\r\n"
        "X-Forwarded-Host: app.test:8080\r\nX-Forwarded-Port: 8080\r\nX-Forwarded-Prefix: /app\r\n"
        "Forwarded: for=\"[2001:db8::1]\";proto=http;host=\"app.test:8080\"\r\n\r\n");
  CHECK(told({"", "", false}, kExternal).find("Forwarded: for=unknown;proto=https") != std::string::npos);
}

TEST_CASE("fields that override the method stay here only where they must") {
  const auto told = [](bool drops) {
    lp::OutgoingRequest request;
    request.method = "POST";
    request.target = "/";
    request.host = "h";
    request.drops_method_override = drops;
    std::string out;
    const List fields = {{"X-HTTP-Method", "MERGE"},
                         {"x_http_method_override", "PUT"},
                         {"X.Method.Override", "PUT"},
                         {"X-Tunneled-Method", "PATCH"},
                         {"X-HTTP-Methods", "a"}};
    lp::append_request_head(out, request, fields_of(fields), kRules);
    return out.substr(out.find("Host: h") + 9);
  };
  CHECK(told(true) == "X-HTTP-Methods: a\r\n\r\n");
  CHECK(told(false) ==
        "X-HTTP-Method: MERGE\r\nx_http_method_override: PUT\r\nX.Method.Override: PUT\r\n"
        "X-Tunneled-Method: PATCH\r\nX-HTTP-Methods: a\r\n\r\n");
}

TEST_CASE("the fields alone are those of the head, without what is of this hop or this wire") {
  static const lp::ClientFacts client{"1.2.3.4", "1.2.3.4", false};
  lp::OutgoingRequest request;
  request.method = "POST";
  request.target = "/x";
  request.host = "wiki";
  request.request_id = "0123456789abcdef";
  request.body = {Kind::chunked, 0};
  request.keep_alive = false;
  std::string out;
  lp::append_request_fields(out, request, fields_of({{"Host", "x"}, {"TE", "trailers"}, {"Accept", "a"}}), kRules);
  CHECK(out == "X-Request-Id: 0123456789abcdef\r\nAccept: a\r\n");
  out.clear();
  request.body = {Kind::length, 3};
  lp::append_request_fields(out, request, {}, kRules);
  CHECK(out == "X-Request-Id: 0123456789abcdef\r\nContent-Length: 3\r\n");

  lp::ResponseHead head{200, "OK", 1, fields_of({{"Connection", "x-hop"}, {"X-Hop", "1"}, {"Server", "s"}})};
  out.clear();
  lp::append_response_fields(out, framed(Kind::chunked, 0), head, kRules);
  CHECK(out == "Server: s\r\n");
  out.clear();
  lp::append_response_fields(out, framed(Kind::length, 5), head, kRules);
  CHECK(out == "Server: s\r\nContent-Length: 5\r\n");
}

TEST_CASE("trailers that frame, route, sign in or tell who somebody is stay here") {
  const auto names = [](const lp::Fields& fields) {
    std::string all;
    for (const lp::Field& field : fields.all()) all.append(field.name).append(" ");
    return all;
  };
  const lp::Fields sent = fields_of({{"grpc-status", "0"},
                                     {"Content-Length", "1"},
                                     {"Transfer-Encoding", "chunked"},
                                     {"Host", "h"},
                                     {"Cookie", "a=b"},
                                     {"Authorization", "b"},
                                     {"X-Forwarded-User", "me"},
                                     {"x_forwarded_user", "me"},
                                     {"X-HTTP-Method", "PUT"},
                                     {"Content-Type", "a/b"},
                                     {"Content-Digest", "d"},
                                     {"Set-Cookie", "a=b"},
                                     {"Cache-Control", "public"},
                                     {"CDN-Cache-Control", "public"},
                                     {"X-Accel-Redirect", "/x"},
                                     {"traceparent", "x"},
                                     {"Access-Control-Allow-Origin", "*"},
                                     {"X-Frame-Options", "x"},
                                     {"Destination", "/admin"},
                                     {"Sec-Fetch-Site", "none"},
                                     {"Server-Timing", "x"}});
  CHECK(names(lp::request_trailers(sent, {}, nullptr, kRules)) == "grpc-status Content-Digest Server-Timing ");
  CHECK(names(lp::response_trailers(sent, nullptr, kRules)) == "grpc-status Content-Digest Server-Timing ");
}

TEST_CASE("what the head would have lost on this route, its trailers lose") {
  lp::Settings settings;
  lp::RouteSettings route;
  route.request_headers.set.emplace_back().header = "X-Api-Key";
  route.request_headers.remove = {"X-Debug-*"};
  route.pass_headers = {"X-Forwarded-User"};
  route.response_headers.remove = {"Server"};
  const lp::RequestFieldChanges request(settings, route);
  const lp::AnswerFieldChanges answer(settings, route);
  const auto count = [](const lp::Fields& fields) { return fields.all().size(); };
  const lp::Fields head = fields_of({{"Connection", "close, X-Named"}});
  for (const char* name : {"x-api-key", "x-debug-1", "X-Named"}) {
    CAPTURE(std::string(name));
    CHECK(count(lp::request_trailers(fields_of({{name, "1"}}), head, &request, kRules)) == 0);
    CHECK(count(lp::request_trailers(fields_of({{name, "1"}}), {}, nullptr, kRules)) == 1);
  }
  CHECK(count(lp::request_trailers(fields_of({{"X-Forwarded-User", "1"}}), head, &request, kRules)) == 1);
  CHECK(count(lp::response_trailers(fields_of({{"Server", "1"}}), &answer, kRules)) == 0);
  CHECK(count(lp::response_trailers(fields_of({{"Server", "1"}}), nullptr, kRules)) == 1);
}

TEST_CASE("a trace goes on, stays here, or begins here") {
  const List fields = {{"traceparent", "x"}, {"TraceState", "a=1"}, {"X-Other", "1"}};
  lp::TraceContext trace;
  const auto head = [&] {
    lp::OutgoingRequest request;
    request.method = "GET";
    request.target = "/";
    request.trace = &trace;
    std::string out;
    lp::append_request_head(out, request, fields_of(fields), kRules);
    return out;
  };
  CHECK(head().find("traceparent: x\r\nTraceState: a=1\r\n") != std::string::npos);
  trace.drops_fields = true;
  CHECK(head().find("race") == std::string::npos);
  CHECK(head().find("X-Other: 1\r\n") != std::string::npos);
  lp::make_trace({1, 2, 3}, trace);
  CHECK(head().find("traceparent: 00-00000000000000010000000000000002-0000000000000003-01\r\n") != std::string::npos);
}

TEST_CASE("who knows what to do with trailers") {
  for (const auto& [value, knows] : {std::pair{"trailers", true},
                                     {"gzip, Trailers", true},
                                     {"trailers;q=0.5", true},
                                     {"gzip", false},
                                     {"", false},
                                     {"trailersx", false}}) {
    lp::Fields fields;
    fields.add("te", value);
    CHECK(lp::takes_trailers(fields) == knows);
  }
  CHECK_FALSE(lp::takes_trailers(lp::Fields{}));
}
