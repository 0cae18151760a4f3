#pragma once
#include <string_view>

// Names such as "ADMINI~1", by which Windows knows files with longer ones. Pure.
namespace lp {

// Of a key (config/spelling.h): some segment of it could be one.
[[nodiscard]] bool has_short_name(std::string_view key);

// A path with the key `key` may be the one of the key `meant`, or with `below` lie below it, where short names in it
// are read as what they stand for: they begin as the long name does, with two characters or more (behind those Windows
// counts, or hashes).
[[nodiscard]] bool may_stand_for(std::string_view key, std::string_view meant, bool below);

}  // namespace lp
