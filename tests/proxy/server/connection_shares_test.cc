#include "proxy/server/connection_shares.h"

#include <doctest/doctest.h>

using namespace lp;

namespace {
struct World {
  SystemClock clock;
  Log log{{-1, -1, 4096, LogLevel::error}};
  LimitSettings limits;
  std::vector<Cidr> trusted;
};
}  // namespace

TEST_CASE("by itself an address may have half of all connections") {
  struct Row {
    const char* name;
    std::int64_t connections, per_address, want;
  };
  for (const Row& row : {
           Row{"half", 10'000, kAutomatic, 5'000},
           Row{"of few too", 60, kAutomatic, 30},
           Row{"one of one", 1, kAutomatic, 1},
           Row{"as many as somebody says", 10'000, 7, 7},
       }) {
    CAPTURE(row.name);
    LimitSettings limits;
    limits.connections = row.connections;
    limits.connections_per_address = row.per_address;
    CHECK(connections_per_address_of(limits) == row.want);
  }
}

TEST_CASE("an address that has its share gets no more, another one does, and places come back") {
  World world;
  world.limits.connections_per_address = 2;
  ConnectionShares shares(world.limits, world.trusted, world.clock, world.log);
  CHECK(shares.admit("192.0.2.1"));
  CHECK(shares.admit("::ffff:192.0.2.1"));
  CHECK_FALSE(shares.admit("192.0.2.1"));
  CHECK(shares.admit("192.0.2.2"));
  CHECK(shares.admit("2001:db8::1"));
  CHECK(shares.admit("2001:db8::2"));
  CHECK_FALSE(shares.admit("2001:db8::3"));
  CHECK(shares.open() == 5);
  shares.leave("192.0.2.1");
  CHECK(shares.admit("192.0.2.1"));
}

TEST_CASE("proxies of ours and unix sockets stand for many") {
  World world;
  world.limits.connections_per_address = 1;
  world.trusted = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 0}, 120}};
  ConnectionShares shares(world.limits, world.trusted, world.clock, world.log);
  for (int i = 0; i < 10; ++i) CHECK(shares.admit("192.0.2.9"));
  for (int i = 0; i < 10; ++i) CHECK(shares.admit(""));
  CHECK(shares.admit("198.51.100.1"));
  CHECK_FALSE(shares.admit("198.51.100.1"));
}

TEST_CASE("an address begins TLS so often and no more, proxies of ours as often as they like") {
  World world;
  world.limits.handshakes_per_address = 2;
  world.trusted = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 0}, 120}};
  ConnectionShares shares(world.limits, world.trusted, world.clock, world.log);
  const auto begun = [&](std::string_view peer) {
    int count = 0;
    for (int i = 0; i < 100; ++i) count += shares.may_begin_tls(peer) ? 1 : 0;
    return count;
  };
  const int of_one = begun("198.51.100.1");
  CHECK(of_one >= 20);  // and more where the machine is slow
  CHECK(of_one < 100);
  CHECK(begun("2001:db8::1") < 100);
  CHECK(begun("192.0.2.9") == 100);
  CHECK(begun("") == 100);
  world.limits.handshakes_per_address = kAutomatic;
  CHECK(handshakes_per_address_of(world.limits) == 100);
  ConnectionShares by_itself(world.limits, world.trusted, world.clock, world.log);
  int own = 0;
  for (int i = 0; i < 5000; ++i) own += by_itself.may_begin_tls("127.0.0.2") ? 1 : 0;
  CHECK(own == 5000);
  world.limits.handshakes_per_address = kUnlimited;
  ConnectionShares unlimited(world.limits, world.trusted, world.clock, world.log);
  CHECK(unlimited.may_begin_tls("198.51.100.1"));
}
