#include "base/client_group.h"

#include <doctest/doctest.h>

#include <string>

#include "base/client_counts.h"
#include "base/repeated_notice.h"

using namespace lp;

TEST_CASE("an address is counted as whoever has it") {
  struct Row {
    const char* name;
    const char* address;
    const char* group;
  };
  for (const Row& row : {
           Row{"IPv4 is itself", "192.0.2.7", "192.0.2.7"},
           Row{"IPv4 in its IPv6 form is the same", "::ffff:192.0.2.7", "192.0.2.7"},
           Row{"IPv6 is its /64", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
           Row{"another address of that /64 is the same", "2001:db8:1:2::9", "2001:db8:1:2::/64"},
           Row{"the next /64 is another", "2001:db8:1:3::9", "2001:db8:1:3::/64"},
           Row{"loopback", "::1", "::/64"},
           Row{"a unix socket's peer", "", ""},
           Row{"what is no address stays", "fe80::1%eth0", "fe80::1%eth0"},
       }) {
    CAPTURE(row.name);
    CHECK(client_group(row.address) == row.group);
  }
}

TEST_CASE("counts are of an address, bounded, and given back") {
  const ClientCounts counts;
  ClientCounts::Count& one = counts.of("192.0.2.1");
  CHECK(&one == &counts.of("::ffff:192.0.2.1"));
  CHECK(&one != &counts.of("192.0.2.2"));
  CHECK(ClientCounts::add(one, 3, 4));
  CHECK_FALSE(ClientCounts::add(one, 2, 4));
  CHECK(ClientCounts::add(one, 1, 4));
  one.fetch_sub(4);
  CHECK(ClientCounts::add(one, 4, 4));
}

TEST_CASE("what happens often is told the first time, then once a minute with its number") {
  RepeatedNotice notice;
  CHECK(notice.happened(0) == 1);
  for (int i = 0; i < 99; ++i) CHECK_FALSE(notice.happened(i * 100));
  CHECK(notice.happened(RepeatedNotice::kSilentMs) == 100);
  CHECK_FALSE(notice.happened(RepeatedNotice::kSilentMs + 1));
}
