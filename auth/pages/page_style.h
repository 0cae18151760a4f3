#pragma once
#include <string>

#include "config/pages.h"

namespace lp {

// The style sheet of our pages in the configured colours; light and dark, for narrow screens, for forced colours. Pure.
[[nodiscard]] std::string page_style(const PagesSettings& pages);

}  // namespace lp
