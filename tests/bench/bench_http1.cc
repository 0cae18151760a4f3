#include <string>

#include "auth/identity/client_headers.h"
#include "bench.h"
#include "proxy/http/client_facts.h"
#include "proxy/http/forwarding.h"
#include "proxy/http1/request.h"
#include "proxy/http1/response.h"
#include "proxy/http1/scan.h"

int main() {
  using namespace lp;
  using namespace lp::bench;
  const std::string cookie = "__Host-logto_session=" + std::string(600, 'c');
  const std::string bytes = browser_request("/app1/wiki/page?version=7", cookie);
  const HeadLimits limits;
  HeadScanner scanner;
  ParsedRequest request;
  std::printf("request head of %zu bytes\n", bytes.size());
  report("head: scan and parse", [&] {
    scanner.reset();
    request.clear();
    keep(scanner.scan(bytes, limits));
    keep(parse_request_head(bytes, limits, request));
  });

  const auto settings = settings_with_routes(1);
  const ClientHeaderRules rules(*settings);
  const std::string identity =
      "X-Forwarded-User: u1\r\nX-Forwarded-Email: alice@example.test\r\nX-Forwarded-Groups: editor\r\n";
  ClientFacts client;
  ForwardedLines lines;
  std::string out;
  report("request: client facts and head for the upstream", [&] {
    client = client_facts("192.0.2.1", request.head.fields, settings->trusted_proxies);
    OutgoingRequest outgoing;
    outgoing.method = request.head.method;
    outgoing.target = request.path_and_query;
    outgoing.host = request.authority;
    outgoing.external = &settings->external_urls.front();
    outgoing.client = &client;
    outgoing.forwarded_lines = lines.of(client, settings->external_urls.front());
    outgoing.request_id = "0123456789abcdef";
    outgoing.identity_lines = identity;
    out.clear();
    append_request_head(out, outgoing, request.head.fields, rules);
    keep(out);
  });

  const std::string response_bytes =
      "HTTP/1.1 200 OK\r\nServer: app\r\nDate: Sun, 22 Nov 2026 05:42:26 GMT\r\nContent-Type: text/html; "
      "charset=utf-8\r\n"
      "Content-Length: 5120\r\nCache-Control: no-cache\r\nETag: \"abc\"\r\nSet-Cookie: theme=dark; Path=/\r\nVary: "
      "Cookie\r\n\r\n";
  HeadScanner response_scanner(HeadScanner::Kind::response);
  ParsedResponse response;
  report("response: scan, parse and head for the client", [&] {
    response_scanner.reset();
    response.clear();
    keep(response_scanner.scan(response_bytes, limits));
    keep(parse_response_head(response_bytes, "GET", limits, response));
    OutgoingResponse outgoing;
    outgoing.body = response.body;
    outgoing.authenticated = true;
    out.clear();
    append_response_head(out, outgoing, response.head, rules);
    keep(out);
  });
}
