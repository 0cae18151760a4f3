#pragma once
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "auth/cookies/held_ticket.h"

// Form posts that met an expired session and wait for their person to sign in again. Pure: time and randomness are
// arguments.
namespace lp {

struct HeldRequest {
  std::string method;
  std::string target;  // path and query, vetted
  std::string content_type;
  std::string body;
  std::string sub;     // whose session had expired
  std::string origin;  // the external URL it was sent to
};
inline constexpr std::size_t kMaxHeldBodyBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxHeldPerPerson = 4;
inline constexpr std::size_t kHoldRandomBytes = kHeldIdBytes + kHeldKeyBytes + kXaesNonceBytes;

// One for all workers; may be called from any thread. What is held is encrypted under a key that is only in the
// ticket: neither a core dump nor a bug that returns another's entry shows what somebody wrote. In memory and of this
// process alone: after a restart, or on another replica, a ticket opens nothing, and the person is told so.
class HeldRequests {
 public:
  // 0: nothing is held.
  explicit HeldRequests(std::size_t total_budget_bytes);

  // nullopt when the body is over kMaxHeldBodyBytes, the budget is used up, or this person has kMaxHeldPerPerson here
  // already: others are never pushed out. `random`: kHoldRandomBytes.
  [[nodiscard]] std::optional<HeldTicket> hold(const HeldRequest& request, std::int64_t now_s, std::string_view random);

  enum class Fate { found, gone, other_person };
  struct Found {
    Fate fate = Fate::gone;
    HeldRequest request;  // empty unless found
  };
  // Leaves it there.
  [[nodiscard]] Found look(const HeldTicket& ticket, std::string_view sub, std::int64_t now_s);
  // Only once, only for this person, and only towards the target that it was sent to.
  [[nodiscard]] std::optional<HeldRequest> take(const HeldTicket& ticket, std::string_view sub, std::string_view origin,
                                                std::string_view target, std::int64_t now_s);
  void discard(const HeldTicket& ticket);
  // Also done by hold(); worth a timer, so that memory is given back when nothing else happens.
  void drop_expired(std::int64_t now_s);

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Entry {
    std::string id;
    std::int64_t expires_at_s = 0;
    std::string person;  // a hash of the sub
    std::shared_ptr<const std::string> sealed;
  };
  using Entries = std::list<Entry>;
  [[nodiscard]] bool insert(Entry entry, std::int64_t now_s);
  [[nodiscard]] std::shared_ptr<const std::string> sealed_of(const HeldTicket& ticket, std::int64_t now_s);
  bool erase(std::string_view id);
  void drop_expired_locked(std::int64_t now_s);
  void forget(Entries::iterator entry);

  const std::size_t budget_bytes_;
  mutable std::mutex mutex_;  // guards all below
  std::size_t bytes_ = 0;
  Entries entries_;  // all live equally long: the first to expire stands first
  std::unordered_map<std::string_view, Entries::iterator> by_id_;  // keys are views into the entries
  std::unordered_map<std::string, std::size_t> by_person_;
};

}  // namespace lp
