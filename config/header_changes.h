#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

// What is done to the fields of requests to an app, and of its answers: what stands at the top, with what the route
// says over it. Names are compared folded (config/client_fields.h). Pure.
namespace lp {

// A field that the route sets or adds takes the place of one of that name at the top; one that the route removes is not
// set by the top, and one that the route sets is not removed by it.
[[nodiscard]] HeaderChanges request_changes_of(const Settings& settings, const RouteSettings& route);
[[nodiscard]] HeaderChanges response_changes_of(const Settings& settings, const RouteSettings& route);
[[nodiscard]] AnswerPreset answer_preset_of(const Settings& settings, const RouteSettings& route);

[[nodiscard]] bool is_empty(const HeaderChanges& changes);
// `entry` of a `remove` list names this field, alone or with others ("X-Debug-*").
[[nodiscard]] bool names_field(std::string_view entry, std::string_view field);

}  // namespace lp
