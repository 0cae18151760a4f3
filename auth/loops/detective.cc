#include "auth/loops/detective.h"

#include <algorithm>
#include <utility>

namespace lp {
namespace {

constexpr std::uint64_t kSignInsBeforeStop = 2;
constexpr std::uint64_t kSignInsBeforeStopWhenEnded = 4;
constexpr std::int64_t kClockToleranceMs = 2000;

std::string seconds(std::int64_t ms) {
  const std::int64_t tenths = std::max<std::int64_t>(ms, 0) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

bool is_recent(const LoopNote& note, std::int64_t now_ms) {
  const std::int64_t ago_ms = now_ms - note.signed_in_at_ms;
  return ago_ms <= kLoopWindowMs && ago_ms >= -kLoopWindowMs;
}

// A browser drops the marker kLoopMarkerLifetimeS after it was set. One that is older by our clock, or that comes from
// the future, was written by another replica's clock.
bool is_of_another_clock(const LoopFacts& facts, const FoundMarker& marker) {
  if (marker.notes.empty()) return false;
  const std::int64_t ago_ms = facts.now_ms - marker.notes.back().signed_in_at_ms;
  return ago_ms > kLoopMarkerLifetimeS * 1000 || ago_ms < -kLoopWindowMs;
}

// Its notes are then measured against each other.
std::vector<LoopNote> recent_notes(const LoopFacts& facts, const FoundMarker& marker) {
  const std::string target = loop_target(facts.target);
  const std::int64_t now_ms = is_of_another_clock(facts, marker) ? marker.notes.back().signed_in_at_ms : facts.now_ms;
  std::vector<LoopNote> recent;
  std::copy_if(marker.notes.begin(), marker.notes.end(), std::back_inserter(recent),
               [&](const LoopNote& note) { return note.target == target && is_recent(note, now_ms); });
  return recent;
}

// A domain attribute covers the host itself and its subdomains (RFC 6265 5.1.3); of any other the browser drops the
// whole cookie (5.3 step 6).
bool domain_covers(std::string_view domain, std::string_view host) {
  if (domain.starts_with('.')) domain.remove_prefix(1);
  if (host == domain) return true;
  return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.';
}

// --- what the settings and the connection say about cookies that never arrive ---

std::optional<LoopFinding> blame_settings(const LoopFacts& facts) {
  const CookieSettings& cookie = facts.session.cookie;
  const Origin& external = facts.external;
  if (!cookie.domain.empty() && !domain_covers(cookie.domain, external.host)) {
    return LoopFinding{LoopCause::wrong_domain, 0, {{LoopSight::cookie_domain, {cookie.domain, external.host}}}};
  }
  if (external.is_https() && facts.came_by_https == false) {
    return LoopFinding{LoopCause::insecure_cookie, 0, {{LoopSight::plain_http, {external.text()}}}};
  }
  const bool named_secure = cookie.name.starts_with("__Host-") || cookie.name.starts_with("__Secure-");
  if (!external.is_https() && (cookie.same_site == SameSite::none || named_secure)) {
    return LoopFinding{LoopCause::insecure_cookie, 0, {{LoopSight::none_needs_secure, {external.text()}}}};
  }
  return std::nullopt;
}

// --- one function per way in which a session does not come back ---

LoopFinding blame_absence(const LoopFacts& facts, const LoopNote& note) {
  LoopFinding finding = blame_settings(facts).value_or(LoopFinding{});
  if (finding.evidence.empty() && note.pieces > 1) finding.cause = LoopCause::cookie_too_large;
  finding.evidence.push_back({LoopSight::nothing_came_back, {}});
  return finding;
}

LoopFinding blame_pieces(const LoopFacts& facts) {
  const std::string pieces = std::to_string(facts.returned.pieces);
  if (facts.returned.twice) return {LoopCause::duplicate_cookie, 0, {{LoopSight::came_twice, {pieces}}}};
  return {
      LoopCause::cookie_too_large, 0, {{LoopSight::some_came_back, {pieces, std::to_string(facts.returned.bytes)}}}};
}

// The marker opens, or there would be no notes: so the secrets agree, and the session was changed on its way.
LoopFinding blame_contents(const LoopFacts& facts, const LoopNote& note) {
  LoopFinding finding;
  if (facts.session.store != SessionStore::cookie && facts.returned.bytes == note.bytes) {
    return {LoopCause::ended_at_once, 0, {{LoopSight::not_in_store, {}}}};
  }
  finding.cause = facts.returned.bytes < note.bytes ? LoopCause::cookie_too_large : LoopCause::different_secrets;
  finding.evidence.push_back({LoopSight::does_not_open, {std::to_string(facts.returned.bytes)}});
  return finding;
}

LoopFinding blame_time(const LoopFacts& facts, const Session& session, const LoopNote& note) {
  const std::int64_t ahead_ms =
      std::max(session.sealed_at_s * 1000, note.signed_in_at_ms) - facts.now_ms - kClockToleranceMs;
  if (ahead_ms > 0) {
    return {LoopCause::clock_skew, 0, {{LoopSight::ahead_of_our_clock, {seconds(ahead_ms + kClockToleranceMs)}}}};
  }
  if (session_expires_at_s(session, facts.session) * 1000 <= facts.now_ms) {
    return {
        LoopCause::clock_skew, 0, {{LoopSight::expired_on_arrival, {seconds(facts.now_ms - note.signed_in_at_ms)}}}};
  }
  return {LoopCause::ended_at_once, 0, {{LoopSight::ended_though_current, {}}}};
}

LoopFinding blame(const LoopFacts& facts, const LoopNote& note) {
  if (facts.returned.pieces == 0) return blame_absence(facts, note);
  if (!facts.returned.complete) return blame_pieces(facts);
  if (!facts.returned.session) return blame_contents(facts, note);
  return blame_time(facts, *facts.returned.session, note);
}

// Neither the marker nor the session opens here, though both were made a moment ago for this host.
std::optional<LoopFinding> judge_foreign(const LoopFacts& facts, const FoundMarker& marker) {
  const bool session_is_foreign = facts.returned.complete && !facts.returned.session;
  if (marker.fate != FoundMarker::Fate::foreign || marker.fingerprint == facts.fingerprint || !session_is_foreign ||
      marker.sign_ins < kSignInsBeforeStop) {
    return std::nullopt;
  }
  return LoopFinding{LoopCause::different_secrets,
                     marker.sign_ins,
                     {{LoopSight::does_not_open, {std::to_string(facts.returned.bytes)}},
                      {LoopSight::secrets_differ, {marker.fingerprint, facts.fingerprint}}}};
}

LoopEvidence session_was_set(const LoopFacts& facts, const LoopNote& note) {
  return {LoopSight::session_was_set,
          {seconds(facts.now_ms - note.signed_in_at_ms), std::to_string(note.pieces), std::to_string(note.bytes)}};
}

}  // namespace

std::string_view loop_cause_word(LoopCause cause) {
  switch (cause) {
    case LoopCause::cookie_not_returned:
      return "cookie_not_returned";
    case LoopCause::cookie_removed_on_path:
      return "cookie_removed_on_path";
    case LoopCause::insecure_cookie:
      return "insecure_cookie";
    case LoopCause::wrong_domain:
      return "wrong_domain";
    case LoopCause::duplicate_cookie:
      return "duplicate_cookie";
    case LoopCause::cookie_too_large:
      return "cookie_too_large";
    case LoopCause::different_secrets:
      return "different_secrets";
    case LoopCause::clock_skew:
      return "clock_skew";
    case LoopCause::ended_at_once:
      return "ended_at_once";
    case LoopCause::sent_back:
      return "sent_back";
  }
  LP_CHECK(false, "a cause outside its enum");
}

std::optional<LoopFinding> judge_redirect(const LoopFacts& facts, const FoundMarker& marker) {
  if (auto foreign = judge_foreign(facts, marker)) return foreign;
  const std::vector<LoopNote> notes = recent_notes(facts, marker);
  if (notes.size() < kSignInsBeforeStop) return std::nullopt;
  LoopFinding finding = blame(facts, notes.back());
  // No clock is to blame where a client kept the marker for longer than it was told to.
  if (is_of_another_clock(facts, marker) && finding.cause != LoopCause::clock_skew) return std::nullopt;
  if (finding.cause == LoopCause::ended_at_once && notes.size() < kSignInsBeforeStopWhenEnded) return std::nullopt;
  finding.sign_ins = notes.size();
  finding.evidence.insert(finding.evidence.begin(), session_was_set(facts, notes.back()));
  return finding;
}

// Tabs that were opened together come back together, and then at most the last of them is alone.
std::optional<LoopFinding> judge_delivery(const LoopFacts& facts, const FoundMarker& marker) {
  if (!facts.is_signed_in) return std::nullopt;
  const std::vector<LoopNote> notes = recent_notes(facts, marker);
  const auto alone = std::count_if(notes.begin(), notes.end(), [](const LoopNote& note) { return note.alone; });
  if (static_cast<std::uint64_t>(alone) < kSignInsBeforeStop) return std::nullopt;
  return LoopFinding{LoopCause::cookie_removed_on_path,
                     notes.size(),
                     {session_was_set(facts, notes.back()),
                      {LoopSight::callback_has_session, {std::to_string(facts.returned.pieces)}}}};
}

bool was_just_validated(const LoopFacts& facts, const FoundMarker& marker) {
  return recent_notes(facts, marker).size() >= kSignInsBeforeStop;
}

bool was_just_signed_in(const LoopFacts& facts, const FoundMarker& marker) {
  return !recent_notes(facts, marker).empty();
}

LoopFinding explain_missing_attempt(const LoopFacts& facts) {
  LoopFinding finding = blame_settings(facts).value_or(LoopFinding{});
  // The attempt's cookie is host-only, or of a domain that covers sign_in_url: session.cookie.domain is not to blame.
  if (finding.cause == LoopCause::wrong_domain) finding = LoopFinding{};
  finding.evidence.push_back({LoopSight::attempt_cookie_missing, {}});
  return finding;
}

std::optional<LoopFinding> explain_foreign_state(bool attempt_cookie_was_sent) {
  if (!attempt_cookie_was_sent) return std::nullopt;
  return LoopFinding{LoopCause::different_secrets, 0, {{LoopSight::attempt_cookie_opens_not, {}}}};
}

std::vector<LoopNote> notes_with(const FoundMarker& marker, LoopNote delivered) {
  std::vector<LoopNote> notes;
  std::copy_if(marker.notes.begin(), marker.notes.end(), std::back_inserter(notes),
               [&](const LoopNote& note) { return is_recent(note, delivered.signed_in_at_ms); });
  notes.push_back(std::move(delivered));
  return notes;
}

}  // namespace lp
