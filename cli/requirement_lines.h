#pragma once
#include <cstdint>
#include <string>

#include "auth/rules/authorize.h"

namespace lp {

// A tree of rules with verdicts, a line each, indented by `indent` and two more for each level:
// "no   role admin            roles: ["editor"]".
[[nodiscard]] std::string requirement_lines(const Requirement& root, const Principal& who, std::int64_t now_s,
                                            std::size_t indent);

}  // namespace lp
