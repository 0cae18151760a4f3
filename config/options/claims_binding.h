#pragma once
#include "config/options/option.h"

namespace lp {

// session.claims: { CLAIM: { keep: REGEX } }, or shorter { CLAIM: REGEX }.
[[nodiscard]] Binding kept_items_binding();

}  // namespace lp
