#pragma once
#include "config/options/binding.h"

namespace lp {

// The tree under `require:` and `deny:`, read and printed as a whole. The keys of its maps are rules; what stands side
// by side in one map must hold together. `deny` reads the same map into a tree that holds when any one of them does.
[[nodiscard]] Binding requirement_binding(Field<Requirement> field, Requirement::Kind root);

// `query:` and `headers:`: a map of names to a text, "~ REGEX" or a list of them.
[[nodiscard]] Binding field_conditions_binding(Field<std::vector<FieldCondition>> field,
                                               Result<std::string> (*parse_name)(std::string_view));

}  // namespace lp
