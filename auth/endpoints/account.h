#pragma once
#include "auth/visit/visit.h"

namespace lp {

// {prefix}/ : what is known of the person, when their session ends, and buttons to sign out. Whoever is signed out is
// sent to sign in and comes back.
[[nodiscard]] Verdict handle_account(const Visit& visit, Waiting waiting);
// {prefix} without the slash.
[[nodiscard]] Verdict redirect_to_account(const Visit& visit, Waiting waiting);

}  // namespace lp
