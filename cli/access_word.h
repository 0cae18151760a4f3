#pragma once
#include <string_view>

#include "config/settings.h"

namespace lp {

// As the configuration writes it.
[[nodiscard]] std::string_view access_word(Access access);

}  // namespace lp
