#pragma once
#include <string>

namespace lp {

// Overwrites what the string holds and held (what was longer once, or was moved away out of the small buffer, stands in
// its capacity still), in a way that no compiler leaves out, and empties it.
void wipe_string(std::string& bytes);

}  // namespace lp
