#pragma once
#include <cstdint>
#include <string>

// Case as the most generous of apps folds it. Pure.
namespace lp {

// Appends what the code point `c` becomes, escaped as in a path. Together fall all that some usual function for texts
// takes for the same: lower and upper case of every script (Kelvin sign and k, long s and s, dotless i and i), and
// what full case folding writes with several letters (sharp s and ss). An app that folds less tells some of them apart.
void append_case_folded(std::string& out, std::uint32_t c);

}  // namespace lp
