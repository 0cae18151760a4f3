#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "config/settings.h"

// Which of several patterns takes the paths of another one, where the first that matches decides. Exact. Pure.
namespace lp {

enum class PathReading {
  whole,       // every path that it matches
  as_written,  // without those that it matches only because it says (?i)
};

// Where `earlier` leave no path of `path`: those who take some, by index, the first of them that matches each. Empty:
// some path is left. nullopt: nobody knows, for `path` holds what is not looked into, or all is too large. What is not
// looked into in one of `earlier` counts as taking nothing.
[[nodiscard]] std::optional<std::vector<std::size_t>> takers_of(const PathPattern& path,
                                                                const std::vector<const PathPattern*>& earlier,
                                                                PathReading reading = PathReading::whole);

}  // namespace lp
