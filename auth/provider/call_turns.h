#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "auth/oidc/provider_call.h"

namespace lp {

// Whose turn it is among calls to one server, which takes `places` at a time (logto.max_calls). Pure.
//
// Keys go first, for all others wait for them, then people who are signed in, who leave the last place (an eighth) to
// others that wait. What strangers cause (sign-ins, introspection) and upkeep never have all places, and each of them
// no more than its part: half, a quarter, an eighth. Of a sign-in's or an introspection's part one client has half at
// most, and clients take turns: who sends a thousand junk codes waits for itself. Where a part comes to less than one
// place it is one.
class CallTurns {
 public:
  using Ticket = std::uint64_t;
  // Of one kind that strangers cause; beyond, a call is refused at once.
  static constexpr std::size_t kMaxWaiting = 4'000;
  static constexpr std::size_t kMaxWaitingPerClient = 500;

  explicit CallTurns(std::size_t places);

  // nullopt: too many wait already.
  [[nodiscard]] std::optional<Ticket> join(const Caller& caller);
  // Who may begin now and counts as under way from then on; to be asked until nobody may.
  [[nodiscard]] std::optional<Ticket> next();
  // A call has ended, or gives up waiting.
  void leave(Ticket ticket);

  // Strangers', which wait for a bounded time only.
  [[nodiscard]] static bool is_bounded(CallKind kind) {
    return kind == CallKind::sign_in || kind == CallKind::introspection;
  }

 private:
  static constexpr std::size_t kKinds = 5;
  struct Client {
    std::list<Ticket> waiting;
    std::size_t under_way = 0;
  };
  struct Line {
    std::size_t places = 0;
    std::size_t places_per_client = 0;
    std::size_t under_way = 0;
    std::size_t waiting = 0;
    std::deque<std::string> turns;  // clients with calls that wait, each once
    std::unordered_map<std::string, Client> clients;
  };
  struct Known {
    Caller caller;
    bool is_under_way = false;
  };

  [[nodiscard]] Line& line(CallKind kind) { return lines_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] std::optional<Ticket> next_of(CallKind kind);
  [[nodiscard]] std::optional<Ticket> next_of_strangers();
  [[nodiscard]] bool strangers_go_first() const;
  void forget_if_idle(Line& of, const std::string& client);

  std::size_t places_;
  std::size_t places_of_strangers_;
  std::size_t under_way_ = 0;
  std::size_t strangers_under_way_ = 0;
  std::size_t first_stranger_ = 0;  // whose line is asked first next time
  Ticket last_ = 0;
  std::array<Line, kKinds> lines_;
  std::unordered_map<Ticket, Known> known_;
};

}  // namespace lp
