#pragma once
#include <string>

#include "config/page_language.h"

// In which language a text stands on a page of ours. Pure.
namespace lp {

// The HTML of a text as it stands on a page: one that the page's language lacks says that it is English, for whoever
// has the page read to them or translated.
[[nodiscard]] std::string in_its_language(const Language& language, TextKey key, std::string html);

}  // namespace lp
