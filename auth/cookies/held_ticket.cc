#include "auth/cookies/held_ticket.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "auth/cookies/cbor_members.h"
#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kMembers = 4;
constexpr std::size_t kMaxBytes = 256;
constexpr std::int64_t kClockToleranceS = 60;  // between replicas

bool is_current(const HeldTicket& ticket, std::int64_t now_s) {
  return now_s < ticket.made_at_s + kHeldLifetimeS && now_s >= ticket.made_at_s - kClockToleranceS;
}

}  // namespace

std::string encode_held_ticket(const HeldTicket& ticket) {
  return write_members(json::array({kVersion, ticket.id, std::string(ticket.key.reveal()), ticket.made_at_s}));
}

Result<HeldTicket> decode_held_ticket(std::string_view bytes) {
  const std::optional<json> members = read_members(bytes, kMaxBytes, kVersion, kMembers);
  if (!members) return fail("not a held request's ticket of this version");
  const json& m = *members;
  HeldTicket ticket;
  if (!take_member(m[1], ticket.id) || !take_member(m[2], ticket.key) || !take_time(m[3], ticket.made_at_s)) {
    return fail("a held request's ticket with a member of the wrong type");
  }
  if (ticket.id.size() != kHeldIdBytes || ticket.key.reveal().size() != kHeldKeyBytes) {
    return fail("a held request's ticket with a member of the wrong length");
  }
  return ticket;
}

std::optional<HeldTicket> find_held_ticket(const Fields& fields, std::string_view name, const CookieSealer& sealer,
                                           std::int64_t now_s) {
  std::optional<std::string_view> sealed;
  for (const auto& [cookie, value] : cookie_pairs(fields)) {
    if (cookie != name) continue;
    if (sealed) return std::nullopt;  // two of one name: one of them is not ours
    sealed = value;
  }
  if (!sealed) return std::nullopt;
  const std::optional<std::string> bytes = sealer.open(name, *sealed);
  if (!bytes) return std::nullopt;
  Result<HeldTicket> ticket = decode_held_ticket(*bytes);
  if (!ticket || !is_current(*ticket, now_s)) return std::nullopt;
  return std::move(*ticket);
}

std::string resume_token(const HeldTicket& ticket) {
  return base64url_encode(hmac_sha256(ticket.key, "logto-proxy v1 resume\n" + ticket.id));
}

bool is_resume_body(std::string_view body) {
  if (body.size() != kResumeBodyBytes || !body.starts_with(kResumeField)) return false;
  body.remove_prefix(kResumeField.size());
  return body.front() == '=' && base64url_decode(body.substr(1)).has_value();
}

bool is_resume_body_of(std::string_view body, const HeldTicket& ticket) {
  return is_resume_body(body) && equal_constant_time(body.substr(kResumeField.size() + 1), resume_token(ticket));
}

}  // namespace lp
