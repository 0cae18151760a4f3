#pragma once
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"

// The form of what we seal: a CBOR array of a fixed number of members, the version of the form first. Pure.
namespace lp {

[[nodiscard]] std::string write_members(const nlohmann::json& members);
// nullopt for anything but one such array: another version or number of members, bytes behind it, more than
// `max_bytes`, more than 40 levels of nesting.
[[nodiscard]] std::optional<nlohmann::json> read_members(std::string_view bytes, std::size_t max_bytes, int version,
                                                         std::size_t count);

// One member of exactly this type; false otherwise.
[[nodiscard]] bool take_member(const nlohmann::json& member, std::string& out);
[[nodiscard]] bool take_member(const nlohmann::json& member, Secret& out);
[[nodiscard]] bool take_member(const nlohmann::json& member, bool& out);
[[nodiscard]] bool take_member(const nlohmann::json& member, std::uint64_t& out);
// Seconds or milliseconds since 1970, far enough from the ends of 64 bits that adding a lifetime cannot wrap
// (threat C16).
[[nodiscard]] bool take_time(const nlohmann::json& member, std::int64_t& out);

}  // namespace lp
