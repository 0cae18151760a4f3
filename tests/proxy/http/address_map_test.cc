#include "proxy/http/address_map.h"

#include <doctest/doctest.h>

#include <string>

using namespace lp;

namespace {

const Origin kPublic{"https", "app.test", 443};

struct World {
  Settings settings;
  RouteSettings route;
  World() {
    settings.external_urls = {kPublic, {"https", "other.test", 443}, {"http", "localhost", 8080}};
    at("10.0.0.5", 3000);
    route.upstream = "app";
  }
  UpstreamSettings& at(const char* host, std::uint16_t port) {
    UpstreamSettings& upstream = settings.upstreams["app"];
    upstream.host = host;
    upstream.port = port;
    return upstream;
  }
  World& prefix(const char* strip, const char* add = "") {
    route.strip_prefix = strip;
    route.add_prefix = add;
    return *this;
  }
  // As it reaches the browser.
  std::string tell(const char* name, const std::string& value, const Origin& external = kPublic) {
    const AddressMap map(settings, route);
    REQUIRE(AddressMap::may_concern(name));
    return map.mapped({name, value}, external).value_or(value);
  }
  std::string location(const std::string& value) { return tell("Location", value); }
  std::string cookie(const std::string& value) { return tell("set-cookie", value); }
};

}  // namespace

