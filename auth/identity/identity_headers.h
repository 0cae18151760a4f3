#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "config/settings.h"

// Claims as header fields for the app. Pure.
namespace lp {

// One claim as a field value: injective, and never a CR, LF, NUL or other raw control byte. Strings, numbers and
// booleans as text, lists joined by `separator`. percent: every byte but visible ASCII, and '%', and in lists the
// separator, is percent-encoded. utf8: checked UTF-8 as it is, controls and '%' (and separators in lists)
// percent-encoded; broken UTF-8 falls back to percent. Empty for null, objects, and lists of anything but strings,
// numbers and booleans. A blank at the end of a utf8 value is encoded too, since recipients trim it. raw, as
// oauth2-proxy writes it: nothing is encoded, so what a recipient would read as something else is left out, a text as a
// whole, in lists the item: broken UTF-8, controls, blanks at the ends, and items that hold the separator.
[[nodiscard]] std::string header_value(const nlohmann::json& claim, HeaderEncoding encoding, char separator = ',');

}  // namespace lp
