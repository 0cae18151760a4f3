#pragma once
#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

// JSON of outside bytes. Pure.
namespace lp {

inline constexpr std::size_t kMaxJsonDepth = 32;
inline constexpr std::size_t kMaxTokenBytes = 1 << 20;     // a JWT in compact form, as long as a whole reply may be
inline constexpr std::size_t kMaxMetadataBytes = 1 << 20;  // what auth/provider/fetch.h lets through at most

// Bounded depth and size, no duplicate member names (two readers would see two different values), valid
// UTF-8, no BOM, nothing after the value. The error says what is wrong and where, never the text itself.
[[nodiscard]] Result<nlohmann::json> parse_json_strict(std::string_view text, std::size_t max_bytes,
                                                       std::size_t max_depth = kMaxJsonDepth);

// The member if it is there and a string; null pointer otherwise, also when `object` is no object.
[[nodiscard]] const std::string* string_member(const nlohmann::json& object, const char* name);

// application/json, or a type with the suffix +json, whatever parameters follow (RFC 6839).
[[nodiscard]] bool is_json_content_type(std::string_view content_type);

}  // namespace lp
