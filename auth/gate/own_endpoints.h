#pragma once
#include <string_view>

#include "auth/visit/visit.h"

namespace lp {

// Answers a request for an own path (auth/rules/own_paths.h); one that names no endpoint is 404, one with another
// method 405. Such requests never reach an app (threats P19, O21).
[[nodiscard]] Verdict answer_own_endpoint(const Visit& visit, Waiting waiting);

// True for endpoints that say who is signed in: they show what Logto says now, as an app would be told. `path` is an
// own one.
[[nodiscard]] bool shows_session(std::string_view path, const Settings& settings);

// True for endpoints that answer everybody alike: nobody's session is looked at.
[[nodiscard]] bool asks_nobody(std::string_view path, const Settings& settings);

// True for endpoints that count whoever asks without a session (auth/realm/stranger_limits.h): not Logto, nor who
// fetches keys.
[[nodiscard]] bool is_for_people(std::string_view path, const Settings& settings);

}  // namespace lp
