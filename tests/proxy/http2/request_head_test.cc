#include "proxy/http2/request_head.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace lp;

namespace {

using List = std::vector<std::pair<std::string, std::string>>;

struct Asked {
  explicit Asked(const List& fields, bool ends_stream = true, HeadLimits limits = {}) : head(limits) {
    for (const auto& [name, value] : fields) head.add(name, value);
    error = head.finish({ends_stream, "dGhlIHNhbXBsZSBub25jZQ=="}, request);
  }
  [[nodiscard]] std::string verdict() const { return error ? std::to_string(error->status) : "good"; }
  Http2RequestHead head;
  ParsedRequest request;
  std::optional<ParseError> error;
};

List get(const List& more = {}) {
  List all{{":method", "GET"}, {":scheme", "https"}, {":authority", "app.test"}, {":path", "/a?b"}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

List instead(const std::string& name, const std::string& value) {
  List all = get();
  for (auto& one : all) {
    if (one.first == name) one.second = value;
  }
  return all;
}

}  // namespace

TEST_CASE("a request of HTTP/2 reads as one of HTTP/1.1") {
  const Asked asked(get({{"accept", "*/*"}, {"cookie", "a=1"}, {"x-a", "b"}, {"cookie", "c=2"}}));
  REQUIRE_FALSE(asked.error);
  CHECK(asked.request.head.method == "GET");
  CHECK(asked.request.authority == "app.test");
  CHECK(asked.request.path_and_query == "/a?b");
  CHECK(asked.request.head.fields.get("accept") == "*/*");
  CHECK(asked.request.head.fields.get("cookie") == "a=1; c=2");
  CHECK(asked.request.head.fields.count("cookie") == 1);
  CHECK(asked.request.body.kind == BodyFraming::Kind::none);
  CHECK(asked.request.keep_alive);
}

TEST_CASE("a body has the length that is told, or none that is known") {
  List post = instead(":method", "POST");
  CHECK(Asked(post, false).request.body.kind == BodyFraming::Kind::chunked);
  post.emplace_back("content-length", "5");
  const Asked asked(post, false);
  CHECK(asked.request.body.kind == BodyFraming::Kind::length);
  CHECK(asked.request.body.length == 5);
  CHECK(Asked(post, true).verdict() == "400");
}

TEST_CASE("what HTTP/2 must not say") {
  struct Row {
    const char* what;
    List fields;
    const char* verdict;
  };
  List host_only = get({{"host", "app.test"}});
  host_only.erase(host_only.begin() + 2);
  List without = get();
  without.erase(without.begin() + 2);
  const Row rows[] = {
      {"as it should be", get(), "good"},
      {"Host that agrees", get({{"host", "APP.test"}}), "good"},
      {"Host alone", host_only, "good"},
      {"te: trailers", get({{"te", "trailers"}}), "good"},
      {"nobody is asked", without, "400"},
      {"Host that differs", get({{"host", "b.test"}}), "400"},
      {"two Hosts", get({{"host", "app.test"}, {"host", "app.test"}}), "400"},
      {"te: gzip", get({{"te", "gzip"}}), "400"},
      {"connection", get({{"connection", "close"}}), "400"},
      {"transfer-encoding", get({{"transfer-encoding", "chunked"}}), "400"},
      {"upgrade", get({{"upgrade", "websocket"}}), "400"},
      {"capitals", get({{"X-A", "b"}}), "400"},
      {"no name", get({{"", "b"}}), "400"},
      {"a line break in a value", get({{"x-a", "b\r\nx-b: c"}}), "400"},
      {"LF in a value", get({{"x-a", "b\nc"}}), "400"},
      {"NUL in a value", get({{"x-a", std::string("b\0c", 3)}}), "400"},
      {"a line break in a cookie", get({{"cookie", "a\r\nb: c"}}), "400"},
      {"a request in the method", instead(":method", "GET / HTTP/1.1\r\nx: y\r\n\r\n"), "400"},
      {"a blank in the path", instead(":path", "/a b"), "400"},
      {"a line in the path", instead(":path", "/a HTTP/1.1\r\nx: y"), "400"},
      {"no path", instead(":path", ""), "400"},
      {"a path of the server", instead(":path", "*"), "400"},
      {"an absolute path", instead(":path", "http://app.test/a"), "400"},
      {"a line in the authority", instead(":authority", "a\r\nx: y"), "400"},
      {"a user in the authority", instead(":authority", "u@app.test"), "400"},
      {"another scheme", instead(":scheme", "ftp"), "400"},
      {"capitals in the scheme", instead(":scheme", "HtTpS"), "400"},
      {"TRACE", instead(":method", "TRACE"), "405"},
      {"CONNECT", instead(":method", "CONNECT"), "405"},
      {"a path twice", get({{":path", "/b"}}), "400"},
      {"an unknown pseudo-header field", get({{":status", "200"}}), "400"},
      {"two lengths", get({{"content-length", "0"}, {"content-length", "0"}}), "400"},
      {"a length that is none", get({{"content-length", "+5"}}), "400"},
      {"a long method", instead(":method", std::string(40, 'x')), "501"},
      {"a long path", instead(":path", "/" + std::string(16 * 1024, 'x')), "414"},
      {"a large head", get({{"x-a", std::string(64 * 1024, 'x')}}), "431"},
      {"what is expected", get({{"expect", "wonders"}}), "417"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(Asked(row.fields).verdict() == row.verdict);
  }
}

TEST_CASE("more fields than there may be: those that are too many are not kept") {
  CHECK(Asked(get(List(199, {"x-a", "b"}))).verdict() == "good");
  CHECK(Asked(get(List(200, {"x-a", "b"}))).verdict() == "431");
  const Asked crumbs(get(List(1000, {"cookie", "a=b"})));
  CHECK(crumbs.verdict() == "good");
  const Asked bomb(get(List(200, {"x-a", std::string(4000, 'b')})));
  CHECK(bomb.verdict() == "431");
  CHECK(bomb.head.memory() < 4096);
}

TEST_CASE("a WebSocket is asked for with our own handshake (RFC 8441)") {
  List fields{{":method", "CONNECT"},         {":protocol", "websocket"}, {":scheme", "https"},
              {":authority", "app.test"},     {":path", "/ws"},           {"sec-websocket-version", "13"},
              {"sec-websocket-key", "theirs"}};
  const Asked asked(fields, false);
  REQUIRE_FALSE(asked.error);
  CHECK(asked.head.asks_for_tunnel());
  CHECK(asked.request.wants_websocket);
  CHECK(asked.request.head.method == "GET");
  CHECK(asked.request.head.fields.get("Sec-WebSocket-Key") == "dGhlIHNhbXBsZSBub25jZQ==");
  CHECK(asked.request.body.kind == BodyFraming::Kind::none);
  fields[1].second = "connect-udp";
  CHECK(Asked(fields, false).verdict() == "501");
  CHECK(Asked(get({{":protocol", "websocket"}})).verdict() == "400");
  List plain = get();
  plain.insert(plain.begin(), {":protocol", "websocket"});
  CHECK(Asked(plain).verdict() == "400");
}

TEST_CASE("one head serves many requests, and nothing of one is in the next") {
  Http2RequestHead head(HeadLimits{});
  std::vector<ParsedRequest> requests(3);
  std::vector<std::string> texts;
  const List tunnel{{":method", "CONNECT"},     {":protocol", "websocket"}, {":scheme", "https"},
                    {":authority", "app.test"}, {":path", "/ws"},           {"sec-websocket-version", "13"}};
  const std::vector<List> asked{get({{"cookie", "a=1"}, {"host", "app.test"}, {"content-length", "0"}}), tunnel, get()};
  for (std::size_t i = 0; i < asked.size(); ++i) {
    head.start_over();
    for (const auto& [name, value] : asked[i]) head.add(name, value);
    REQUIRE_FALSE(head.finish({i != 1, "dGhlIHNhbXBsZSBub25jZQ=="}, requests[i]));
    CHECK(head.asks_for_tunnel() == (i == 1));
    texts.push_back(head.take_text());
  }
  CHECK(requests[0].head.fields.get("cookie") == "a=1");
  CHECK(requests[1].wants_websocket);
  CHECK(texts[2] == "GET /a?b HTTP/1.1\r\nhost: app.test\r\n\r\n");
  CHECK(requests[2].head.fields.size() == 1);
  head.start_over();
  head.add(":broken", "");
  CHECK(head.finish({}, requests[0])->status == 400);
  head.start_over();
  for (const auto& [name, value] : get()) head.add(name, value);
  CHECK_FALSE(head.finish({true, {}}, requests[0]));
  head.release();
  CHECK(head.memory() < 1024);
}

TEST_CASE("trailers are fields, and no others") {
  Http2Trailers good(HeadLimits{});
  good.add("grpc-status", "0");
  good.add("grpc-message", "");
  REQUIRE_FALSE(good.is_bad());
  CHECK(good.fields().get("grpc-status") == "0");
  CHECK(good.fields().size() == 2);
  for (const auto& [name, value] : List{{":path", "/"}, {"A", "b"}, {"connection", "close"}, {"a", "b\nc"}}) {
    Http2Trailers bad(HeadLimits{});
    bad.add(name, value);
    CHECK(bad.is_bad());
    bad.add("x-good", "1");
    CHECK(bad.is_bad());
    CHECK(bad.fields().size() == 0);
  }
}
