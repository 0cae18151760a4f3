#include "auth/realm/end_sessions.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace lp;

namespace {

constexpr int kMany = 300;

struct World {
  static std::shared_ptr<const Settings> settings() {
    auto made = std::make_shared<Settings>();
    made->session.secrets = {Secret(std::string(32, 's'))};
    made->revocations.max = 1000;
    return made;
  }
  static Session session(const std::string& sub, std::int64_t signed_in_at_ms) {
    Session made;
    made.id = sub + std::to_string(signed_in_at_ms);
    made.sub = sub;
    made.sid = "sid of " + made.id;
    made.signed_in_at_ms = signed_in_at_ms;
    return made;
  }
  bool is_over(const Session& session) const {
    return realm.revocations.is_revoked(revocation_keys(realm.settings->realm, session.id, session.sid, session.sub),
                                        session.signed_in_at_ms);
  }

  SystemClock clock;
  Log log{{-1, -1, 4096, LogLevel::error}};
  Realm realm{settings(), clock, log};
  std::int64_t begin_ms = clock.unix_ms() - 3'600'000;
};

}  // namespace

TEST_CASE("somebody who ends session after session fills a share of the table, and all of them stay ended") {
  World world;
  const auto nth = [&](int n) { return World::session("mallory", world.begin_ms + n * 1000); };
  for (int n = 0; n < kMany; ++n) {
    CHECK_FALSE(world.is_over(nth(n)));
    end_session(world.realm, nth(n));
  }
  for (int n = 0; n < kMany; ++n) CHECK(world.is_over(nth(n)));
  CHECK(world.realm.revocations.size() <= world.realm.subject_records.share() + 1);
  CHECK_MESSAGE(!world.is_over(nth(kMany)), "what begins later lives");
  CHECK_FALSE(world.is_over(World::session("victim", world.begin_ms)));
  CHECK(world.realm.revocations.floor_ms() == 0);
}

TEST_CASE("one session that many requests end takes one place of a person's share") {
  World world;
  const Session session = World::session("alice", world.begin_ms + 2000);
  const Session older = World::session("alice", world.begin_ms);
  for (int n = 0; n < kMany; ++n) end_session(world.realm, session);
  CHECK(world.is_over(session));
  CHECK_FALSE(world.is_over(older));
  CHECK(world.realm.revocations.size() == 1);
}

TEST_CASE("so does somebody whose sessions Logto ends one by one") {
  World world;
  for (int n = 0; n < kMany; ++n) {
    LogoutToken token;
    token.sub = "mallory";
    token.sid = World::session("mallory", world.begin_ms + n).sid;
    token.iat_s = world.clock.unix_s();
    end_sessions(world.realm, token);
  }
  for (int n = 0; n < kMany; ++n) CHECK(world.is_over(World::session("mallory", world.begin_ms + n)));
  CHECK(world.realm.revocations.size() <= world.realm.subject_records.share() + 1);
  CHECK_FALSE(world.is_over(World::session("victim", world.begin_ms)));
}
