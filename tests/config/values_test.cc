#include <doctest/doctest.h>

#include "config/claims.h"
#include "config/path_pattern.h"
#include "config/value.h"
#include "config/yaml/suggest.h"
#include "tests/support/config.h"

using namespace lp;
using namespace lp::test;

TEST_CASE("durations have one number and one unit") {
  CHECK(parse_duration("500ms").value() == 500);
  CHECK(parse_duration("30s").value() == 30000);
  CHECK(parse_duration("14d").value() == 14 * kDay);
  for (const auto* bad :
       {"", "30", "s", "1.5h", "-1s", "+1s", "1h30m", "1 s", "1S", "99999999999999999999d", "999999999999999d"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration(bad).ok());
  }
  for (const auto* text : {"500ms", "90s", "15m", "24h", "14d", "0ms"}) {
    if (std::string_view(text) != "24h") CHECK(format_duration(parse_duration(text).value()) == text);
  }
  CHECK(format_duration(24 * kHour) == "1d");
}

TEST_CASE("sizes are in binary units") {
  CHECK(parse_size("512").value() == 512);
  CHECK(parse_size("64KiB").value() == 65536);
  CHECK(parse_size("none").value() == kUnlimited);
  CHECK(parse_size("1GiB").value() == 1073741824);
  for (const auto* bad : {"", "1KB", "1k", "-1", "KiB", "1.5MiB", "9999999999999GiB"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_size(bad).ok());
  }
  CHECK(format_size(65536) == "64KiB");
  CHECK(format_size(kUnlimited) == "none");
  CHECK(format_size(1000) == "1000");
}

TEST_CASE("addresses and ranges are kept v4-mapped") {
  CHECK(parse_cidr("10.0.0.0/8").value() == parse_cidr("::ffff:10.0.0.0/104").value());
  CHECK(parse_cidr("192.0.2.1").value() == parse_cidr("192.0.2.1/32").value());
  for (const auto* same : {"10.0.0.0/8", "192.0.2.1", "fd00::/8", "::1", "0.0.0.0/0", "::/0"}) {
    CAPTURE(same);
    CHECK(format_cidr(parse_cidr(same).value()) == same);
  }
  for (const auto* bad :
       {"", "10.0.0.1/8", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "x", "10.0.0.0/", "10.0.0.0/8/8", "1%eth0"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_cidr(bad).ok());
  }
}

TEST_CASE("listen addresses are IP literals or sockets") {
  for (const auto* same : {"127.0.0.1:8080", "0.0.0.0:0", "[::]:8443", "unix:/run/x.sock"}) {
    CAPTURE(same);
    CHECK(format_listen(parse_listen(same).value()) == same);
  }
  for (const auto* bad : {"", ":8080", "8080", "localhost:80", "::1:80", "[127.0.0.1]:80", "[::]", "1.2.3.4:65536",
                          "unix:", "unix:x", "http://1.2.3.4:5"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_listen(bad).ok());
  }
}

TEST_CASE("upstreams are http or a socket, without a path") {
  UpstreamSettings u;
  for (const auto* same : {"http://wiki:8080", "http://my_app", "http://[::1]:81", "https://wiki", "https://wiki:8443",
                           "unix:/run/x.sock"}) {
    CAPTURE(same);
    CHECK(parse_upstream_url(same, u).ok());
    CHECK(format_upstream_url(u) == same);
  }
  for (const auto* bad :
       {"wiki:8080", "http://wiki/x", "http://wiki/?a", "https://wiki/x", "ftp://x", "unix:x", "http://u@wiki"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_upstream_url(bad, u).ok());
  }
}

TEST_CASE("a Redis server is named by host or socket") {
  struct Good {
    const char* text;
    const char* printed;
  };
  for (const Good& g : std::vector<Good>{{"redis://cache", "redis://cache:6379/0"},
                                         {"redis://cache/", "redis://cache:6379/0"},
                                         {"redis://Cache:7000/2", "redis://cache:7000/2"},
                                         {"rediss://[::1]:6380", "rediss://[::1]:6380/0"},
                                         {"redis://proxy@127.0.0.1", "redis://proxy@127.0.0.1:6379/0"},
                                         {"redis://a%3Ab%40c@h/1", "redis://a%3Ab%40c@h:6379/1"},
                                         {"unix:/run/redis.sock", "unix:/run/redis.sock?db=0"},
                                         {"unix:/run/redis@main/x.sock", "unix:/run/redis@main/x.sock?db=0"},
                                         {"unix:///run/redis.sock?db=4", "unix:///run/redis.sock?db=4"}}) {
    CAPTURE(g.text);
    RedisSettings redis;
    const auto parsed = parse_redis_url(g.text, redis);
    REQUIRE(parsed.ok());
    CHECK(redis.is_configured());
    CHECK(format_redis_url(redis) == g.printed);
    RedisSettings again;
    CHECK(parse_redis_url(g.printed, again).ok());
    CHECK(format_redis_url(again) == g.printed);
  }
  for (const auto* bad : {"",
                          "cache:6379",
                          "http://cache",
                          "redis:cache",
                          "redis://",
                          "redis://:6379",
                          "redis://h:0",
                          "redis://h:65536",
                          "redis://h/one",
                          "redis://h/-1",
                          "redis://h/1/2",
                          "redis://h/99999999",
                          "redis://@h",
                          "redis://%zz@h",
                          "redis://a b",
                          "unix:",
                          "unix:run/redis.sock",
                          "unix:/r?db=",
                          "unix:/r?db=x",
                          "unix:/r?database=1"}) {
    CAPTURE(bad);
    RedisSettings redis;
    CHECK_FALSE(parse_redis_url(bad, redis).ok());
    CHECK_FALSE(redis.tls);
  }
}

