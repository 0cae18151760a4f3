#include "auth/provider/call_turns.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace lp;

namespace {

using Ticket = CallTurns::Ticket;

const Caller kSession{CallKind::session, {}};
Caller sign_in(const std::string& client) { return {CallKind::sign_in, client}; }
Caller introspection(const std::string& client) { return {CallKind::introspection, client}; }

std::vector<Ticket> join(CallTurns& turns, const Caller& caller, int times) {
  std::vector<Ticket> tickets;
  for (int i = 0; i < times; ++i) tickets.push_back(turns.join(caller).value());
  return tickets;
}

std::vector<Ticket> begin_all(CallTurns& turns) {
  std::vector<Ticket> begun;
  while (const auto ticket = turns.next()) begun.push_back(*ticket);
  return begun;
}

}  // namespace

TEST_CASE("a refresh begins at once, however many codes strangers have brought") {
  for (const std::size_t places : {2, 3, 4, 8, 32, 1000}) {
    CAPTURE(places);
    CallTurns turns(places);
    for (int client = 0; client < 100; ++client) {
      join(turns, sign_in("192.0.2." + std::to_string(client)), 20);
      join(turns, introspection("192.0.2." + std::to_string(client)), 20);
    }
    const std::size_t strangers = begin_all(turns).size();
    CHECK(strangers >= 1);
    CHECK(strangers < places);
    const Ticket refresh = turns.join(kSession).value();
    CHECK(turns.next() == refresh);
  }
}

TEST_CASE("with one place a refresh is next") {
  CallTurns turns(1);
  join(turns, sign_in("a"), 5);
  const Ticket first = turns.next().value();
  const Ticket refresh = turns.join(kSession).value();
  CHECK_FALSE(turns.next());
  turns.leave(first);
  CHECK(turns.next() == refresh);
}

TEST_CASE("sessions leave a place to sign-ins, and keys go before all") {
  CallTurns turns(4);
  join(turns, kSession, 100);
  const auto refreshes = begin_all(turns);
  CHECK_MESSAGE(refreshes.size() == 4, "nobody else waits");
  const auto codes = join(turns, sign_in("a"), 2);
  const Ticket keys = turns.join({CallKind::keys, {}}).value();
  turns.leave(refreshes[0]);
  CHECK(turns.next() == keys);
  CHECK_FALSE(turns.next());
  turns.leave(keys);
  CHECK(turns.next() == codes[0]);
  turns.leave(refreshes[1]);
  CHECK_MESSAGE(turns.next() != codes[1], "one of them is under way");
}

TEST_CASE("one client has half of the sign-ins' places, and others come in between") {
  CallTurns turns(8);  // four for sign-ins
  const auto junk = join(turns, sign_in("junk"), 60);
  CHECK(begin_all(turns) == std::vector<Ticket>{junk[0], junk[1]});
  const auto honest = join(turns, sign_in("honest"), 3);
  CHECK(begin_all(turns) == std::vector<Ticket>{honest[0], honest[1]});
  turns.leave(junk[0]);
  CHECK(begin_all(turns) == std::vector<Ticket>{junk[2]});
  turns.leave(honest[0]);
  CHECK(begin_all(turns) == std::vector<Ticket>{honest[2]});
}

TEST_CASE("clients take turns") {
  CallTurns turns(2);
  const auto a = join(turns, sign_in("a"), 3);
  const auto b = join(turns, sign_in("b"), 1);
  std::vector<Ticket> order;
  while (const auto ticket = turns.next()) {
    order.push_back(*ticket);
    turns.leave(*ticket);
  }
  CHECK(order == std::vector<Ticket>{a[0], b[0], a[1], a[2]});
}

TEST_CASE("opaque tokens do not keep sign-ins out, nor sign-ins them") {
  for (const std::size_t places : {2, 4, 32}) {
    CAPTURE(places);
    CallTurns turns(places);
    join(turns, introspection("a"), 400);
    join(turns, sign_in("a"), 400);
    std::map<bool, int> begun;
    for (int i = 0; i < 8; ++i) {
      const auto ticket = turns.next();
      if (!ticket) break;
      ++begun[*ticket <= 400];
      turns.leave(*ticket);
    }
    CHECK(begun[true] > 0);
    CHECK(begun[false] > 0);
  }
}

TEST_CASE("what strangers cause waits in bounded number, of each client and of all; refreshes are never refused") {
  CallTurns turns(4);
  join(turns, sign_in("a"), CallTurns::kMaxWaitingPerClient);
  CHECK_FALSE(turns.join(sign_in("a")));
  CHECK(turns.join(introspection("a")));
  CHECK(turns.join(sign_in("b")));
  for (int client = 0; client < 100; ++client) {
    for (int i = 0; i < 100; ++i) (void)turns.join(sign_in("client " + std::to_string(client)));
  }
  CHECK_FALSE(turns.join(sign_in("another")));
  join(turns, kSession, 10'000);
}

TEST_CASE("who gives up waiting is skipped, and nothing is left of it") {
  CallTurns turns(2);
  const auto a = join(turns, sign_in("a"), 2);
  const auto b = join(turns, sign_in("b"), 1);
  turns.leave(a[0]);
  turns.leave(a[1]);
  turns.leave(a[1]);
  CHECK(turns.next() == b[0]);
  turns.leave(b[0]);
  CHECK_FALSE(turns.next());
}
