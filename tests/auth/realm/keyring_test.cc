#include "auth/realm/keyring.h"

#include <doctest/doctest.h>

#include <thread>

#include "auth/realm/session_cookie.h"
#include "base/crypto.h"
#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;

namespace {

const Secret kOld(std::string(32, 's'));  // what settings() has
const Secret kNew(std::string(32, 'n'));

SessionLookup look_up(SessionCookie& cookies, const World& world) {
  const std::string line = world.cookie_line();
  Fields fields;
  fields.add("Cookie", line);
  return cookies.look_up(fields, world.clock.unix_s());
}

Keyring keyring_of(const std::vector<Secret>& ring, std::uint64_t generation) {
  Settings made;
  made.session.secrets = ring;
  return Keyring(made, generation);
}

}  // namespace

TEST_CASE("everything of a keyring opens what its predecessor sealed as long as the secret is in the ring") {
  const std::string nonce(kXaesNonceBytes, 'x');
  const Keyring before = keyring_of({kOld}, 1);
  const Keyring both = keyring_of({kNew, kOld}, 2);
  const Keyring after = keyring_of({kNew}, 3);
  for (CookieSealer Keyring::*sealer : {&Keyring::session_sealer, &Keyring::pending_sealer, &Keyring::state_sealer}) {
    const std::string sealed = (before.*sealer).seal("name", "text", nonce);
    std::size_t place = 0;
    CHECK((both.*sealer).open("name", sealed, &place) == "text");
    CHECK(place == 1);
    CHECK_FALSE((after.*sealer).open("name", sealed));
    CHECK((after.*sealer).open("name", (both.*sealer).seal("name", "text", nonce), &place) == "text");
    CHECK(place == 0);
  }
}

TEST_CASE("what one part of a keyring sealed opens in no other") {
  const Keyring keyring = keyring_of({kOld}, 1);
  const std::string sealed = keyring.session_sealer.seal("name", "text", std::string(kXaesNonceBytes, 'x'));
  CHECK_FALSE(keyring.pending_sealer.open("name", sealed));
  CHECK_FALSE(keyring.state_sealer.open("name", sealed));
}

TEST_CASE("a replaced keyring has a higher generation, and who holds the old one keeps it") {
  World world;
  const auto old = world.realm.keyring();
  CHECK(old->generation == world.realm.keyring_generation());
  world.realm.replace_keyring({kNew});
  CHECK(world.realm.keyring_generation() > old->generation);
  CHECK(world.realm.keyring()->generation == world.realm.keyring_generation());
  CHECK(old->session_sealer.open("n", old->session_sealer.seal("n", "t", std::string(kXaesNonceBytes, 'x'))) == "t");
}

TEST_CASE("a warm session whose secret stays in the ring goes on, and is written again with the first") {
  World world;
  world.sign_in_directly(world.session());
  SessionCookie cookies(world.realm, true);
  CHECK_FALSE(look_up(cookies, world).write_again);
  world.realm.replace_keyring({kNew, kOld});
  const SessionLookup found = look_up(cookies, world);
  REQUIRE(found.opened);
  CHECK(found.write_again);
  world.keep(cookies.write(found.opened->session, found.pieces, world.clock.unix_s()));
  CHECK_FALSE(look_up(cookies, world).write_again);
  world.realm.replace_keyring({kNew});
  CHECK(look_up(cookies, world).opened);
}

TEST_CASE("a warm session whose secret leaves the ring is signed out at once") {
  World world;
  world.sign_in_directly(world.session());
  SessionCookie cookies(world.realm, true);
  REQUIRE(look_up(cookies, world).opened);
  world.realm.replace_keyring({kNew});
  const SessionLookup found = look_up(cookies, world);
  CHECK_FALSE(found.opened);
  CHECK(found.is_unreadable());
  world.realm.replace_keyring({kOld});
  CHECK(look_up(cookies, world).opened);
}

TEST_CASE("a cookie is never written under a secret that has left the ring, also by a worker that reads none") {
  World world;
  const SessionCookie idle(world.realm, true);
  world.realm.replace_keyring({kNew});
  world.keep(idle.write(world.session(), 0, world.clock.unix_s()));
  SessionCookie fresh(world.realm, true);
  CHECK(look_up(fresh, world).opened);
}

TEST_CASE("a request through the gatekeeper re-seals the session after a rotation") {
  World world;
  world.sign_in_directly(world.session());
  const std::string before = world.cookie_line();
  CHECK(world.ask({.route = 1}).set_cookies.empty());
  world.realm.replace_keyring({kNew, kOld});
  CHECK(world.ask({.route = 1}).kind == Verdict::Kind::pass);
  CHECK(world.cookie_line() != before);
  world.realm.replace_keyring({kNew});
  CHECK(world.ask({.route = 1}).kind == Verdict::Kind::pass);
}

TEST_CASE("a sign-in that is under way survives a rotation that keeps its secret") {
  World world;
  world.auth->exchange = world.session();
  const Verdict start = world.ask({.path = "/", .route = 1});
  REQUIRE(goes_to_logto(start));
  world.realm.replace_keyring({kNew, kOld});
  CHECK(world.ask(callback(sent(start, "state"))).answer.status == 303);
  CHECK(world.has_session());
}

TEST_CASE("workers may look up while the keyring is replaced again and again") {
  World world;
  world.sign_in_directly(world.session());
  std::vector<std::thread> workers;
  for (int i = 0; i < 2; ++i) {
    workers.emplace_back([&world] {
      SessionCookie cookies(world.realm, true);
      for (int n = 0; n < 2000; ++n) {
        if (!look_up(cookies, world).opened) std::abort();
      }
    });
  }
  for (int n = 0; n < 50; ++n) world.realm.replace_keyring(n % 2 == 0 ? std::vector{kNew, kOld} : std::vector{kOld});
  for (std::thread& worker : workers) worker.join();
}

TEST_CASE("the webhook secret can be given, replaced and taken away") {
  World world;
  CHECK(world.realm.webhook_secret().empty());
  world.realm.replace_webhook_secret(Secret("w1"));
  CHECK(world.realm.webhook_secret().equals("w1"));
  world.realm.replace_webhook_secret(Secret());
  CHECK(world.realm.webhook_secret().empty());
}

TEST_CASE("an auth thread has the realm's secrets and pages until it has ended") {
  bool had_all = false;
  {
    World world;
    world.auth->at_end = [&] { had_all = world.realm.keyring() != nullptr && world.realm.pages() != nullptr; };
  }
  CHECK(had_all);
}
