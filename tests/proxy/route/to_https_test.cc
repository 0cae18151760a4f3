#include "proxy/route/to_https.h"

#include <doctest/doctest.h>

#include <string>

using namespace lp;

namespace {

Settings settings() {
  Settings made;
  made.external_urls = {{"https", "app.test", 443},
                        {"https", "other.test", 8443},
                        {"http", "plain.test", 80},
                        {"https", "*.wild.test", 443},
                        {"https", "[2001:db8::1]", 443}};
  made.sign_in_url = Origin{"https", "auth.test", 443};
  RealmSettings realm;
  realm.external_urls = {{"https", "shop.test", 443}};
  made.realms = {realm};
  return made;
}

}  // namespace

TEST_CASE("people are sent to the same address under https, of hosts that are ours") {
  struct Row {
    const char* what;
    std::string host, method, target;
    int status;
    std::string location;
  };
  const Row rows[] = {
      {"a page", "app.test", "GET", "/a?b=c", 301, "https://app.test/a?b=c"},
      {"with the port of http", "app.test:80", "GET", "/", 301, "https://app.test/"},
      {"with another port, and a dot", "APP.test.:8080", "HEAD", "/", 301, "https://app.test/"},
      {"a form keeps its method", "app.test", "POST", "/a", 308, "https://app.test/a"},
      {"a port of its own", "other.test", "GET", "/", 301, "https://other.test:8443/"},
      {"below a wildcard", "x.wild.test", "GET", "/", 301, "https://x.wild.test/"},
      {"an address", "[2001:db8::1]:8080", "GET", "/", 301, "https://[2001:db8::1]/"},
      {"the host that signs in", "auth.test", "GET", "/", 301, "https://auth.test/"},
      {"of another realm", "shop.test", "GET", "/", 301, "https://shop.test/"},
      {"a path that looks like a host", "app.test", "GET", "//evil.test/", 301, "https://app.test//evil.test/"},
      {"somebody else's host", "evil.test", "GET", "/", 421, ""},
      {"one that ends like ours", "evilapp.test", "GET", "/", 421, ""},
      {"with a user", "app.test@evil.test", "GET", "/", 421, ""},
      {"served without TLS", "plain.test", "GET", "/", 421, ""},
      {"no host", "", "GET", "/", 421, ""},
      {"no path", "app.test", "OPTIONS", "*", 400, ""},
  };
  const Settings of = settings();
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const Answer answer = answer_to_https(row.host, row.method, row.target, of);
    CHECK(answer.status == row.status);
    std::string location;
    for (const auto& [name, value] : answer.headers) {
      if (name == "Location") location = value;
    }
    CHECK(location == row.location);
  }
}
