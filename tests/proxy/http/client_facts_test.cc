#include <doctest/doctest.h>

#include <string>

#include "proxy/http/client_facts.h"
#include "proxy/http/forwarding.h"
#include "proxy/net/ip_address.h"

namespace {

lp::Cidr range(const char* address, int bits) {
  const auto ip = lp::parse_ip(address);
  REQUIRE(ip.has_value());
  lp::Cidr cidr;
  cidr.address = *ip;
  cidr.prefix_bits = std::string_view(address).find(':') == std::string_view::npos ? 96 + bits : bits;
  return cidr;
}

struct Case {
  std::string says;
  const char* peer;
  std::vector<const char*> forwarded_for;
  const char* address;
  const char* sent_on;
};

void check(const Case& c, const std::vector<lp::Cidr>& trusted) {
  CAPTURE(c.says);
  lp::Fields fields;
  fields.add("Host", "a.test");
  for (const char* value : c.forwarded_for) fields.add("x-Forwarded-for", value);
  const lp::ClientFacts facts = lp::client_facts(c.peer, fields, trusted);
  CHECK(facts.address == c.address);
  CHECK(facts.forwarded_for == c.sent_on);
}

}  // namespace

TEST_CASE("nobody's X-Forwarded-For is believed by default") {
  const Case cases[] = {
      {"no header", "192.0.2.1", {}, "192.0.2.1", "192.0.2.1"},
      {"a claim", "192.0.2.1", {"127.0.0.1"}, "192.0.2.1", "192.0.2.1"},
      {"a claim from a private peer", "10.0.0.1", {"1.2.3.4"}, "10.0.0.1", "10.0.0.1"},
      {"a claim from loopback", "127.0.0.1", {"1.2.3.4"}, "127.0.0.1", "127.0.0.1"},
      {"a mapped peer is shown as IPv4", "::ffff:192.0.2.1", {}, "192.0.2.1", "192.0.2.1"},
      {"IPv6", "2001:db8::1", {"1.2.3.4"}, "2001:db8::1", "2001:db8::1"},
      {"a unix socket", "", {"1.2.3.4"}, "", ""},
  };
  for (const Case& c : cases) check(c, {});
}

TEST_CASE("X-Forwarded-For is walked from the right through trusted hops") {
  const std::vector<lp::Cidr> trusted = {range("10.0.0.0", 8), range("2001:db8::", 32), range("192.0.2.128", 25)};
  const Case cases[] = {
      {"an untrusted peer", "203.0.113.1", {"1.2.3.4"}, "203.0.113.1", "203.0.113.1"},
      {"one trusted hop", "10.0.0.1", {"1.2.3.4"}, "1.2.3.4", "1.2.3.4, 10.0.0.1"},
      {"two trusted hops", "10.0.0.1", {"1.2.3.4, 10.9.9.9"}, "1.2.3.4", "1.2.3.4, 10.9.9.9, 10.0.0.1"},
      {"a spoof left of the client", "10.0.0.1", {"127.0.0.1, 1.2.3.4"}, "1.2.3.4", "127.0.0.1, 1.2.3.4, 10.0.0.1"},
      {"several fields are one list", "10.0.0.1", {"9.9.9.9", "1.2.3.4"}, "1.2.3.4", "9.9.9.9, 1.2.3.4, 10.0.0.1"},
      {"only trusted hops", "10.0.0.1", {"10.0.0.7"}, "10.0.0.7", "10.0.0.7, 10.0.0.1"},
      {"no header", "10.0.0.1", {}, "10.0.0.1", "10.0.0.1"},
      {"nonsense ends the walk", "10.0.0.1", {"1.2.3.4, a"}, "10.0.0.1", "1.2.3.4, a, 10.0.0.1"},
      {"nonsense behind a hop", "10.0.0.1", {"unknown, 10.0.0.2"}, "10.0.0.2", "unknown, 10.0.0.2, 10.0.0.1"},
      {"empty entries", "10.0.0.1", {", 1.2.3.4 ,,"}, "1.2.3.4", ", 1.2.3.4 ,,, 10.0.0.1"},
      {"a mapped entry is IPv4", "10.0.0.1", {"::ffff:10.0.0.9"}, "10.0.0.9", "::ffff:10.0.0.9, 10.0.0.1"},
      {"a zone id is no address", "10.0.0.1", {"fe80::1%25eth0"}, "10.0.0.1", "fe80::1%25eth0, 10.0.0.1"},
      {"an entry with a port", "10.0.0.1", {"1.2.3.4:555"}, "1.2.3.4", "1.2.3.4:555, 10.0.0.1"},
      {"a bracketed entry", "10.0.0.1", {"[2001:db9::1]:555"}, "2001:db9::1", "[2001:db9::1]:555, 10.0.0.1"},
      {"a mapped trusted peer", "::ffff:10.0.0.1", {"1.2.3.4"}, "1.2.3.4", "1.2.3.4, 10.0.0.1"},
      {"a trusted IPv6 peer", "2001:db8::5", {"1.2.3.4"}, "1.2.3.4", "1.2.3.4, 2001:db8::5"},
      {"inside a half of a network", "192.0.2.200", {"1.2.3.4"}, "1.2.3.4", "1.2.3.4, 192.0.2.200"},
      {"outside of it", "192.0.2.100", {"1.2.3.4"}, "192.0.2.100", "192.0.2.100"},
      {"a unix socket where proxies are trusted", "", {"1.2.3.4"}, "1.2.3.4", "1.2.3.4"},
  };
  for (const Case& c : cases) check(c, trusted);
}

