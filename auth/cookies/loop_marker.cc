#include "auth/cookies/loop_marker.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "auth/cookies/cbor_members.h"
#include "auth/cookies/cookie_pieces.h"
#include "auth/cookies/secret_fingerprint.h"
#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::json;

constexpr int kMarkerVersion = 1;
constexpr std::size_t kMarkerMembers = 2;
constexpr std::size_t kNoteMembers = 5;
constexpr std::size_t kMaxMarkerBytes = 1024;
constexpr std::size_t kTargetBytes = 8;
constexpr std::uint64_t kMaxSignIns = 9;  // one digit

bool take_note(const json& m, LoopNote& note) {
  return m.is_array() && m.size() == kNoteMembers && take_member(m[0], note.target) &&
         note.target.size() == kTargetBytes && take_time(m[1], note.signed_in_at_ms) &&
         take_member(m[2], note.pieces) && take_member(m[3], note.bytes) && take_member(m[4], note.alone);
}

// The one cookie of this name; none where two came, for one of them is not ours.
std::optional<std::string_view> only_cookie(const Fields& fields, std::string_view name) {
  std::optional<std::string_view> found;
  for (const auto& [cookie, value] : cookie_pairs(fields)) {
    if (cookie != name) continue;
    if (found) return std::nullopt;
    found = value;
  }
  return found;
}

// FINGERPRINT.COUNT. off the front.
bool take_front(std::string_view& text, FoundMarker& marker) {
  if (text.size() < kSecretFingerprintDigits + 3) return false;
  marker.fingerprint = text.substr(0, kSecretFingerprintDigits);
  const char digit = text[kSecretFingerprintDigits + 1];
  if (marker.fingerprint.find_first_not_of("0123456789abcdef") != std::string::npos) return false;
  if (text[kSecretFingerprintDigits] != '.' || text[kSecretFingerprintDigits + 2] != '.' || digit < '0' || digit > '9')
    return false;
  marker.sign_ins = static_cast<std::uint64_t>(digit - '0');
  text.remove_prefix(kSecretFingerprintDigits + 3);
  return true;
}

}  // namespace

std::string loop_target(std::string_view path_and_query) {
  return sha256(path_and_query.substr(0, path_and_query.find('#'))).substr(0, kTargetBytes);
}

std::string return_marker_name(std::string_view marker_name) { return std::string(marker_name) + "_1"; }

std::string encode_loop_notes(const std::vector<LoopNote>& notes) {
  json list = json::array();
  for (const LoopNote& note : notes) {
    list.push_back(json::array({note.target, note.signed_in_at_ms, note.pieces, note.bytes, note.alone}));
  }
  return write_members(json::array({kMarkerVersion, std::move(list)}));
}

Result<std::vector<LoopNote>> decode_loop_notes(std::string_view bytes) {
  const std::optional<json> members = read_members(bytes, kMaxMarkerBytes, kMarkerVersion, kMarkerMembers);
  if (!members || !(*members)[1].is_array()) return fail("not a loop marker of this version");
  std::vector<LoopNote> notes;
  for (const json& member : (*members)[1]) {
    if (notes.size() == kMaxLoopNotes || !take_note(member, notes.emplace_back())) {
      return fail("a loop marker with a note of the wrong form");
    }
  }
  return notes;
}

FoundMarker find_loop_marker(const Fields& fields, std::string_view name, const CookieSealer& sealer) {
  FoundMarker marker;
  const std::optional<std::string_view> value = only_cookie(fields, name);
  std::string_view sealed = value.value_or("");
  if (!take_front(sealed, marker)) return {};
  marker.fate = FoundMarker::Fate::foreign;
  const std::optional<std::string> bytes = sealer.open(name, sealed);
  if (!bytes) return marker;
  Result<std::vector<LoopNote>> notes = decode_loop_notes(*bytes);
  if (!notes) return {};
  marker.fate = FoundMarker::Fate::readable;
  marker.notes = std::move(*notes);
  return marker;
}

std::string loop_marker_value(std::string_view name, std::vector<LoopNote> notes, std::uint64_t sign_ins,
                              std::string_view fingerprint, const CookieSealer& sealer, std::string_view nonce) {
  if (notes.size() > kMaxLoopNotes) notes.erase(notes.begin(), notes.end() - kMaxLoopNotes);
  return std::string(fingerprint) + "." + std::to_string(std::min(sign_ins, kMaxSignIns)) + "." +
         sealer.seal(name, encode_loop_notes(notes), nonce);
}

bool sends_cookie(const Fields& fields, std::string_view name) {
  bool sends = false;
  for_each_cookie(fields, [&](std::string_view cookie, std::string_view) { sends = sends || cookie == name; });
  return sends;
}

}  // namespace lp
