#include "base/resolver.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>

#include <string>
#include <vector>

#include "tests/support/turn_loop.h"

using namespace lp;
using namespace lp::test;

namespace {
std::string texts(const std::vector<SocketAddress>& addresses) {
  std::string out;
  for (const auto& address : addresses) out += (out.empty() ? "" : " ") + address_text(address);
  return out;
}
}  // namespace

TEST_CASE("literals and localhost need no look-up") {
  const struct {
    const char* host;
    const char* addresses;
  } cases[] = {
      {"127.0.0.1", "127.0.0.1"},
      {"192.0.2.200", "192.0.2.200"},
      {"::1", "::1"},
      {"2001:db8::0:1", "2001:db8::1"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"localhost", "127.0.0.1 ::1"},
      {"LocalHost", "127.0.0.1 ::1"},
      {"app.localhost", "127.0.0.1 ::1"},
      {"localhost.example", ""},
      {"notlocalhost", ""},
      {"127.1", ""},  // the loose forms of inet_aton are no addresses
      {"0x7f000001", ""},
      {"2130706433", ""},
      {"0177.0.0.1", ""},
      {"[::1]", ""},
      {"", ""},
      {"wiki", ""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.host);
    CHECK(texts(addresses_without_lookup(c.host)) == c.addresses);
  }
}

TEST_CASE("the hosts file") {
  const struct {
    std::string says;
    const char* text;
    const char* addresses;
  } cases[] = {
      {"an empty file", "", ""},
      {"one line without end", "192.0.2.1 wiki", "192.0.2.1"},
      {"tabs and spaces, name in any case", "192.0.2.1\t \tWIKI  \n", "192.0.2.1"},
      {"DOS lines", "192.0.2.1 wiki\r\n192.0.2.2 other\r\n", "192.0.2.1"},
      {"an alias", "192.0.2.1 www web wiki\n", "192.0.2.1"},
      {"several lines, in order, both families", "2001:db8::1 wiki\n192.0.2.9 wiki\n", "2001:db8::1 192.0.2.9"},
      {"a name that comes twice in a line counts once", "192.0.2.1 wiki wiki\n", "192.0.2.1"},
      {"comments", "# 192.0.2.1 wiki\n192.0.2.2 other # wiki\n", ""},
      {"a comment right behind the name", "192.0.2.2 wiki#x\n", "192.0.2.2"},
      {"parts of names are no names", "192.0.2.1 wiki.example my-wiki wikis\n", ""},
      {"lines that begin with no address", "wiki 192.0.2.1\nnonsense\n \n\n300.1.1.1 wiki\n", ""},
      {"an address alone", "192.0.2.1\n192.0.2.3 wiki\n", "192.0.2.3"},
      {"leading space", "  192.0.2.1 wiki\n", "192.0.2.1"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    CHECK(texts(addresses_in_hosts(c.text, "wiki")) == c.addresses);
  }
}

TEST_CASE("ports are set for both families") {
  for (const char* host : {"192.0.2.1", "2001:db8::1"}) {
    SocketAddress address = addresses_without_lookup(host).front();
    set_port(address, 8080);
    const auto port = address.storage.ss_family == AF_INET
                          ? reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port
                          : reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port;
    CHECK(port == htons(8080));
  }
}

TEST_CASE("what needs no look-up is known, and is not forgotten") {
  EventLoop loop;
  Resolver resolver(loop);
  CHECK(resolver.known("wiki.invalid", 80) == nullptr);
  const auto* known = resolver.known("127.0.0.1", 80);
  REQUIRE(known != nullptr);
  CHECK(texts(*known) == "127.0.0.1");
  resolver.forget("127.0.0.1");
  CHECK(resolver.known("127.0.0.1", 81) != nullptr);
}

TEST_CASE("a look-up never answers inside the question, and a dropped one never") {
  EventLoop loop;
  Resolver resolver(loop);
  int answers = 0;
  bool inside = true;
  // A label of more than 63 bytes is no name: refused without asking anybody.
  const std::string no_name(70, 'a');
  auto first = resolver.look_up(no_name, 80, [&](const auto& result) {
    CHECK_FALSE(inside);
    CHECK_FALSE(result.ok());
    ++answers;
  });
  auto dropped = resolver.look_up(no_name, 80, [&](const auto&) { FAIL("nobody waits"); });
  dropped.reset();
  inside = false;
  wait_until(loop, [&] { return answers == 1; });
  // The same name again is a new flight.
  auto second = resolver.look_up(no_name, 80, [&](const auto&) { ++answers; });
  wait_until(loop, [&] { return answers == 2; });
}

TEST_CASE("a callback may drop its own wait, its neighbour's, and ask again") {
  EventLoop loop;
  Resolver resolver(loop);
  const std::string no_name(70, 'b');
  std::unique_ptr<Resolver::Wait> waits[3];
  int answers = 0;
  for (auto& wait : waits) {
    wait = resolver.look_up(no_name, 80, [&](const auto&) {
      ++answers;
      for (auto& each : waits) each.reset();
      waits[0] = resolver.look_up(no_name, 80, [&](const auto&) { answers += 10; });
    });
  }
  wait_until(loop, [&] { return answers == 11; });
}
