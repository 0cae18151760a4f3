#pragma once
#include <string_view>

#include "auth/visit.h"

namespace lp {

// Answers a request at or below the auth prefix; one that names no endpoint is 404, one with another method 405. Such
// requests never reach an app (attacks.md P19, O21).
[[nodiscard]] Verdict answer_own_endpoint(const Visit& visit, Waiting waiting);

// True for endpoints that say who is signed in: they show what Logto says now, as an app would be told.
[[nodiscard]] bool shows_session(std::string_view path, std::string_view auth_prefix);

// True for the prefix itself and everything below it.
[[nodiscard]] bool lies_below_prefix(std::string_view path, std::string_view auth_prefix);

}  // namespace lp
