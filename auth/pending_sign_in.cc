#include "auth/pending_sign_in.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/crypto.h"
#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kMembers = 8;
constexpr std::size_t kIdDigits = 16;
constexpr std::size_t kMaxPendingBytes = 4096;  // a cookie holds no more

bool is_pending_name(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || name.size() != prefix.size() + kIdDigits) return false;
  return name.substr(prefix.size()).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool take(const json& value, std::string& out) {
  if (!value.is_string()) return false;
  out = value.get_ref<const std::string&>();
  return true;
}

bool take(const json& value, Secret& out) {
  std::string text;
  if (!take(value, text) || text.empty()) return false;
  out = Secret(std::move(text));
  return true;
}

bool take(const json& value, bool& out) {
  if (!value.is_boolean()) return false;
  out = value.get<bool>();
  return true;
}

bool take(const json& value, std::int64_t& out) {
  constexpr std::uint64_t kLatest = std::uint64_t{1} << 52;
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kLatest) return false;
  out = static_cast<std::int64_t>(value.get<std::uint64_t>());
  return true;
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
  const json members = json::array({kVersion, std::string(pending.state.reveal()), std::string(pending.nonce.reveal()),
                                    std::string(pending.code_verifier.reveal()), pending.return_to, pending.redirect_uri,
                                    pending.made_at_s, pending.silent});
  std::string bytes;
  json::to_cbor(members, bytes);
  return bytes;
}

Result<PendingSignIn> decode_pending(std::string_view bytes) {
  if (bytes.size() > kMaxPendingBytes) return fail("longer than a pending sign-in can be");
  const json members = json::from_cbor(bytes.begin(), bytes.end(), true, false);
  if (!members.is_array() || members.size() != kMembers || members[0] != json(kVersion)) {
    return fail("not a pending sign-in of this version");
  }
  PendingSignIn pending;
  const bool complete = take(members[1], pending.state) && take(members[2], pending.nonce) &&
                        take(members[3], pending.code_verifier) && take(members[4], pending.return_to) &&
                        take(members[5], pending.redirect_uri) &&
                        take(members[6], pending.made_at_s) &&
                        take(members[7], pending.silent);
  if (!complete) return fail("a pending sign-in with a member of the wrong type");
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
  std::sort(alive.begin(), alive.end());
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
