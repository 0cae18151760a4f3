#include "auth/realm/end_sessions.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "auth/session/proof.h"
#include "auth/session/session_handle.h"

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
  CHECK(world.realm.revocations.size() <= world.realm.subject_records.share() + 2);  // and one that demands a proof
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
  CHECK(world.realm.revocations.size() <= world.realm.subject_records.share() + 2);  // and one that demands a proof
  CHECK_FALSE(world.is_over(World::session("victim", world.begin_ms)));
}

TEST_CASE("and somebody about whom Logto says so again and again: nobody else's record makes room") {
  World world;
  const int messages = static_cast<int>(world.settings()->revocations.max) + 5;
  const std::int64_t until_s = world.clock.unix_s() + 120;
  const auto is_first = [&](int n) {
    return is_first_delivery(world.realm, "message " + std::to_string(n), "mallory", until_s);
  };
  for (int n = 0; n < messages; ++n) CHECK(is_first(n));
  CHECK_FALSE_MESSAGE(is_first(0), "those within the share come once");
  CHECK(world.realm.revocations.size() <= world.realm.subject_records.share());
  CHECK(world.realm.revocations.floor_ms() == 0);
  CHECK_FALSE(world.is_over(World::session("victim", world.begin_ms)));
  CHECK(is_first_delivery(world.realm, "message about alice", "alice", until_s));
  CHECK_FALSE(is_first_delivery(world.realm, "message about alice", "alice", until_s));
}

namespace {

bool is_proven(const World& world, const Session& session, std::int64_t authenticated_at_s) {
  return judge_proof(PendingSignIn{}, proof_needed_since_ms(world.realm, session), authenticated_at_s,
                     world.clock.unix_s()) == ProofVerdict::proven;
}

}  // namespace

TEST_CASE("who signed in since Logto said it has proved it; sessions end by a little more, for clocks that differ") {
  for (const bool by_sid : {false, true}) {
    CAPTURE(by_sid);
    World world;
    LogoutToken token;
    token.iat_s = world.clock.unix_s() - 60;
    const Session ended = World::session("alice", token.iat_s * 1000 + 1500);
    if (by_sid) token.sid = ended.sid;
    if (!by_sid) token.sub = ended.sub;
    end_sessions(world.realm, token);
    CHECK(world.is_over(ended));
    CHECK_FALSE(is_proven(world, ended, token.iat_s));
    CHECK(is_proven(world, ended, token.iat_s + 1));
    CHECK(is_proven(world, World::session("bob", 0), 1));
  }
}

TEST_CASE("an end by the person's own wish is proven by nothing from before it") {
  struct Case {
    const char* what;
    void (*end)(World&, const Session&);
  };
  const Case cases[] = {
      {"everywhere", [](World& world, const Session& s) { end_sessions(world.realm, RevocationKind::sub, s.sub); }},
      {"this one", [](World& world, const Session& s) { end_session(world.realm, s); }},
      {"one of very many",
       [](World& world, const Session& s) {
         for (int n = 0; n < kMany; ++n) end_session(world.realm, World::session(s.sub, s.signed_in_at_ms - n));
       }},
      {"one in a store that is away",
       [](World& world, const Session& s) { end_unknown_session(world.realm, s.store_handle); }},
      {"without Logto", [](World& world, const Session& s) { demand_proof(world.realm, s.sub); }},
      {"after Logto's word",
       [](World& world, const Session& s) {
         end_sessions(world.realm, RevocationKind::sub, s.sub, world.clock.unix_ms() - 1000);
         end_sessions(world.realm, RevocationKind::sub, s.sub);
       }},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    World world;
    Session session = World::session("alice", world.begin_ms);
    session.store_handle = encode_session_handle(
        make_session_handle(std::string(SessionHandle::kIdBytes + SessionHandle::kKeyBytes, 'h')));
    const std::int64_t before_ms = world.clock.unix_ms();
    CHECK(proof_needed_since_ms(world.realm, session) == 0);
    c.end(world, session);
    CHECK(proof_needed_since_ms(world.realm, session) > before_ms);
    CHECK_FALSE(is_proven(world, session, before_ms / 1000));
    CHECK(is_proven(world, session, world.clock.unix_s() + 1));
  }
}
