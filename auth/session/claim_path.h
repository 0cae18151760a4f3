#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace lp {

// The value at a dotted path into nested objects: "address.country". A key that itself holds dots
// ("https://example.com/tier") is found too: at each level the longest key that fits goes first. Null where there is
// none, where it is JSON null, or where a step is no object. `claims` must outlive the result. Pure.
[[nodiscard]] const nlohmann::json* find_claim(const nlohmann::json& claims, std::string_view path);

}  // namespace lp
