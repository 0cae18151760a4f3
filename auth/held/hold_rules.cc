#include "auth/held/hold_rules.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "auth/session/held_requests.h"
#include "base/encoding.h"

namespace lp {
namespace {

std::string_view media_type(std::string_view content_type) {
  return trim_ows(content_type.substr(0, content_type.find(';')));
}

// The codec has refused what is no number; a chunked body has none.
std::optional<std::uint64_t> content_length(const Fields& fields) {
  const std::string_view text = fields.get("Content-Length");
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return bytes;
}

}  // namespace

bool is_same_origin(const Fields& fields, const Origin& external) {
  const bool says_so = fields.get("Sec-Fetch-Site") == "same-origin";
  if (fields.has("Sec-Fetch-Site") && !says_so) return false;
  if (!fields.has("Origin")) return says_so;
  const std::string_view origin = fields.get("Origin");
  return origin == external.text() || (says_so && origin == "null");
}

bool is_form_content_type(std::string_view content_type) {
  const std::string_view type = media_type(content_type);
  return iequals(type, "application/x-www-form-urlencoded") || iequals(type, "multipart/form-data") ||
         iequals(type, "text/plain");
}

NotHeld may_hold(const RequestHead& head, bool wants_upgrade, const Origin& external) {
  if (!is_form_post(head, wants_upgrade)) return NotHeld::not_a_form;
  if (!is_same_origin(head.fields, external)) return NotHeld::other_site;
  // What is held is replayed as it stands: a coding that only this connection's fields describe would be lost.
  const bool is_coded = head.fields.has("Content-Encoding");
  if (is_coded || head.fields.count("Content-Type") != 1) return NotHeld::content_type;
  if (!is_form_content_type(head.fields.get("Content-Type"))) return NotHeld::content_type;
  if (content_length(head.fields).value_or(0) > kMaxHeldBodyBytes) return NotHeld::too_large;
  return NotHeld::none;
}

bool is_just_expired(const Session& session, const SessionSettings& settings, std::int64_t now_s) {
  const std::int64_t expired_for_s = now_s - session_expires_at_s(session, settings);
  return expired_for_s >= 0 && expired_for_s < kJustExpiredS;
}

bool may_be_resumption(const RequestHead& head, bool wants_upgrade, const Origin& external) {
  return head.method == "POST" && content_length(head.fields) == kResumeBodyBytes &&
         is_form_post(head, wants_upgrade) && is_same_origin(head.fields, external) &&
         iequals(media_type(head.fields.get("Content-Type")), "application/x-www-form-urlencoded");
}

}  // namespace lp
