#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

// Read, modify, write: what is wanted laid over what is there. Pure.
namespace lp {

// Objects member by member, everything else replaced: what `over` does not speak of stays.
[[nodiscard]] nlohmann::json merged(nlohmann::json base, const nlohmann::json& over);

// What becomes of each member, in a line each: "color.primaryColor: "#6139F6" -> "#0a66c2"", "redirectUris: +
// https://x". Only of what is no secret: of a name that speaks of one the line says that it changes, no more.
// `only_named`: of others than clientId, scope and what ends in Endpoint as well.
[[nodiscard]] std::vector<std::string> difference(const nlohmann::json& from, const nlohmann::json& to,
                                                  const std::string& path = "", bool only_named = false);

// Elements of a list of texts; nothing of anything else.
[[nodiscard]] std::vector<std::string> texts_of_json(const nlohmann::json& list);
// `list` with those of `wanted` that it lacks behind, in their order.
[[nodiscard]] std::vector<std::string> with_missing(std::vector<std::string> list,
                                                    const std::vector<std::string>& wanted);
// The text of a member; "" where there is none.
[[nodiscard]] std::string text_at(const nlohmann::json& object, const char* name);
// Its "id" as a segment of a path: one that somebody chose may be any text.
[[nodiscard]] std::string id_in_path(const nlohmann::json& object);
// The member, or an empty object.
[[nodiscard]] nlohmann::json object_at(const nlohmann::json& object, const char* name);
// The first element whose member `name` is this text; null where there is none.
[[nodiscard]] const nlohmann::json* find_by(const nlohmann::json& list, const char* name, std::string_view text);

}  // namespace lp
