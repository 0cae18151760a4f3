#include "auth/cookies/pending_cookie.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "auth/cookies/cbor_members.h"
#include "auth/cookies/cookie_pieces.h"
#include "base/crypto.h"
#include "base/deflate.h"
#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::json;

constexpr int kPendingVersion = 4;
constexpr std::size_t kPendingMembers = 15;
constexpr std::size_t kIdDigits = 16;
constexpr std::size_t kMaxEncodedBytes = kCookiePieceBytes * kMaxCookiePieces;
constexpr std::size_t kMaxReturnToBytes = 2 * 1024 * 1024;  // limits.target is at most half of it

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

// The name of the attempt that a cookie is the first piece of, or another one; empty where it is none.
std::string_view attempt_of(std::string_view cookie, std::string_view prefix) {
  if (!cookie.starts_with(prefix) || cookie.size() < prefix.size() + kIdDigits) return {};
  const std::string_view name = cookie.substr(0, prefix.size() + kIdDigits);
  const bool is_id = name.substr(prefix.size()).find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return is_id && piece_index(cookie, name) ? name : std::string_view();
}

// The value of each attempt that the browser sent; empty where it is not whole.
std::map<std::string_view, std::string> sent_attempts(const Fields& fields, std::string_view prefix) {
  struct Pieces {
    std::array<std::optional<std::string_view>, kMaxCookiePieces> found;
    bool is_readable = true;
  };
  std::map<std::string_view, Pieces> all;
  for (const auto& [cookie, value] : cookie_pairs(fields)) {
    const std::string_view name = attempt_of(cookie, prefix);
    if (name.empty()) continue;
    Pieces& pieces = all[name];
    auto& piece = pieces.found[*piece_index(cookie, name)];
    if (piece) pieces.is_readable = false;  // two of one name: one of them is not ours
    piece = value;
  }
  std::map<std::string_view, std::string> values;
  for (const auto& [name, pieces] : all) {
    std::string& value = values[name];
    const auto end = std::find(pieces.found.begin(), pieces.found.end(), std::nullopt);
    if (!pieces.is_readable ||
        std::find_if(end, pieces.found.end(), [](const auto& p) { return p.has_value(); }) != pieces.found.end())
      continue;
    std::for_each(pieces.found.begin(), end, [&](const auto& piece) { value += *piece; });
  }
  return values;
}

bool take_return_to(const json& text, const json& is_deflated, std::string& into) {
  bool deflated = false;
  if (!take_member(text, into) || !take_member(is_deflated, deflated)) return false;
  if (!deflated) return true;
  auto whole = inflate_text(into, kMaxReturnToBytes);
  if (!whole) return false;
  into = std::move(*whole);
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
  const std::string deflated = deflate_text(pending.return_to);
  const bool is_shorter = deflated.size() < pending.return_to.size();
  const std::string& return_to = is_shorter ? deflated : pending.return_to;
  return write_members(json::array(
      {kPendingVersion, std::string(pending.state.reveal()), std::string(pending.nonce.reveal()),
       std::string(pending.code_verifier.reveal()), return_to, pending.redirect_uri, pending.made_at_s, pending.silent,
       pending.step_up, pending.max_age_s, static_cast<std::uint64_t>(pending.proof_asked), pending.ended_at_ms,
       pending.with, static_cast<std::uint64_t>(pending.resources_asked), is_shorter}));
}

Result<PendingSignIn> decode_pending(std::string_view bytes) {
  const std::optional<json> members = read_members(bytes, kMaxEncodedBytes, kPendingVersion, kPendingMembers);
  if (!members) return fail("not a pending sign-in of this version");
  const json& m = *members;
  PendingSignIn pending;
  const bool complete = take_member(m[1], pending.state) && take_member(m[2], pending.nonce) &&
                        take_member(m[3], pending.code_verifier) && take_return_to(m[4], m[14], pending.return_to) &&
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
  for (const auto& [cookie, value] : cookie_pairs(fields)) {
    if (const std::string_view name = attempt_of(cookie, prefix); !name.empty()) names.emplace(name);
  }
  return {names.begin(), names.end()};
}

namespace {

struct Alive {
  std::int64_t made_at_s;
  std::size_t place;  // in the header
  std::size_t bytes;
  std::string name;
};

}  // namespace

std::vector<std::string> evict_pending(const Fields& fields, std::string_view prefix, const CookieSealer& sealer,
                                       std::int64_t now_s, std::size_t new_bytes) {
  std::vector<std::string> to_delete;
  std::vector<Alive> alive;
  std::size_t bytes = new_bytes;
  const auto sent = sent_attempts(fields, prefix);
  for (const auto& [name, value] : sent) {
    const std::optional<PendingSignIn> pending = open_pending(name, value, sealer);
    if (pending && is_current(*pending, now_s)) {
      // Views into the fields: where they lie tells the order.
      alive.push_back(
          {pending->made_at_s, reinterpret_cast<std::size_t>(name.data()), value.size(), std::string(name)});
      bytes += value.size();
    } else {
      to_delete.emplace_back(name);
    }
  }
  // Of one second, the first in the header is the oldest: browsers send cookies in the order of their making (RFC 6265
  // 5.4).
  std::sort(alive.begin(), alive.end(), [](const Alive& a, const Alive& b) {
    return std::tie(a.made_at_s, a.place) < std::tie(b.made_at_s, b.place);
  });
  std::size_t left = alive.size();
  for (const Alive& oldest : alive) {
    if (left < kMaxPendingSignIns && bytes <= kMaxPendingBytes) break;
    --left;
    bytes -= oldest.bytes;
    to_delete.push_back(oldest.name);
  }
  return to_delete;
}

FoundPending find_pending(const Fields& fields, std::string_view prefix, std::string_view state,
                          const CookieSealer& sealer, std::int64_t now_s) {
  const std::string name = pending_cookie_name(prefix, state);
  const JoinedCookie sealed = join_cookie_pieces(name, fields);
  std::optional<PendingSignIn> pending = open_pending(name, sealed.value(), sealer);
  if (!pending || !pending->state.equals(state)) return {};
  const PendingFate fate = is_current(*pending, now_s) ? PendingFate::current : PendingFate::expired;
  return {fate, std::move(*pending)};
}

}  // namespace lp
