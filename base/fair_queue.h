#pragma once
#include <cstddef>
#include <deque>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/check.h"

namespace lp {

// Things that wait, of several owners who take turns: who brings a thousand waits for itself. Each has a cost, and the
// costs of all and of each owner are bounded. Pure; one thread.
template <class Thing>
class FairQueue {
 public:
  FairQueue(std::size_t most_of_all, std::size_t most_of_each)
      : most_of_all_(most_of_all), most_of_each_(most_of_each) {}

  [[nodiscard]] bool has_room_for(const std::string& owner, std::size_t cost) const {
    const auto found = owners_.find(owner);
    const std::size_t own = found == owners_.end() ? 0 : found->second.cost;
    return cost <= most_of_each_ && own <= most_of_each_ - cost && cost <= most_of_all_ && cost_ <= most_of_all_ - cost;
  }
  // Counts from now on, though it is not its turn yet: for what has to wait for something else first.
  void reserve(const std::string& owner, std::size_t cost) {
    cost_ += cost;
    owners_[owner].cost += cost;
  }
  // Of what was reserved.
  void push(const std::string& owner, std::size_t cost, Thing thing) {
    Owner& of = owners_.at(owner);
    if (of.things.empty()) turns_.push_back(owner);
    of.things.emplace_back(cost, std::move(thing));
  }
  [[nodiscard]] bool empty() const { return turns_.empty(); }
  Thing pop() {
    LP_CHECK(!empty(), "nobody waits");
    const std::string owner = std::move(turns_.front());
    turns_.pop_front();
    Owner& of = owners_.at(owner);
    auto [cost, thing] = std::move(of.things.front());
    of.things.pop_front();
    if (!of.things.empty()) turns_.push_back(owner);
    release(owner, cost);
    return std::move(thing);
  }
  // Of what was reserved and is not pushed any more.
  void release(const std::string& owner, std::size_t cost) {
    cost_ -= cost;
    const auto found = owners_.find(owner);
    found->second.cost -= cost;
    if (found->second.cost == 0 && found->second.things.empty()) owners_.erase(found);
  }

 private:
  struct Owner {
    std::list<std::pair<std::size_t, Thing>> things;
    std::size_t cost = 0;  // of those, and of what is reserved
  };
  std::size_t most_of_all_;
  std::size_t most_of_each_;
  std::size_t cost_ = 0;
  std::deque<std::string> turns_;  // owners with things, each once
  std::unordered_map<std::string, Owner> owners_;
};

}  // namespace lp
