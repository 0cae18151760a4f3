#include "auth/loops/detective.h"
#include "auth/cookies/secret_fingerprint.h"

#include <doctest/doctest.h>

#include "auth/loops/texts.h"
#include "base/encoding.h"

using namespace lp;

namespace {

constexpr std::int64_t kNowMs = 1'795'317'047'000;
constexpr const char* kName = "__Host-logto_loop";
const Origin kApp{"https", "app.test", 443};
const Origin kPlain{"http", "app.test", 80};

const CookieSealer& sealer() {
  static const CookieSealer made({Secret(std::string(32, 's'))}, CookiePurpose::pending_sign_in, "default");
  return made;
}

LoopNote note(std::int64_t ago_ms, std::string_view target = "/x", bool alone = true) {
  return {loop_target(target), kNowMs - ago_ms, 1, 1000, alone};
}

FoundMarker readable(std::vector<LoopNote> notes) {
  const std::uint64_t sign_ins = notes.size();
  return {FoundMarker::Fate::readable, std::move(notes), "00112233", sign_ins};
}

LoopFacts facts(const SessionSettings& session, const Origin& external = kApp) {
  return {"/x", kNowMs, external, session, {}, "00112233", std::nullopt, false};
}

SessionRemains whole(std::int64_t sealed_at_s) {
  SessionRemains remains{1, 1000, false, true, Session{}};
  remains.session->sub = "u1";
  remains.session->signed_in_at_ms = sealed_at_s * 1000;
  remains.session->sealed_at_s = sealed_at_s;
  return remains;
}

Fields cookie(const std::string& line) {
  static std::string kept;
  kept = line;
  Fields fields;
  fields.add("Cookie", kept);
  return fields;
}

}  // namespace

