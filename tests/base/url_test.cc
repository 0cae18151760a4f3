#include "base/url.h"

#include <doctest/doctest.h>

using namespace std::string_literals;

namespace {

struct UrlCase {
  const char* text;
  lp::Origin origin;
  const char* path;
  const char* query;
  const char* written;
};

struct AuthorityCase {
  std::string text;
  std::string host;
  std::uint16_t port;
};

}  // namespace

TEST_CASE("absolute URLs are taken apart and written again") {
  for (const UrlCase& c : {
           UrlCase{"https://a.test", {"https", "a.test", 443}, "/", "", "https://a.test/"},
           UrlCase{"HTTPS://A.Test:443/X?y=Z", {"https", "a.test", 443}, "/X", "y=Z", "https://a.test/X?y=Z"},
           UrlCase{"http://a.test:80/", {"http", "a.test", 80}, "/", "", "http://a.test/"},
           UrlCase{"http://a.test:443/", {"http", "a.test", 443}, "/", "", "http://a.test:443/"},
           UrlCase{"https://a.test:80?q", {"https", "a.test", 80}, "/", "q", "https://a.test:80/?q"},
           UrlCase{"http://[::1]:3001/oidc", {"http", "[::1]", 3001}, "/oidc", "", "http://[::1]:3001/oidc"},
           UrlCase{"http://[0:0::1]", {"http", "[::1]", 80}, "/", "", "http://[::1]/"},
           UrlCase{"http://127.0.0.1:8080/a@b:c?x@y/z?",
                   {"http", "127.0.0.1", 8080},
                   "/a@b:c",
                   "x@y/z?",
                   "http://127.0.0.1:8080/a@b:c?x@y/z?"},
           UrlCase{"http://my_app-1:9000/", {"http", "my_app-1", 9000}, "/", "", "http://my_app-1:9000/"},
       }) {
    CAPTURE(c.text);
    const auto url = lp::parse_url(c.text);
    REQUIRE(url.ok());
    CHECK(url->origin == c.origin);
    CHECK(url->path == c.path);
    CHECK(url->query == c.query);
    CHECK(url->text() == c.written);
  }
}

TEST_CASE("a URL that two readers could read differently is refused") {
  for (const std::string& text : {""s,
                                  "a.test"s,
                                  "//a.test/"s,
                                  "/path"s,
                                  "ftp://a.test/"s,
                                  "javascript://a.test/"s,
                                  "httpss://a.test/"s,
                                  "http:/a.test/"s,
                                  "http:a.test"s,
                                  "http:///a.test"s,
                                  "http://"s,
                                  "http:// a.test/"s,
                                  " http://a.test/"s,
                                  "http://a.test/ "s,
                                  "http://a.test/\n"s,
                                  "http://a.test/\0"s,
                                  "ht\ttp://a.test/"s,
                                  "http://a.test\\@b.test/"s,
                                  "http:\\\\a.test/"s,
                                  "http://a.test/\\b"s,
                                  "http://user@a.test/"s,
                                  "http://user:pw@a.test/"s,
                                  "http://@a.test/"s,
                                  "http://a.test#b"s,
                                  "http://a.test/#"s,
                                  "http://a.test:/"s,
                                  "http://a.test:0/"s,
                                  "http://a.test:080/"s,
                                  "http://a.test:65536/"s,
                                  "http://a.test:123456/"s,
                                  "http://a.test:80a/"s,
                                  "http://a.test:+80/"s,
                                  "http://a.test:-1/"s,
                                  "http://a.test:80:80/"s,
                                  "http://a..test/"s,
                                  "http://.a.test/"s,
                                  "http://a.test../"s,
                                  "http://./"s,
                                  "http://a%2etest/"s,
                                  "http://b\xc3\xbc.test/"s,
                                  "http://a.test/\xc3\xbc"s,
                                  "http://a,b.test/"s,
                                  "http://*.test/"s,
                                  "http://::1/"s,
                                  "http://[::1/"s,
                                  "http://::1]/"s,
                                  "http://[::1]a/"s,
                                  "http://[::1].test/"s,
                                  "http://[]/"s,
                                  "http://[::1%25lo]/"s,
                                  "http://[fe80::1%eth0]/"s,
                                  "http://[127.0.0.1]/"s,
                                  "http://[v1.a]/"s,
                                  "http://[[::1]]/"s,
                                  "http://2130706433/"s,
                                  "http://127.1/"s,
                                  "http://0x7f.1/"s,
                                  "http://127.0.0.0x1/"s,
                                  "http://0177.0.0.1/"s,
                                  "http://1.2.3.4.5/"s,
                                  "http://256.1.1.1/"s}) {
    CAPTURE(text);
    CHECK_FALSE(lp::parse_url(text).ok());
  }
}

