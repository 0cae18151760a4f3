#pragma once
#include <string>

namespace lp {

// What errno says, and where something is denied who was: in a container users are numbers that mount and image must
// agree on.
[[nodiscard]] std::string errno_words(int error);

}  // namespace lp
