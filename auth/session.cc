#include "auth/session.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

namespace lp {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kMembers = 9;
constexpr int kMaxDepth = 40;  // an ID token may nest 32 levels
constexpr std::int64_t kMaxResealAfterS = 300;

// The library's CBOR reader recurses: this pass refuses deep input before a tree is built.
class DepthGuard : public json::json_sax_t {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return ++depth_ <= kMaxDepth; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return --depth_ >= 0; }
  bool start_array(std::size_t) override { return ++depth_ <= kMaxDepth; }
  bool end_array() override { return --depth_ >= 0; }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override { return false; }

 private:
  int depth_ = 0;
};

json read_cbor(std::string_view bytes) {
  if (bytes.size() > kMaxSessionBytes) return json(json::value_t::discarded);
  DepthGuard guard;
  if (!json::sax_parse(bytes.begin(), bytes.end(), &guard, json::input_format_t::cbor)) {
    return json(json::value_t::discarded);
  }
  return json::from_cbor(bytes.begin(), bytes.end(), true, false);
}

bool take(const json& value, std::string& out) {
  if (!value.is_string()) return false;
  out = value.get_ref<const std::string&>();
  return true;
}

bool take(const json& value, Secret& out) {
  std::string text;
  if (!take(value, text)) return false;
  out = Secret(std::move(text));
  return true;
}

// Seconds since 1970, far enough from the ends of 64 bits that adding a lifetime cannot wrap (attacks.md C16).
bool take(const json& value, std::int64_t& out) {
  constexpr std::uint64_t kLatest = std::uint64_t{1} << 52;
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kLatest) return false;
  out = static_cast<std::int64_t>(value.get<std::uint64_t>());
  return true;
}

bool take(const json& value, std::uint64_t& out) {
  if (!value.is_number_unsigned()) return false;
  out = value.get<std::uint64_t>();
  return true;
}

bool take(const json& value, json& out) {
  if (!value.is_object()) return false;
  out = value;
  return true;
}

std::int64_t in_seconds(std::int64_t ms) { return ms / 1000; }

std::int64_t reseal_at_s(const Session& session, const SessionSettings& settings) {
  return session.sealed_at_s + std::min(in_seconds(settings.idle_timeout_ms) / 10, kMaxResealAfterS);
}

std::int64_t revalidate_at_s(const Session& session, const SessionSettings& settings) {
  return session.validated_at_s + in_seconds(settings.revalidate_ms);
}

std::int64_t expires_at_s(const Session& session, const SessionSettings& settings) {
  return std::min(session.sealed_at_s + in_seconds(settings.idle_timeout_ms), session_ends_at_s(session, settings));
}

}  // namespace

std::string encode_session(const Session& session) {
  const json members =
      json::array({kVersion, session.sub, session.sid, session.claims, std::string(session.refresh_token.reveal()),
                   session.signed_in_at_s, session.validated_at_s, session.sealed_at_s, session.generation});
  std::string bytes;
  json::to_cbor(members, bytes);
  return bytes;
}

Result<Session> decode_session(std::string_view bytes) {
  const json members = read_cbor(bytes);
  if (!members.is_array() || members.size() != kMembers) return fail("not a session");
  if (members[0] != json(kVersion)) return fail("a session of another version");
  Session session;
  const bool complete = take(members[1], session.sub) && take(members[2], session.sid) &&
                        take(members[3], session.claims) && take(members[4], session.refresh_token) &&
                        take(members[5], session.signed_in_at_s) && take(members[6], session.validated_at_s) &&
                        take(members[7], session.sealed_at_s) && take(members[8], session.generation);
  if (!complete || session.sub.empty()) return fail("a session with a member of the wrong type");
  return session;
}

std::int64_t session_ends_at_s(const Session& session, const SessionSettings& settings) {
  return session.signed_in_at_s + in_seconds(settings.max_lifetime_ms);
}

SessionAge session_age(const Session& session, const SessionSettings& settings, std::int64_t now_s) {
  if (now_s >= expires_at_s(session, settings)) return SessionAge::expired;
  if (now_s >= revalidate_at_s(session, settings)) return SessionAge::due_for_revalidation;
  return wants_reseal(session, settings, now_s) ? SessionAge::due_for_reseal : SessionAge::fresh;
}

bool wants_reseal(const Session& session, const SessionSettings& settings, std::int64_t now_s) {
  return now_s >= reseal_at_s(session, settings);
}

std::int64_t age_valid_until_s(const Session& session, const SessionSettings& settings, std::int64_t now_s) {
  std::int64_t until = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t change : {reseal_at_s(session, settings), revalidate_at_s(session, settings),
                                    expires_at_s(session, settings)}) {
    if (change > now_s) until = std::min(until, change);
  }
  return until;
}

}  // namespace lp
