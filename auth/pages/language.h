#pragma once
#include <string_view>

#include "config/page_language.h"

// Which of our languages a browser asks for. Pure.
namespace lp {

// RFC 4647 3.4 (lookup) over RFC 9110 12.5.4, the range with the highest weight first: "de-AT" is answered in "de"
// where there is no "de-AT". English where nothing fits. `pages` has further languages and must outlive the answer;
// null: those that are built in.
[[nodiscard]] Language choose_language(std::string_view accept_language, const PagesSettings* pages = nullptr);

}  // namespace lp
