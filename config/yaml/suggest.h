#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace lp {

// The candidate nearest to `word` by edit distance (insert, delete, replace, swap of neighbours), '-' and case
// forgiven; empty when none is near enough to be meant.
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace lp
