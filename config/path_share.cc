#include "config/path_share.h"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include "config/path_automaton.h"

namespace lp {
namespace {

using Step = PathState::Kind;
using StateSet = std::vector<int>;  // sorted, without followers of empty steps

constexpr int kAsked = 0;                      // the pattern that is asked about; the earlier ones are numbered from 1
constexpr std::size_t kMostSteps = 3'000'000;  // steps: some tens of milliseconds

// Follows all patterns at once through every path that the one that is asked about matches, the shorter ones first.
class PathWalk {
 public:
  PathWalk(const PathAutomaton& automaton, std::size_t patterns, int first_behind)
      : states_(automaton.states()), seen_(automaton.states().size()), takes_(patterns), first_behind_(first_behind) {}

  // False: some path of it is left, or too many steps.
  bool run(const StateSet& starts) {
    StateSet first = closed(starts, true, false);
    // A path begins with '/'.
    push(after(first, '/'));
    while (!open_.empty()) {
      const StateSet here = std::move(open_.front());
      open_.pop_front();
      if (!is_taken(here)) return false;
      const PathCharacters ways = ways_on(here);
      for (std::size_t c = 0; c < ways.size(); ++c) {
        if (ways[c]) push(after(here, static_cast<char>(c)));
      }
      if (steps_ > kMostSteps) return false;
    }
    return true;
  }

  [[nodiscard]] bool is_too_long() const { return steps_ > kMostSteps; }
  [[nodiscard]] const std::vector<bool>& takes() const { return takes_; }

 private:
  [[nodiscard]] const PathState& at(int index) const { return states_[static_cast<std::size_t>(index)]; }
  // Of the pattern that is asked about.
  [[nodiscard]] bool is_asked(int index) const { return index < first_behind_; }

  StateSet closed(StateSet open, bool at_begin, bool at_end) {
    ++round_;
    StateSet found;
    while (!open.empty()) {
      const int index = open.back();
      open.pop_back();
      if (index < 0 || seen_[static_cast<std::size_t>(index)] == round_) continue;
      seen_[static_cast<std::size_t>(index)] = round_;
      ++steps_;
      const PathState& state = at(index);
      if (state.kind == Step::empty || (state.kind == Step::begin && at_begin) || (state.kind == Step::end && at_end)) {
        open.push_back(state.next);
        open.push_back(state.other);
      } else if (state.kind != Step::begin) {
        found.push_back(index);
      }
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  StateSet after(const StateSet& here, char c) {
    StateSet open;
    for (const int index : here) {
      ++steps_;
      if (at(index).kind == Step::characters && at(index).characters[static_cast<std::size_t>(c)])
        open.push_back(at(index).next);
    }
    return closed(std::move(open), false, false);
  }

  void push(StateSet next) {
    const bool leads_on = std::any_of(next.begin(), next.end(), [&](int index) { return is_asked(index); });
    if (leads_on && known_.insert(next).second) open_.push_back(std::move(next));
  }

  PathCharacters ways_on(const StateSet& here) const {
    PathCharacters ways;
    for (const int index : here) {
      if (is_asked(index)) ways |= at(index).characters;
    }
    return ways;
  }

  // A path that ends here is not of the pattern, or is one that an earlier one takes.
  bool is_taken(const StateSet& here) {
    bool is_of_asked = false;
    int first = -1;
    for (const int index : closed(here, false, true)) {
      if (at(index).kind != Step::accept) continue;
      const int pattern = at(index).pattern;
      if (pattern == kAsked) is_of_asked = true;
      if (pattern != kAsked && (first < 0 || pattern < first)) first = pattern;
    }
    if (!is_of_asked) return true;
    if (first < 0) return false;
    takes_[static_cast<std::size_t>(first - 1)] = true;
    return true;
  }

  const std::vector<PathState>& states_;
  std::vector<unsigned> seen_;
  unsigned round_ = 0;
  std::vector<bool> takes_;
  int first_behind_;
  std::deque<StateSet> open_;
  std::set<StateSet> known_;
  std::size_t steps_ = 0;
};

}  // namespace

std::optional<std::vector<std::size_t>> takers_of(const PathPattern& path,
                                                  const std::vector<const PathPattern*>& earlier, PathReading reading) {
  PathAutomaton automaton;
  if (!automaton.add(path, kAsked, reading == PathReading::as_written)) return std::nullopt;
  const int first_behind = static_cast<int>(automaton.states().size());
  for (std::size_t i = 0; i < earlier.size(); ++i)
    static_cast<void>(automaton.add(*earlier[i], static_cast<int>(i) + 1, false));
  PathWalk walk(automaton, earlier.size(), first_behind);
  const bool all = walk.run(automaton.starts());
  if (walk.is_too_long()) return std::nullopt;
  std::vector<std::size_t> takers;
  for (std::size_t i = 0; all && i < earlier.size(); ++i) {
    if (walk.takes()[i]) takers.push_back(i);
  }
  return takers;
}

}  // namespace lp
