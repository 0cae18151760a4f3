#include "auth/gate/watched_sessions.h"

#include "auth/realm/end_sessions.h"
#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;
using Kind = RefreshFailure::Kind;

namespace {

struct Watching {
  World world;
  WatchedSessions watched{world.realm, world.loop};

  OpenedSession opened(const std::string& refresh_token = "") {
    OpenedSession made;
    made.session = world.session();
    made.session.sealed_at_s = world.clock.unix_s();
    made.session.refresh_token = Secret(refresh_token);
    made.session.tokens_expire_at_s = world.clock.unix_s() + 3600;
    made.revocation_keys = revocation_keys(world.realm.settings->realm, made.session.id, "", made.session.sub);
    return made;
  }
  SessionStand stand(const OpenedSession& session) { return watched.stand_of(session, world.clock.unix_s()); }
  bool is_over(const OpenedSession& session) { return stand(session) == SessionStand::ended; }
  void advance_s(std::int64_t by) { world.clock.advance_ms(by * 1000); }
  void run_posted() {
    world.loop.post([this] { world.loop.stop(); });
    world.loop.run();
  }
  RefreshOutcome success() {
    auto refreshed = std::make_shared<Refreshed>();
    refreshed->refresh_token = Secret("RT2");
    refreshed->validated_at_s = world.clock.unix_s();
    refreshed->tokens_expire_at_s = world.clock.unix_s() + 3600;
    return std::shared_ptr<const Refreshed>(std::move(refreshed));
  }
};

}  // namespace

TEST_CASE("what runs for a session is over when the session is") {
  Watching w;
  const OpenedSession session = w.opened();
  CHECK_FALSE(w.is_over(session));
  SUBCASE("signed out") {
    end_session(w.world.realm, session.session);
    CHECK(w.is_over(session));
  }
  SUBCASE("ended with all of the user's") {
    end_sessions(w.world.realm, RevocationKind::sub, "u1");
    CHECK(w.is_over(session));
  }
  SUBCASE("another user's end is not theirs") {
    end_sessions(w.world.realm, RevocationKind::sub, "u2");
    CHECK_FALSE(w.is_over(session));
  }
  SUBCASE("idled out") {
    w.advance_s(24 * 3600);
    CHECK(w.is_over(session));
  }
  SUBCASE("used elsewhere meanwhile, as its cookies tell") {
    w.advance_s(23 * 3600);
    w.world.realm.generations.wrote(session.session.id, 2, w.world.clock.unix_s());
    w.advance_s(3600);
    CHECK_FALSE(w.is_over(session));
    w.advance_s(23 * 3600);
    CHECK(w.is_over(session));
  }
  SUBCASE("at its last end, used or not") {
    w.advance_s(14 * 24 * 3600);
    w.world.realm.generations.wrote(session.session.id, 2, w.world.clock.unix_s());
    CHECK(w.is_over(session));
  }
}

TEST_CASE("Logto is asked on the side when tokens are due, once for all that runs for the session") {
  Watching w;
  const OpenedSession session = w.opened("RT1");
  w.advance_s(3500);
  CHECK_FALSE(w.is_over(session));
  CHECK(w.world.auth->refreshes == 0);
  w.advance_s(50);
  w.world.auth->refreshed = w.success();
  for (int i = 0; i < 3; ++i) CHECK_FALSE(w.is_over(session));
  CHECK(w.world.auth->refreshes == 1);
  w.run_posted();
  for (int i = 0; i < 100; ++i) {  // the session that was opened is long due; what is known of it is not
    w.advance_s(30);
    CHECK_FALSE(w.is_over(session));
  }
  CHECK(w.world.auth->refreshes == 1);
  w.advance_s(600);
  CHECK_FALSE(w.is_over(session));
  CHECK(w.world.auth->refreshes == 2);
  w.run_posted();
}

TEST_CASE("a refusal ends it, a failure does not and is tried again later") {
  Watching w;
  const OpenedSession session = w.opened("RT1");
  w.advance_s(3550);
  w.world.auth->refreshed = RefreshFailure{Kind::unavailable, "away", "", {}};
  CHECK_FALSE(w.is_over(session));
  w.run_posted();
  CHECK_FALSE(w.is_over(session));
  CHECK(w.world.auth->refreshes == 1);
  w.advance_s(10);
  w.world.auth->refreshed = RefreshFailure{Kind::ended, "invalid_grant", "", {}};
  CHECK_FALSE(w.is_over(session));
  w.run_posted();
  CHECK(w.world.auth->refreshes == 2);
  CHECK(w.is_over(session));
}

TEST_CASE("without a refresh token nobody is asked") {
  Watching w;
  const OpenedSession session = w.opened();
  w.advance_s(7200);
  CHECK_FALSE(w.is_over(session));
  CHECK(w.world.auth->refreshes == 0);
}

TEST_CASE(
    "what runs is over when the secret of its cookie leaves the ring, also where the session has another by now") {
  Watching w;
  OpenedSession session = w.opened();
  session.secret = w.world.realm.keyring()->secret_ids.front();
  const Secret old = w.world.realm.settings->session.secrets.front();
  const Secret fresh(std::string(32, 'f'));
  w.world.realm.replace_keyring({fresh, old});
  CHECK(w.stand(session) == SessionStand::goes_on);
  w.world.realm.replace_keyring({fresh});
  CHECK(w.stand(session) == SessionStand::ended);
}