TEST_CASE("the app's own address becomes ours, and nobody else's does") {
  World world;
  const struct {
    const char* says;
    const char* value;
    const char* result;
  } cases[] = {
      {"its address", "http://10.0.0.5:3000/login?next=%2Fa#x", "https://app.test/login?next=%2Fa#x"},
      {"whatever the scheme it believes in", "https://10.0.0.5:3000/login", "https://app.test/login"},
      {"whatever the case", "HTTP://10.0.0.5:3000/Login", "https://app.test/Login"},
      {"the port of the scheme", "http://10.0.0.5/login", "https://app.test/login"},
      {"our port with its host", "https://10.0.0.5:443/login", "https://app.test/login"},
      {"no path", "http://10.0.0.5:3000", "https://app.test"},
      {"no path and a query", "http://10.0.0.5:3000?a", "https://app.test?a"},
      {"no scheme", "//10.0.0.5:3000/a", "https://app.test/a"},
      {"two slashes behind it name no host", "http://10.0.0.5:3000//evil.test/", "https://app.test//evil.test/"},
      {"another port is another server", "http://10.0.0.5:9000/", "http://10.0.0.5:9000/"},
      {"another host", "http://10.0.0.50:3000/", "http://10.0.0.50:3000/"},
      {"a host that begins so", "http://10.0.0.5:3000.evil.test/", "http://10.0.0.5:3000.evil.test/"},
      {"a user name is no host", "http://10.0.0.5:3000@evil.test/", "http://10.0.0.5:3000@evil.test/"},
      {"a user name before it", "http://me@10.0.0.5:3000/", "http://me@10.0.0.5:3000/"},
      {"our own address", "https://app.test/login", "https://app.test/login"},
      {"another one of ours", "https://other.test/login", "https://other.test/login"},
      {"a path", "/login", "/login"},
      {"a relative reference", "login?x", "login?x"},
      {"nothing", "", ""},
      {"a backslash", "http://10.0.0.5:3000\\@evil.test/", "http://10.0.0.5:3000\\@evil.test/"},
      {"a tab", "http://10.0.0.5:3000/\t/a", "http://10.0.0.5:3000/\t/a"},
      {"another scheme", "ftp://10.0.0.5:3000/", "ftp://10.0.0.5:3000/"},
      {"bytes above ASCII", "http://10.0.0.5:3000/\xc3\xa9", "https://app.test/\xc3\xa9"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    CHECK(world.location(c.value) == c.result);
    CHECK(world.tell("Content-Location", c.value) == c.result);
  }
  CHECK(world.tell("Location", "http://10.0.0.5:8443/a", {"https", "app.test", 8443}) == "https://app.test:8443/a");
}

TEST_CASE("an app is known by the name that it is asked by, and on loopback by all of its names") {
  World world;
  UpstreamSettings& upstream = world.at("127.0.0.1", 3000);
  CHECK(world.location("http://localhost:3000/a") == "https://app.test/a");
  CHECK(world.location("http://[::1]:3000/a") == "https://app.test/a");
  CHECK(world.location("http://localhost/a") == "http://localhost/a");
  CHECK(world.location("http://localhost:8080/a") == "http://localhost:8080/a");  // ours
  upstream.host_header = UpstreamSettings::Host::literal;
  upstream.host_literal = "wiki.internal";
  CHECK(world.location("https://wiki.internal/a") == "https://app.test/a");
  CHECK(world.location("http://wiki.internal:9000/a") == "http://wiki.internal:9000/a");
  CHECK(world.location("http://wiki.internal:3000/a") == "https://app.test/a");  // the port that the app has
  CHECK(world.location("//wiki.internal:3000/a") == "https://app.test/a");
  upstream.host_literal = "wiki.internal:9000";
  CHECK(world.location("http://wiki.internal:9000/a") == "https://app.test/a");
  CHECK(world.location("http://wiki.internal:3000/a") == "https://app.test/a");
  CHECK(world.location("http://wiki.internal:9001/a") == "http://wiki.internal:9001/a");
  upstream.host_literal = "other.test";
  CHECK(world.location("https://other.test/a") == "https://other.test/a");
  UpstreamSettings& v6 = world.at("2001:db8::1", 3000);
  v6.host_header = UpstreamSettings::Host::upstream;
  CHECK(world.location("http://[2001:DB8::1]:3000/a") == "https://app.test/a");
  v6.kind = UpstreamSettings::Kind::unix_socket;
  CHECK(world.location("http://localhost/a") == "https://app.test/a");
  v6.host_header = UpstreamSettings::Host::client;
  CHECK(world.location("http://localhost/a") == "http://localhost/a");
}

TEST_CASE("paths get the prefix that was taken off, once, and lose the one that was put before") {
  const struct {
    const char* says;
    const char* strip;
    const char* add;
    const char* value;
    const char* result;
  } cases[] = {
      {"a path", "/app", "", "/login?next=/x", "/app/login?next=/x"},
      {"the root", "/app", "", "/", "/app/"},
      {"a path of an app that was told the prefix", "/app", "", "/app/login", "/app/login"},
      {"the prefix itself", "/app", "", "/app", "/app"},
      {"a longer segment is no prefix", "/app", "", "/apples", "/app/apples"},
      {"below our address", "/app", "", "https://app.test/login", "https://app.test/app/login"},
      {"below our address, said by an app that does not know TLS", "/app", "", "http://app.test/login",
       "http://app.test/app/login"},
      {"another port of our host", "/app", "", "https://app.test:8443/login", "https://app.test:8443/login"},
      {"below the app's address", "/app", "", "http://10.0.0.5:3000/login", "https://app.test/app/login"},
      {"the app's address alone", "/app", "", "http://10.0.0.5:3000", "https://app.test/app/"},
      {"our own endpoints", "/app", "", "/_auth/sign-out", "/_auth/sign-out"},
      {"our own endpoints at the app's address", "/app", "", "http://10.0.0.5:3000/_auth/sign-out",
       "https://app.test/_auth/sign-out"},
      {"another host", "/app", "", "//evil.test/login", "//evil.test/login"},
      {"a relative reference", "/app", "", "login", "login"},
      {"a query alone", "/app", "", "?a=/b", "?a=/b"},
      {"a backslash", "/app", "", "/\\evil.test", "/\\evil.test"},
      {"added", "", "/v1", "/v1/login", "/login"},
      {"added, the root", "", "/v1", "/v1", "/"},
      {"added, another place", "", "/v1", "/login", "/login"},
      {"added, never a host", "", "/v1", "/v1//evil.test", "/v1//evil.test"},
      {"added, a longer segment", "", "/v1", "/v10/a", "/v10/a"},
      {"both", "/app", "/v1", "/v1/login", "/app/login"},
      {"both, another place", "/app", "/v1", "/login", "/login"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    CHECK(World().prefix(c.strip, c.add).location(c.value) == c.result);
  }
}

TEST_CASE("Refresh is read as browsers read it") {
  World world = World().prefix("/app");
  const std::pair<const char*, const char*> cases[] = {
      {"5", "5"},
      {"5; url=/login", "5; url=/app/login"},
      {"0;URL=http://10.0.0.5:3000/a", "0;URL=https://app.test/app/a"},
      {"0, url = '/login' ", "0, url = '/app/login' "},
      {"0; url=\"/login\"; x", "0; url=\"/app/login\"; x"},
      {"0; /login", "0; /app/login"},
      {"0; url=https://evil.test/", "0; url=https://evil.test/"},
      {"0;", "0;"},
      {"0; url", "0; url"},
      {"0; url=", "0; url="},
      {"0; url='", "0; url='"},
  };
  for (const auto& [value, result] : cases) {
    CAPTURE(value);
    CHECK(world.tell("REFRESH", value) == result);
  }
}

TEST_CASE("cookies are for the app's place at our address") {
  const struct {
    const char* says;
    const char* strip;
    const char* add;
    const char* value;
    const char* result;
  } cases[] = {
      {"all of the app", "/app", "", "a=1; Path=/; HttpOnly", "a=1; Path=/app; HttpOnly"},
      {"a part of it", "/app", "", "a=1;path=/x/", "a=1; Path=/app/x/"},
      {"of an app that was told the prefix", "/app", "", "a=1; Path=/app/", "a=1; Path=/app/"},
      {"the prefix itself", "/app", "", "a=1; Path=/app", "a=1; Path=/app"},
      {"no path", "/app", "", "a=1; Secure", "a=1; Secure"},
      {"an empty path", "/app", "", "a=1; Path=", "a=1; Path="},
      {"a cookie that browsers keep for / alone", "/app", "", "__Host-a=1; Path=/; Secure",
       "__Host-a=1; Path=/; Secure"},
      {"the same, as newer browsers compare", "/app", "", "__hOsT-a=1; Path=/; Secure", "__hOsT-a=1; Path=/; Secure"},
      {"the last of two counts, so both are moved", "/app", "", "a=1; Path=/x; Path=/y",
       "a=1; Path=/app/x; Path=/app/y"},
      {"a value that looks like one", "/app", "", "Path=/x; a", "Path=/x; a"},
      {"no prefix", "", "", "a=1; Path=/", "a=1; Path=/"},
      {"the app's host", "", "", "a=1; Domain=10.0.0.5; Path=/", "a=1; Path=/"},
      {"with a dot", "", "", "a=1; domain=.10.0.0.5", "a=1"},
      {"another host", "", "", "a=1; Domain=evil.test", "a=1; Domain=evil.test"},
      {"ours", "", "", "a=1; Domain=app.test", "a=1; Domain=app.test"},
      {"added", "", "/v1", "a=1; Path=/v1/x", "a=1; Path=/x"},
      {"added, all of it", "", "/v1", "a=1; Path=/v1", "a=1; Path=/"},
      {"added, more than it", "", "/v1/b", "a=1; Path=/v1", "a=1; Path=/"},
      {"added, another place", "", "/v1", "a=1; Path=/x", "a=1; Path=/x"},
      {"both", "/app", "/v1", "a=1; Path=/", "a=1; Path=/app"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    CHECK(World().prefix(c.strip, c.add).cookie(c.value) == c.result);
  }
}

TEST_CASE("other fields are nobody's business") {
  for (const char* name : {"Link", "Locations", "X-Location", "Content-Type", "Set-Cookie2", "", "Destination"}) {
    CAPTURE(name);
    CHECK_FALSE(AddressMap::may_concern(name));
  }
}
