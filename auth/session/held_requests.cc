#include "auth/session/held_requests.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "auth/cookies/cbor_members.h"
#include "base/crypto.h"

namespace lp {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kMembers = 7;
constexpr std::size_t kMaxBytes = kMaxHeldBodyBytes + (std::size_t{256} << 10);  // a target and a type are short
constexpr std::size_t kEntryOverheadBytes = 512;                                 // list node, maps, allocator

std::string encode(const HeldRequest& request) {
  return write_members(json::array(
      {kVersion, request.method, request.target, request.content_type, request.body, request.sub, request.origin}));
}

std::optional<HeldRequest> decode(std::string_view bytes) {
  const std::optional<json> members = read_members(bytes, kMaxBytes, kVersion, kMembers);
  if (!members) return std::nullopt;
  const json& m = *members;
  HeldRequest request;
  const bool complete = take_member(m[1], request.method) && take_member(m[2], request.target) &&
                        take_member(m[3], request.content_type) && take_member(m[4], request.body) &&
                        take_member(m[5], request.sub) && take_member(m[6], request.origin);
  return complete ? std::optional(std::move(request)) : std::nullopt;
}

std::optional<HeldRequest> open(const std::string& sealed, const HeldTicket& ticket) {
  const std::optional<std::string> bytes = Xaes256Gcm(ticket.key).open(sealed, ticket.id);
  return bytes ? decode(*bytes) : std::nullopt;
}

std::size_t cost_of(std::size_t sealed_bytes) { return sealed_bytes + kEntryOverheadBytes; }

}  // namespace

HeldRequests::HeldRequests(std::size_t total_budget_bytes) : budget_bytes_(total_budget_bytes) {}

std::optional<HeldTicket> HeldRequests::hold(const HeldRequest& request, std::int64_t now_s, std::string_view random) {
  LP_CHECK(random.size() == kHoldRandomBytes, "the wrong number of random bytes");
  if (request.body.size() > kMaxHeldBodyBytes) return std::nullopt;
  HeldTicket ticket{std::string(random.substr(0, kHeldIdBytes)),
                    Secret(std::string(random.substr(kHeldIdBytes, kHeldKeyBytes))), now_s};
  const std::string_view nonce = random.substr(kHeldIdBytes + kHeldKeyBytes);
  Entry entry{ticket.id, now_s + kHeldLifetimeS, sha256(request.sub).substr(0, 16),
              std::make_shared<const std::string>(Xaes256Gcm(ticket.key).seal(nonce, encode(request), ticket.id))};
  if (!insert(std::move(entry), now_s)) return std::nullopt;
  return ticket;
}

bool HeldRequests::insert(Entry entry, std::int64_t now_s) {
  const std::size_t cost = cost_of(entry.sealed->size());
  const std::lock_guard lock(mutex_);
  drop_expired_locked(now_s);
  if (cost > budget_bytes_ || bytes_ > budget_bytes_ - cost) return false;
  std::size_t& of_person = by_person_[entry.person];
  if (of_person >= kMaxHeldPerPerson) return false;
  ++of_person;
  bytes_ += cost;
  entries_.push_back(std::move(entry));
  by_id_.emplace(entries_.back().id, std::prev(entries_.end()));
  return true;
}

HeldRequests::Found HeldRequests::look(const HeldTicket& ticket, std::string_view sub, std::int64_t now_s) {
  const std::shared_ptr<const std::string> sealed = sealed_of(ticket, now_s);
  if (!sealed) return {};
  std::optional<HeldRequest> request = open(*sealed, ticket);
  if (!request) return {};
  if (request->sub != sub) return {Fate::other_person, {}};
  return {Fate::found, std::move(*request)};
}

std::optional<HeldRequest> HeldRequests::take(const HeldTicket& ticket, std::string_view sub, std::string_view origin,
                                              std::string_view target, std::int64_t now_s) {
  Found found = look(ticket, sub, now_s);
  if (found.fate != Fate::found || found.request.origin != origin || found.request.target != target) {
    return std::nullopt;
  }
  const std::lock_guard lock(mutex_);
  if (!erase(ticket.id)) return std::nullopt;  // another thread was first
  return std::move(found.request);
}

// Whoever shows a ticket that does not open what it names has no say over it.
void HeldRequests::discard(const HeldTicket& ticket) {
  const std::shared_ptr<const std::string> sealed = sealed_of(ticket, ticket.made_at_s);
  if (!sealed || !open(*sealed, ticket)) return;
  const std::lock_guard lock(mutex_);
  (void)erase(ticket.id);
}

void HeldRequests::drop_expired(std::int64_t now_s) {
  const std::lock_guard lock(mutex_);
  drop_expired_locked(now_s);
}

std::size_t HeldRequests::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::size_t HeldRequests::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::shared_ptr<const std::string> HeldRequests::sealed_of(const HeldTicket& ticket, std::int64_t now_s) {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(ticket.id);
  if (found == by_id_.end() || now_s >= found->second->expires_at_s) return nullptr;
  return found->second->sealed;
}

bool HeldRequests::erase(std::string_view id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return false;
  forget(found->second);
  return true;
}

void HeldRequests::drop_expired_locked(std::int64_t now_s) {
  while (!entries_.empty() && now_s >= entries_.front().expires_at_s) forget(entries_.begin());
}

void HeldRequests::forget(Entries::iterator entry) {
  bytes_ -= cost_of(entry->sealed->size());
  const auto person = by_person_.find(entry->person);
  if (--person->second == 0) by_person_.erase(person);
  by_id_.erase(entry->id);
  entries_.erase(entry);
}

}  // namespace lp
