#include "auth/provider/call_turns.h"

#include <algorithm>
#include <utility>

namespace lp {
namespace {

constexpr std::array kStrangers = {CallKind::sign_in, CallKind::introspection, CallKind::upkeep};

bool is_strangers(CallKind kind) { return std::find(kStrangers.begin(), kStrangers.end(), kind) != kStrangers.end(); }

std::size_t part(std::size_t places, std::size_t divisor) { return std::max<std::size_t>(1, places / divisor); }

}  // namespace

// Of two places or more strangers leave one, of eight or more a quarter.
CallTurns::CallTurns(std::size_t places)
    : places_(std::max<std::size_t>(1, places)),
      places_of_strangers_(std::max<std::size_t>(1, places_ - part(places_, 4))) {
  line(CallKind::keys).places = places_;
  line(CallKind::session).places = places_;
  line(CallKind::sign_in).places = part(places_, 2);
  line(CallKind::introspection).places = part(places_, 4);
  line(CallKind::upkeep).places = part(places_, 8);
  for (Line& each : lines_) each.places_per_client = each.places;
  for (const CallKind kind : {CallKind::sign_in, CallKind::introspection}) {
    line(kind).places_per_client = part(line(kind).places, 2);
  }
}

std::optional<CallTurns::Ticket> CallTurns::join(const Caller& caller) {
  Line& of = line(caller.kind);
  const auto found = of.clients.find(caller.client);
  const std::size_t own = found == of.clients.end() ? 0 : found->second.waiting.size();
  if (is_bounded(caller.kind) && (of.waiting >= kMaxWaiting || own >= kMaxWaitingPerClient)) return std::nullopt;
  const Ticket ticket = ++last_;
  Client& client = of.clients[caller.client];
  if (client.waiting.empty()) of.turns.push_back(caller.client);
  client.waiting.push_back(ticket);
  ++of.waiting;
  known_.emplace(ticket, Known{caller, false});
  return ticket;
}

std::optional<CallTurns::Ticket> CallTurns::next() {
  if (under_way_ >= places_) return std::nullopt;
  if (auto keys = next_of(CallKind::keys)) return keys;
  if (strangers_go_first()) {
    if (auto stranger = next_of_strangers()) return stranger;
  }
  if (auto session = next_of(CallKind::session)) return session;
  return next_of_strangers();
}

// Of the last eighth of the places, while they have none of it: else nobody could sign in while many sessions refresh.
bool CallTurns::strangers_go_first() const {
  const std::size_t last = part(places_, 8);
  const std::size_t sessions = lines_[static_cast<std::size_t>(CallKind::session)].under_way;
  return places_ > 1 && strangers_under_way_ < last && sessions >= places_ - last;
}

// One line after the other, so that none waits for the end of another.
std::optional<CallTurns::Ticket> CallTurns::next_of_strangers() {
  if (strangers_under_way_ >= places_of_strangers_) return std::nullopt;
  for (std::size_t i = 0; i < kStrangers.size(); ++i) {
    const std::size_t asked = (first_stranger_ + i) % kStrangers.size();
    const auto ticket = next_of(kStrangers[asked]);
    if (!ticket) continue;
    first_stranger_ = asked + 1;
    return ticket;
  }
  return std::nullopt;
}

std::optional<CallTurns::Ticket> CallTurns::next_of(CallKind kind) {
  Line& of = line(kind);
  if (of.under_way >= of.places) return std::nullopt;
  const auto may_begin = [&](const std::string& name) { return of.clients[name].under_way < of.places_per_client; };
  const auto turn = std::find_if(of.turns.begin(), of.turns.end(), may_begin);
  if (turn == of.turns.end()) return std::nullopt;
  const std::string name = std::move(*turn);
  of.turns.erase(turn);
  Client& client = of.clients[name];
  const Ticket ticket = client.waiting.front();
  client.waiting.pop_front();
  if (!client.waiting.empty()) of.turns.push_back(name);
  --of.waiting;
  ++client.under_way;
  ++of.under_way;
  ++under_way_;
  if (is_strangers(kind)) ++strangers_under_way_;
  known_.at(ticket).is_under_way = true;
  return ticket;
}

void CallTurns::leave(Ticket ticket) {
  const auto node = known_.extract(ticket);
  if (node.empty()) return;
  const auto& [caller, is_under_way] = node.mapped();
  Line& of = line(caller.kind);
  Client& client = of.clients[caller.client];
  if (is_under_way) {
    --client.under_way;
    --of.under_way;
    --under_way_;
    if (is_strangers(caller.kind)) --strangers_under_way_;
  } else {
    client.waiting.remove(ticket);
    --of.waiting;
    if (client.waiting.empty()) std::erase(of.turns, caller.client);
  }
  forget_if_idle(of, caller.client);
}

void CallTurns::forget_if_idle(Line& of, const std::string& client) {
  const auto found = of.clients.find(client);
  if (found->second.waiting.empty() && found->second.under_way == 0) of.clients.erase(found);
}

}  // namespace lp