TEST_CASE("an origin has neither path nor query") {
  const auto origin = lp::parse_origin("https://App.Test:8443/");
  REQUIRE(origin.ok());
  CHECK(origin->text() == "https://app.test:8443");
  CHECK(origin->authority() == "app.test:8443");
  CHECK(origin->is_https());
  CHECK(lp::parse_origin("https://app.test:443")->text() == "https://app.test");
  for (const char* text : {"null", "https://a.test/x", "https://a.test//", "https://a.test/?", "https://a.test?"}) {
    CAPTURE(text);
    CHECK_FALSE(lp::parse_origin(text).ok());
  }
}

TEST_CASE("an authority is lower-cased, without trailing dot, with its real port (threats P16, P17)") {
  for (const AuthorityCase& c : {
           AuthorityCase{"victim.test", "victim.test", 443},
           AuthorityCase{"VICTIM.TEST", "victim.test", 443},
           AuthorityCase{"victim.test.", "victim.test", 443},
           AuthorityCase{"victim.test:443", "victim.test", 443},
           AuthorityCase{"victim.test.:8443", "victim.test", 8443},
           AuthorityCase{"localhost:1", "localhost", 1},
           AuthorityCase{"1.2.3.4:65535", "1.2.3.4", 65535},
           AuthorityCase{"[::1]", "[::1]", 443},
           AuthorityCase{"[::FFFF:7f00:1]:8080", "[::ffff:127.0.0.1]", 8080},
           AuthorityCase{"0xylem.test", "0xylem.test", 443},
           AuthorityCase{"0xylem", "0xylem", 443},
           AuthorityCase{"a1", "a1", 443},
           AuthorityCase{std::string(253, 'a'), std::string(253, 'a'), 443},
       }) {
    CAPTURE(c.text);
    const auto authority = lp::parse_authority(c.text, 443);
    REQUIRE(authority.ok());
    CHECK(authority->host == c.host);
    CHECK(authority->port == c.port);
  }
}

TEST_CASE("an authority that is more or less than host and port is refused (threats S17, S21, H14)") {
  for (const std::string& text : {""s,
                                  "."s,
                                  ".."s,
                                  ":80"s,
                                  "a.test:"s,
                                  "a.test:x"s,
                                  "a.test:080"s,
                                  "a.test:65536"s,
                                  "a.test:4294967376"s,
                                  "a, b"s,
                                  "a.test,b.test"s,
                                  "user@a.test"s,
                                  "a.test/"s,
                                  "a.test/path"s,
                                  "a.test?q"s,
                                  "a.test#f"s,
                                  "a test"s,
                                  " a.test"s,
                                  "a.test "s,
                                  "a.test\t"s,
                                  "a.test\0"s,
                                  "a\0.test"s,
                                  "a.test.."s,
                                  "[::1%lo]"s,
                                  "[::1%25lo]"s,
                                  "[::1"s,
                                  "[]"s,
                                  "[:]"s,
                                  "]"s,
                                  "[::1]:"s,
                                  "[::1]80"s,
                                  "[::1\0]"s,
                                  "[ ::1]"s,
                                  "::1"s,
                                  "a%41.test"s,
                                  "a\\b"s,
                                  "http://a.test"s,
                                  "b\xc3\xbc.test"s,
                                  "127.1"s,
                                  "1"s,
                                  std::string(254, 'a'),
                                  std::string(300, 'a') + ".test"}) {
    CAPTURE(text);
    CHECK_FALSE(lp::parse_authority(text, 443).ok());
  }
}

TEST_CASE("forms are decoded in order, repeated names kept") {
  const auto pairs = lp::parse_form("a=1&b=x+y%2B&a=2&&c&=d&e==");
  REQUIRE(pairs.ok());
  CHECK(*pairs == lp::FormPairs{{"a", "1"}, {"b", "x y+"}, {"a", "2"}, {"c", ""}, {"", "d"}, {"e", "="}});
  CHECK(lp::parse_form("")->empty());
  CHECK(lp::parse_form("&&")->empty());
}

TEST_CASE("a form with a broken escape is refused whole") {
  for (const char* text : {"a=%", "a=%2", "a=1&b=%zz", "%=1", "a=1&%4g"}) {
    CAPTURE(text);
    CHECK_FALSE(lp::parse_form(text).ok());
  }
}

TEST_CASE("what a form encodes it decodes") {
  const lp::FormPairs pairs{
      {"redirect_uri", "https://a.test/_auth/callback?x=1&y"}, {"sc ope", "a+b \xc3\xa9\r\n"}, {"", ""}};
  CHECK(
      lp::form_encode(pairs).starts_with("redirect_uri=https%3A%2F%2Fa.test%2F_auth%2Fcallback%3Fx%3D1%26y&sc%20ope="));
  CHECK(*lp::parse_form(lp::form_encode(pairs)) == pairs);
}
