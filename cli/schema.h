#pragma once

namespace lp {

// Prints the configuration's JSON schema. Answers the exit status.
[[nodiscard]] int run_schema();

}  // namespace lp
