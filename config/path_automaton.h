#pragma once
#include <bitset>
#include <string_view>
#include <vector>

#include "config/settings.h"

// The paths that patterns match, as an automaton that can be followed through several patterns at once, which RE2 does
// not offer. Of the characters that a path in normal form may hold, so ASCII without blanks. Pure.
namespace lp {

using PathCharacters = std::bitset<128>;

struct PathState {
  enum class Kind : unsigned char { empty, characters, begin, end, accept };
  Kind kind = Kind::empty;
  PathCharacters characters;  // characters: what leads on
  int next = -1, other = -1;  // -1: nowhere; `other`: empty only
  int pattern = 0;            // accept: whose
};

class PathAutomaton {
 public:
  // False where the pattern holds what is not looked into (\b, \p, \Q, characters beyond ASCII by number) or is too
  // large: it is left out. `as_written`: (?i) says nothing.
  [[nodiscard]] bool add(const PathPattern& pattern, int number, bool as_written);

  [[nodiscard]] const std::vector<PathState>& states() const { return states_; }
  [[nodiscard]] const std::vector<int>& starts() const { return starts_; }

 private:
  std::vector<PathState> states_;
  std::vector<int> starts_;  // one for each pattern
};

}  // namespace lp
