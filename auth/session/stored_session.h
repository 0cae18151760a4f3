#pragma once
#include <cstdint>
#include <string>

namespace lp {

// What the store has of a session.
struct StoredSession {
  enum class Kind { found, missing, ended };
  Kind kind = Kind::missing;     // missing: expired, or never there, or Redis lost it
  std::uint64_t generation = 0;  // found
  std::string bytes;             // found; sealed
};

enum class SessionSaved {
  saved,
  newer,  // there is a higher generation, or another record of this one: load it, and begin from that
  ended,  // the session was removed
};

}  // namespace lp