TEST_CASE("a password in the URL of Redis is refused, and not shown") {
  for (const auto* url :
       {"redis://:hunter2@h", "redis://user:hunter2@h:6379/0", "rediss://user:hun@ter2@h", "redis://hunter2@user@h:x",
        "redis://h/0?password=hunter2", "redis://h/0&password=hunter2", "redis://h?password=hunter2",
        "unix:/run/x?password=hunter2", "unix://user:hunter2@/run/x", "unix:/run/x?db=0&password=hunter2",
        "redis://user:hunter2%@h", "redis-socket://user:hunter2@/x"}) {
    CAPTURE(url);
    RedisSettings redis;
    const auto parsed = parse_redis_url(url, redis);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().message.find("hun") == std::string::npos);
    CHECK(parsed.error().message.find("ter2") == std::string::npos);
  }
}

TEST_CASE("what Redis has beside a single server is refused by name") {
  for (const auto* url : {"redis-sentinel://h/primary", "redis+sentinel://h", "rediss+sentinel://h"}) {
    RedisSettings redis;
    const auto parsed = parse_redis_url(url, redis);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().message.find("Sentinel is not built yet") == 0);
  }
  RedisSettings redis;
  const auto parsed = parse_redis_url("redis-cluster://h", redis);
  REQUIRE_FALSE(parsed.ok());
  CHECK(parsed.error().message.find("Redis Cluster is not built yet") == 0);
}

TEST_CASE("session secrets are base64 of 32 bytes or more, in either alphabet") {
  const std::string standard = "++++////DknReW49sUGPNJnBb8tbZgF4VMz1oS0XP3U=";
  const std::string url = "----____DknReW49sUGPNJnBb8tbZgF4VMz1oS0XP3U";
  CHECK(parse_session_secret(standard).value().equals(parse_session_secret(url).value().reveal()));
  CHECK(parse_session_secret(url + "=").ok());
  for (const auto& bad :
       {std::string(), std::string("AAAA"), url.substr(1), std::string(64, '!'), url + "==", url + "\n"}) {
    const auto parsed = parse_session_secret(bad);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().message.starts_with(
        "expected base64 of 32 bytes or more (the value is not shown); `logto-proxy secret` prints one (this "));
  }
}

TEST_CASE("values of the authorization request are those that Logto accepts") {
  for (const auto* good : {"social:linkedin", "social:my-oidc.x_1", "sso:abc123"}) CHECK(parse_with(good).ok());
  for (const auto* bad : {"", "linkedin", "social:", "social:a:b", "social:a b", "SOCIAL:x", "oidc:x", "social:a\n"}) {
    CHECK_FALSE(parse_with(bad).ok());
  }
  for (const auto* good : {"login", "consent", "none", "login consent", "consent login"})
    CHECK(parse_prompt(good).ok());
  for (const auto* bad : {"", "select_account", "create", "none login", "login login", "Login"}) {
    CHECK_FALSE(parse_prompt(bad).ok());
  }
  for (const auto* good : {"ja", "ja en", "pt-BR", "zh-Hant-TW"}) CHECK(parse_ui_locales(good).ok());
  for (const auto* bad : {"", "j", "ja,en", "12", "en-", "en--US", "日本"}) CHECK_FALSE(parse_ui_locales(bad).ok());
  CHECK(parse_first_screen("identifier:register").ok());
  for (const auto* bad : {"", "signIn", "bogus", "identifier:reset"}) CHECK_FALSE(parse_first_screen(bad).ok());
}

