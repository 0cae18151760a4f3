#pragma once
#include <string>
#include <string_view>

namespace lp {

// The browser's Accept-Language (RFC 9110 12.5.4) as ui_locales (OIDC Core 3.1.2.1): the three language tags it likes
// best, separated by spaces; empty when there is none. Whatever has not the form of a tag is left out, since one bad
// value voids all of Logto's extra parameters (Logto fact 12). Pure.
[[nodiscard]] std::string ui_locales_from(std::string_view accept_language);

// The form of BCP 47: letters and digits in groups of 1 to 8, the first of letters only.
[[nodiscard]] bool is_language_tag(std::string_view text);

}  // namespace lp