TEST_CASE("only sign-ins that succeeded lately for this very target count") {
  struct Case {
    const char* what;
    std::vector<LoopNote> notes;
    bool stops;
  };
  const Case cases[] = {
      {"never signed in: ten tabs may start at once", {}, false},
      {"once", {note(500)}, false},
      {"twice", {note(900), note(500)}, true},
      {"twice, for another target each", {note(900, "/y"), note(500)}, false},
      {"twice, and once for another target between", {note(900), note(700, "/y"), note(500)}, true},
      {"twice, the first long ago", {note(20'001), note(500)}, false},
      {"twice, the first just within the window", {note(20'000), note(500)}, true},
      {"twice by a replica whose clock is ahead", {note(-9'000), note(-9'500)}, true},
      {"twice by a clock that is hopeless", {note(-90'000), note(-95'000)}, false},
      {"with a fragment, which does not count", {note(900, "/x#a"), note(500, "/x#b")}, true},
  };
  const SessionSettings session;
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK(judge_redirect(facts(session), readable(c.notes)).has_value() == c.stops);
  }
}

TEST_CASE("the cause follows from what came back") {
  SessionSettings host_only;
  SessionSettings parent;
  parent.cookie.domain = "test";
  SessionSettings elsewhere;
  elsewhere.cookie.domain = "other.test";
  SessionSettings suffix;
  suffix.cookie.domain = "p.test";  // ends alike, but at no dot
  SessionSettings none;
  none.cookie.same_site = SameSite::none;
  struct Case {
    const char* what;
    LoopFacts facts;
    LoopCause cause;
  };
  const auto with = [](LoopFacts made, auto change) {
    change(made);
    return made;
  };
  const std::int64_t now_s = kNowMs / 1000;
  const Case cases[] = {
      {"nothing", facts(host_only), LoopCause::cookie_not_returned},
      {"nothing, the domain fits", facts(parent), LoopCause::cookie_not_returned},
      {"nothing, the domain is another", facts(elsewhere), LoopCause::wrong_domain},
      {"nothing, the domain is no label's end", facts(suffix), LoopCause::wrong_domain},
      {"nothing, by http", with(facts(host_only), [](auto& f) { f.came_by_https = false; }),
       LoopCause::insecure_cookie},
      {"nothing, by https", with(facts(host_only), [](auto& f) { f.came_by_https = true; }),
       LoopCause::cookie_not_returned},
      {"SameSite=None on plain http", facts(none, kPlain), LoopCause::insecure_cookie},
      {"two of one name",
       with(facts(host_only),
            [](auto& f) {
              f.returned = {1, 2000, true, false, std::nullopt};
            }),
       LoopCause::duplicate_cookie},
      {"a piece is missing",
       with(facts(host_only),
            [](auto& f) {
              f.returned = {2, 3600, false, false, std::nullopt};
            }),
       LoopCause::cookie_too_large},
      {"cut short",
       with(facts(host_only),
            [](auto& f) {
              f.returned = {1, 900, false, true, std::nullopt};
            }),
       LoopCause::cookie_too_large},
      {"whole but sealed by others",
       with(facts(host_only),
            [](auto& f) {
              f.returned = {1, 1000, false, true, std::nullopt};
            }),
       LoopCause::different_secrets},
      {"from the future", with(facts(host_only), [&](auto& f) { f.returned = whole(now_s + 90); }),
       LoopCause::clock_skew},
      {"long expired", with(facts(host_only), [&](auto& f) { f.returned = whole(now_s - 86'400); }),
       LoopCause::clock_skew},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const auto finding = judge_redirect(c.facts, readable({note(900), note(500)}));
    REQUIRE(finding);
    CHECK(loop_cause_word(finding->cause) == loop_cause_word(c.cause));
    CHECK(finding->sign_ins == 2);
    CHECK(finding->evidence.size() >= 2);
  }
}

TEST_CASE("a large session of which nothing came back was too large") {
  const SessionSettings session;
  std::vector<LoopNote> notes = {note(900), note(500)};
  notes[1].pieces = 3;
  CHECK(judge_redirect(facts(session), readable(notes))->cause == LoopCause::cookie_too_large);
}

TEST_CASE("sessions that are ended on purpose may be ended more often") {
  const SessionSettings session;
  LoopFacts ended = facts(session);
  ended.returned = whole(kNowMs / 1000);
  CHECK_FALSE(judge_redirect(ended, readable({note(900), note(800), note(700)})));
  const auto finding = judge_redirect(ended, readable({note(900), note(800), note(700), note(600)}));
  REQUIRE(finding);
  CHECK(finding->cause == LoopCause::ended_at_once);
}

TEST_CASE("replicas with different secrets are told by a marker and a session that both don't open") {
  const SessionSettings session;
  LoopFacts foreign = facts(session);
  foreign.returned = {1, 1000, false, true, std::nullopt};
  const FoundMarker theirs{FoundMarker::Fate::foreign, {}, "8899aabb", 2};
  const auto finding = judge_redirect(foreign, theirs);
  REQUIRE(finding);
  CHECK(finding->cause == LoopCause::different_secrets);
  CHECK(loop_evidence_line(*finding).find("8899aabb") != std::string::npos);

  CHECK_FALSE(judge_redirect(foreign, {FoundMarker::Fate::foreign, {}, "8899aabb", 1}));
  CHECK_FALSE(judge_redirect(facts(session), theirs));  // no session came: another story
  CHECK_FALSE(judge_redirect(foreign, {FoundMarker::Fate::foreign, {}, "00112233", 2}));
}

TEST_CASE("a callback that has the session again and again tells that the target loses it") {
  const SessionSettings session;
  LoopFacts at_callback = facts(session);
  at_callback.is_signed_in = true;
  at_callback.returned = whole(kNowMs / 1000);
  const auto finding = judge_delivery(at_callback, readable({note(900), note(500)}));
  REQUIRE(finding);
  CHECK(finding->cause == LoopCause::cookie_removed_on_path);
  // Tabs that come back together: at most the last is alone.
  CHECK_FALSE(judge_delivery(at_callback, readable({note(900, "/x", false), note(800, "/x", false), note(500)})));
  CHECK_FALSE(judge_delivery(facts(session), readable({note(900), note(500)})));  // judged at the redirect
}

TEST_CASE("an attempt's cookie that never came back has its reasons too") {
  SessionSettings session;
  session.cookie.domain = "other.test";  // the attempt's cookie is host-only
  CHECK(explain_missing_attempt(facts(session)).cause == LoopCause::cookie_not_returned);
  LoopFacts plain = facts({});
  const SessionSettings defaults;
  LoopFacts by_http{"/", kNowMs, kApp, defaults, {}, "00112233", false, false};
  CHECK(explain_missing_attempt(by_http).cause == LoopCause::insecure_cookie);
  CHECK(explain_foreign_state(true)->cause == LoopCause::different_secrets);
  CHECK_FALSE(explain_foreign_state(false));
}

TEST_CASE("the marker comes back as it was set, and no other does") {
  const std::vector<LoopNote> notes = {note(900), note(500, "/y", false)};
  const std::string fingerprint = secret_fingerprint(Secret(std::string(32, 's')));
  const std::string value = loop_marker_value(kName, notes, 2, fingerprint, sealer(), std::string(24, 'n'));
  const std::string line = std::string(kName) + "=" + value;
  const FoundMarker found = find_loop_marker(cookie(line), kName, sealer());
  REQUIRE(found.fate == FoundMarker::Fate::readable);
  REQUIRE(found.notes.size() == 2);
  CHECK(found.notes[0].target == notes[0].target);
  CHECK(found.notes[1].signed_in_at_ms == notes[1].signed_in_at_ms);
  CHECK_FALSE(found.notes[1].alone);
  CHECK(found.sign_ins == 2);
  CHECK(found.fingerprint == fingerprint);
  CHECK(sends_cookie(cookie(line), kName));
  CHECK_FALSE(sends_cookie(cookie("a=b"), kName));

  const CookieSealer other({Secret(std::string(32, 't'))}, CookiePurpose::pending_sign_in, "default");
  CHECK(find_loop_marker(cookie(line), kName, other).fate == FoundMarker::Fate::foreign);
  for (const std::string& bad :
       {line + "; " + line, std::string(kName) + "=", std::string(kName) + "=abc", std::string(kName) + "=0011223g.1.",
        std::string(kName) + "=00112233.x.AAAA", std::string("x=") + value}) {
    CHECK(find_loop_marker(cookie(bad), kName, sealer()).fate == FoundMarker::Fate::missing);
  }
}

TEST_CASE("a marker stays small however long the loop is") {
  std::vector<LoopNote> notes(40, note(100));
  const std::string value = loop_marker_value(kName, notes, 99, "00112233", sealer(), std::string(24, 'n'));
  CHECK(value.starts_with("00112233.9."));
  CHECK(value.size() < 500);
  CHECK(find_loop_marker(cookie(std::string(kName) + "=" + value), kName, sealer()).notes.size() == kMaxLoopNotes);
  CHECK(notes_with(readable({note(30'000), note(100)}), note(0)).size() == 2);
}

TEST_CASE("every cause and every sight is told in both languages, without a gap") {
  for (int cause = 0; cause <= static_cast<int>(LoopCause::ended_at_once); ++cause) {
    LoopFinding finding;
    finding.cause = static_cast<LoopCause>(cause);
    for (int sight = 0; sight <= static_cast<int>(LoopSight::attempt_cookie_opens_not); ++sight) {
      finding.evidence.push_back({static_cast<LoopSight>(sight), {"<1>", "<2>", "<3>"}});
    }
    for (const char* language : {"en", "ja"}) {
      PageFacts page;
      page.accept_language = language;
      page.return_to = "/x";
      const Answer answer = make_loop_page(page, finding);
      CHECK(answer.status == 400);
      CHECK(answer.body.find(loop_cause_word(finding.cause)) != std::string::npos);
      CHECK(answer.body.find('{') == answer.body.find("{color-scheme"));  // the style's own, no unfilled place
      CHECK(answer.body.find("{0}") == std::string::npos);
      CHECK(answer.body.find("<1>") == std::string::npos);
      CHECK(answer.body.find("return_to=%2Fx") != std::string::npos);
    }
  }
}

TEST_CASE("a replica whose clock is off by more than a session lasts is found by what its notes say of each other") {
  SessionSettings hourly;
  hourly.idle_timeout_ms = 3'600'000;
  const std::int64_t two_hours_ms = 7'200'000;
  const FoundMarker marker = readable({note(two_hours_ms + 400), note(two_hours_ms)});
  LoopFacts expired = facts(hourly);
  expired.returned = whole(kNowMs / 1000 - 7200);
  const auto finding = judge_redirect(expired, marker);
  REQUIRE(finding);
  CHECK(finding->cause == LoopCause::clock_skew);

  CHECK_FALSE(judge_redirect(facts(hourly), marker));  // a marker kept for too long, no session
  LoopFacts good = facts(hourly);
  good.returned = whole(kNowMs / 1000);
  CHECK_FALSE(judge_redirect(good, marker));
  CHECK_FALSE(judge_redirect(expired, readable({note(two_hours_ms + 30'000), note(two_hours_ms)})));
}

TEST_CASE("a session that was validated twice a moment ago is not validated once more") {
  const SessionSettings session;
  const LoopFacts at_hand = facts(session);
  CHECK_FALSE(was_just_validated(at_hand, readable({})));
  CHECK_FALSE(was_just_validated(at_hand, readable({note(500)})));
  CHECK_FALSE(was_just_validated(at_hand, readable({note(500), note(400, "/y")})));
  CHECK_FALSE(was_just_validated(at_hand, readable({note(30'000), note(400)})));
  CHECK(was_just_validated(at_hand, readable({note(500), note(400)})));
  CHECK(was_just_validated(at_hand, readable({note(7'200'500), note(7'200'000)})));
}

TEST_CASE("a handle whose session the store has no more blames no secret") {
  SessionSettings stored;
  stored.store = SessionStore::redis;
  LoopFacts gone = facts(stored);
  gone.returned = {1, 1000, false, true, std::nullopt};
  const auto finding = judge_redirect(gone, readable({note(900), note(800), note(700), note(600)}));
  REQUIRE(finding);
  CHECK(finding->cause == LoopCause::ended_at_once);
  gone.returned.bytes = 900;
  CHECK(judge_redirect(gone, readable({note(900), note(500)}))->cause == LoopCause::cookie_too_large);
}
