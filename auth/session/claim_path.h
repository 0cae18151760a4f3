#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace lp {

// The value at a dotted path into nested objects: "address.country". A key that itself holds dots
// ("https://example.com/tier") is found too: at each level the longest key that fits goes first. Null where there is
// none, where it is JSON null, or where a step is no object. `claims` must outlive the result. Pure.
[[nodiscard]] const nlohmann::json* find_claim(const nlohmann::json& claims, std::string_view path);

// Names of lists of which the session holds only what rules name (auth/session/kept_claims.h): a claim among the
// claims.
inline constexpr const char* kShortenedClaims = "logto-proxy shortened";
// Then nobody may be told of the claim: less of it is another claim.
[[nodiscard]] bool is_shortened(const nlohmann::json& claims, std::string_view name);

}  // namespace lp