TEST_CASE("address literals are strict") {
  for (const std::string text : {"", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4 ", "[::1]", "::1%lo", "0x7f.1", "a"}) {
    CAPTURE(text);
    CHECK_FALSE(lp::parse_ip(text).has_value());
  }
  CHECK_FALSE(lp::parse_ip(std::string("127.0.0.1\0x", 11)).has_value());
}

TEST_CASE("a named field of a trusted hop names the client, once and one address") {
  const std::vector<lp::Cidr> trusted = {range("10.0.0.0", 8)};
  struct {
    const char* says;
    const char* peer;
    std::vector<std::pair<const char*, const char*>> fields;
    const char* address;
    const char* sent_on;
  } cases[] = {
      {"of an untrusted peer nothing is believed",
       "203.0.113.1",
       {{"CF-Connecting-IP", "1.2.3.4"}},
       "203.0.113.1",
       "203.0.113.1"},
      {"of a trusted one it is", "10.0.0.1", {{"cf-connecting-ip", "1.2.3.4"}}, "1.2.3.4", "1.2.3.4, 10.0.0.1"},
      {"IPv6", "10.0.0.1", {{"CF-Connecting-IP", "2001:DB8::1"}}, "2001:db8::1", "2001:db8::1, 10.0.0.1"},
      {"X-Forwarded-For says nothing of it, and is sent on",
       "10.0.0.1",
       {{"X-Forwarded-For", "9.9.9.9"}, {"CF-Connecting-IP", "1.2.3.4"}},
       "1.2.3.4",
       "9.9.9.9, 10.0.0.1"},
      {"X-Forwarded-For alone names nobody",
       "10.0.0.1",
       {{"X-Forwarded-For", "9.9.9.9"}},
       "10.0.0.1",
       "9.9.9.9, 10.0.0.1"},
      {"nothing there", "10.0.0.1", {}, "10.0.0.1", "10.0.0.1"},
      {"twice", "10.0.0.1", {{"CF-Connecting-IP", "1.2.3.4"}, {"CF-Connecting-IP", "1.2.3.4"}}, "10.0.0.1", "10.0.0.1"},
      {"a list", "10.0.0.1", {{"CF-Connecting-IP", "1.2.3.4, 5.6.7.8"}}, "10.0.0.1", "10.0.0.1"},
      {"no address", "10.0.0.1", {{"CF-Connecting-IP", "localhost"}}, "10.0.0.1", "10.0.0.1"},
      {"empty", "10.0.0.1", {{"CF-Connecting-IP", ""}}, "10.0.0.1", "10.0.0.1"},
      {"another spelling is another field", "10.0.0.1", {{"CF_Connecting_IP", "1.2.3.4"}}, "10.0.0.1", "10.0.0.1"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    lp::Fields fields;
    for (const auto& [name, value] : c.fields) fields.add(name, value);
    const lp::ClientFacts facts = lp::client_facts(c.peer, fields, trusted, "CF-Connecting-IP");
    CHECK(facts.address == c.address);
    CHECK(facts.forwarded_for == c.sent_on);
  }
}

TEST_CASE("a trusted hop that names nobody stands for many") {
  const std::vector<lp::Cidr> trusted = {range("10.0.0.0", 8)};
  const auto is_proxy = [&](const char* peer, const char* forwarded_for) {
    lp::Fields fields;
    if (forwarded_for != nullptr) fields.add("X-Forwarded-For", forwarded_for);
    return lp::client_facts(peer, fields, trusted).is_proxy;
  };
  CHECK(is_proxy("10.0.0.1", nullptr));
  CHECK(is_proxy("10.0.0.1", "nobody"));
  CHECK(is_proxy("", nullptr));
  CHECK_FALSE(is_proxy("10.0.0.1", "1.2.3.4"));
  CHECK_FALSE(is_proxy("1.2.3.4", nullptr));
  CHECK_FALSE(is_proxy("1.2.3.4", "10.0.0.1"));
}

TEST_CASE("of what was known of another client before nothing stays") {
  const std::vector<lp::Cidr> trusted = {range("10.0.0.0", 8)};
  lp::ClientFacts facts = lp::client_facts("10.0.0.1", {}, trusted);
  REQUIRE(facts.is_proxy);
  read_client_facts("1.2.3.4", {}, trusted, {}, facts);
  CHECK(facts.address == "1.2.3.4");
  CHECK(facts.forwarded_for == "1.2.3.4");
  CHECK_FALSE(facts.peer_is_trusted);
  CHECK_FALSE(facts.is_proxy);
}
