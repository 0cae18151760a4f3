#pragma once
#include <string_view>

#include "base/secret.h"

namespace lp {

// Value of an Authorization field: client_secret_basic (RFC 6749 2.3.1; id and secret are form-encoded first). Pure.
[[nodiscard]] Secret client_secret_basic(std::string_view client_id, const Secret& client_secret);

}  // namespace lp