TEST_CASE("further parameters never replace ours") {
  for (const auto* ours : {"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce",
                           "code_challenge", "code_challenge_method", "prompt", "direct_sign_in", "first_screen",
                           "ui_locales", "request", "request_uri", "client_secret", "id_token_hint"}) {
    CAPTURE(ours);
    CHECK_FALSE(check_extra_parameter(ours, "login").ok());
  }
  CHECK(check_extra_parameter("login_hint", "a@b").ok());
  CHECK(check_extra_parameter("identifier", "email phone").ok());
  CHECK(check_extra_parameter("anything", "").ok());
  CHECK(check_extra_parameter("resource", "https://api.example.com/").ok());
  CHECK_FALSE(check_extra_parameter("identifier", "mail").ok());
  CHECK_FALSE(check_extra_parameter("interaction_mode", "sign_up").ok());
  CHECK_FALSE(check_extra_parameter("max_age", "soon").ok());
  CHECK_FALSE(check_extra_parameter("resource", "api").ok());
  CHECK_FALSE(check_extra_parameter("resource", "https://a/#b").ok());
  CHECK_FALSE(check_extra_parameter("a b", "x").ok());
  CHECK_FALSE(check_extra_parameter("login_hint", "a\r\nb").ok());
}

TEST_CASE("path patterns are in the form that the router matches") {
  using Kind = PathPattern::Kind;
  struct Good {
    const char* text;
    Kind kind;
    const char* path;
  };
  for (const Good& g : std::vector<Good>{{"/*", Kind::prefix, ""},
                                         {"/public/*", Kind::prefix, "/public"},
                                         {"/a/b", Kind::exact, "/a/b"},
                                         {"/a/", Kind::exact, "/a/"},
                                         {"/", Kind::exact, "/"},
                                         {"/caf%C3%A9/*", Kind::prefix, "/caf%C3%A9"},
                                         {"/a%2Fb", Kind::exact, "/a%2Fb"},
                                         {"/~me/a.b;c=1", Kind::exact, "/~me/a.b;c=1"},
                                         {"~ /users/[0-9]+", Kind::regex, "/users/[0-9]+"}}) {
    CAPTURE(g.text);
    const auto parsed = parse_path_pattern(g.text);
    REQUIRE(parsed.ok());
    CHECK(parsed->kind == g.kind);
    CHECK(parsed->text == g.path);
    CHECK(format_path_pattern(*parsed) == g.text);
  }
  for (const auto* bad : {"",     "a",     "*",    "/a*",   "/*/b", "//",   "/a//b",   "//*",    "/a/./b",
                          "/..",  "/a/..", "/a?b", "/a#b",  "/a b", "/%61", "/%c3%a9", "/%2",    "/%zz",
                          "/%00", "/%5C",  "/\\",  "/café", "/%FF", "~",    "~ (",     "~ (?<a", "/a|b"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_path_pattern(bad).ok());
  }
}

TEST_CASE("one pattern covers another only when that is certain") {
  const auto p = [](const char* text) { return parse_path_pattern(text).value(); };
  CHECK(covers(p("/*"), p("~ /x")));
  CHECK(covers(p("/a/*"), p("/a")));
  CHECK(covers(p("/a/*"), p("/a/")));
  CHECK(covers(p("/a/*"), p("/a/b/*")));
  CHECK(covers(p("~ /a/[0-9]"), p("/a/1")));
  CHECK_FALSE(covers(p("/a/*"), p("/ab")));
  CHECK_FALSE(covers(p("/a"), p("/a/*")));
  CHECK(covers(p("~ /.*"), p("/a/*")));
  CHECK(covers(p("~ .*"), p("~ /a[0-9]")));
  CHECK(covers(p("~ /a\\.b.*"), p("/a.b/c/*")));
  CHECK_FALSE(covers(p("~ /a.b.*"), p("/a.b/*")));
  CHECK_FALSE(covers(p("~ /a/.*"), p("/a/*")));  // but for /a itself
  CHECK_FALSE(covers(p("~ /[a-z]+"), p("/a/*")));
  CHECK_FALSE(covers(p("/a/*"), p("/*")));
}

TEST_CASE("the nearest word is near") {
  const std::vector<std::string> words{"idle_timeout", "max_lifetime", "store"};
  CHECK(nearest("idle_timout", words) == "idle_timeout");
  CHECK(nearest("idle-timeout", words) == "idle_timeout");
  CHECK(nearest("maxlifetime", words) == "max_lifetime");
  CHECK(nearest("sotre", words) == "store");
  CHECK(nearest("colour", words) == "");
  CHECK(nearest(std::string(10000, 'x'), words) == "");
}

TEST_CASE("claims know their scope") {
  CHECK(scope_of_claim("email") == "email");
  CHECK(scope_of_claim("identities") == "identities");
  CHECK(scope_of_claim("sub") == "");
  CHECK(scope_of_claim("my_claim") == "");
}
