#include "auth/cookies/pending_cookie.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "auth/cookies/cbor_members.h"
#include "base/crypto.h"
#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::json;

constexpr int kPendingVersion = 3;
constexpr std::size_t kPendingMembers = 14;
constexpr std::size_t kIdDigits = 16;
constexpr std::size_t kMaxPendingBytes = 4096;  // a cookie holds no more

bool take_max_age(const json& value, std::int64_t& into) {
  if (value == kNoMaxAge) return true;
  return take_time(value, into);
}

template <class Enum>
bool take_enum(const json& value, Enum last, Enum& into) {
  std::uint64_t number = 0;
  if (!take_member(value, number) || number > static_cast<std::uint64_t>(last)) return false;
  into = static_cast<Enum>(number);
  return true;
}

bool is_pending_name(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || name.size() != prefix.size() + kIdDigits) return false;
  return name.substr(prefix.size()).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_current(const PendingSignIn& pending, std::int64_t now_s) {
  return now_s < pending.made_at_s + kPendingLifetimeS;
}

std::optional<PendingSignIn> open_pending(std::string_view name, std::string_view value, const CookieSealer& sealer) {
  const std::optional<std::string> bytes = sealer.open(name, value);
  if (!bytes) return std::nullopt;
  Result<PendingSignIn> pending = decode_pending(*bytes);
  if (!pending) return std::nullopt;
  return std::move(*pending);
}

}  // namespace

std::string encode_pending(const PendingSignIn& pending) {
  return write_members(json::array(
      {kPendingVersion, std::string(pending.state.reveal()), std::string(pending.nonce.reveal()),
       std::string(pending.code_verifier.reveal()), pending.return_to, pending.redirect_uri, pending.made_at_s,
       pending.silent, pending.step_up, pending.max_age_s, static_cast<std::uint64_t>(pending.proof_asked),
       pending.ended_at_ms, pending.with, static_cast<std::uint64_t>(pending.resources_asked)}));
}

Result<PendingSignIn> decode_pending(std::string_view bytes) {
  const std::optional<json> members = read_members(bytes, kMaxPendingBytes, kPendingVersion, kPendingMembers);
  if (!members) return fail("not a pending sign-in of this version");
  const json& m = *members;
  PendingSignIn pending;
  const bool complete = take_member(m[1], pending.state) && take_member(m[2], pending.nonce) &&
                        take_member(m[3], pending.code_verifier) && take_member(m[4], pending.return_to) &&
                        take_member(m[5], pending.redirect_uri) && take_time(m[6], pending.made_at_s) &&
                        take_member(m[7], pending.silent) && take_member(m[8], pending.step_up) &&
                        take_max_age(m[9], pending.max_age_s) &&
                        take_enum(m[10], ProofAsked::password, pending.proof_asked) &&
                        take_time(m[11], pending.ended_at_ms) && take_member(m[12], pending.with) &&
                        take_enum(m[13], ResourcesAsked::none, pending.resources_asked);
  if (!complete || pending.state.empty() || pending.nonce.empty() || pending.code_verifier.empty()) {
    return fail("a pending sign-in with a member of the wrong type");
  }
  return pending;
}

std::string pending_cookie_name(std::string_view prefix, std::string_view state) {
  return std::string(prefix) + hex_encode(sha256(state)).substr(0, kIdDigits);
}

std::vector<std::string> pending_cookie_names(const Fields& fields, std::string_view prefix) {
  std::set<std::string> names;
  for (const auto& [name, value] : cookie_pairs(fields)) {
    if (is_pending_name(name, prefix)) names.emplace(name);
  }
  return {names.begin(), names.end()};
}

std::vector<std::string> evict_pending(const Fields& fields, std::string_view prefix, const CookieSealer& sealer,
                                       std::int64_t now_s) {
  std::set<std::string> to_delete;
  std::vector<std::pair<std::int64_t, std::string>> alive;  // made_at_s, name
  for (const auto& [name, value] : cookie_pairs(fields)) {
    if (!is_pending_name(name, prefix)) continue;
    const std::optional<PendingSignIn> pending = open_pending(name, value, sealer);
    if (pending && is_current(*pending, now_s)) {
      alive.emplace_back(pending->made_at_s, name);
    } else {
      to_delete.emplace(name);
    }
  }
  // Of one second, the first in the header is the oldest: browsers send cookies in the order of their making (RFC 6265
  // 5.4).
  std::stable_sort(alive.begin(), alive.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i + (kMaxPendingSignIns - 1) < alive.size(); ++i) to_delete.insert(alive[i].second);
  return {to_delete.begin(), to_delete.end()};
}

FoundPending find_pending(const Fields& fields, std::string_view prefix, std::string_view state,
                          const CookieSealer& sealer, std::int64_t now_s) {
  const std::string wanted = pending_cookie_name(prefix, state);
  std::optional<std::string_view> sealed;
  for (const auto& [name, value] : cookie_pairs(fields)) {
    if (name != wanted) continue;
    if (sealed) return {};  // two of one name: one of them is not ours
    sealed = value;
  }
  if (!sealed) return {};
  std::optional<PendingSignIn> pending = open_pending(wanted, *sealed, sealer);
  if (!pending || !pending->state.equals(state)) return {};
  const PendingFate fate = is_current(*pending, now_s) ? PendingFate::current : PendingFate::expired;
  return {fate, std::move(*pending)};
}

}  // namespace lp
