#pragma once
#include <optional>
#include <string_view>

#include "config/page_texts.h"

namespace lp {

// Why a sign-in failed, as the person reads it, by the one word that the log has; none where the page's own words say
// all that they can use. Pure.
[[nodiscard]] std::optional<TextKey> sign_in_reason(std::string_view rule);

}  // namespace lp
