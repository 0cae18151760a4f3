#pragma once
#include <string>

#include "auth/pages/page_texts.h"
#include "config/requirement.h"

namespace lp {

// What a rule asks for, as a person who was refused reads it on a page: names in <strong>, everything escaped. Other
// people's addresses and the values that would do are not told (see Audience in auth/rules/authorize.h). Pure.
[[nodiscard]] std::string requirement_html(const Requirement& requirement, Language language);

}  // namespace lp
