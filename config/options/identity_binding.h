#pragma once
#include "config/options/binding.h"

namespace lp {

inline constexpr std::string_view kPresetType =
    "oauth2-proxy, authelia, authentik, pomerium, mod_auth_openidc, logto-protected-app or none";

// `identity_headers:` as a whole: a map of field names to a claim or to a map with exactly one source. `may_be_empty`
// is false for routes, where an empty map would look as if it took something away.
[[nodiscard]] Binding identity_headers_binding(Field<std::vector<IdentityHeaderSettings>> field, bool may_be_empty);

[[nodiscard]] Binding identity_preset_binding();        // of Settings
[[nodiscard]] Binding route_identity_preset_binding();  // of a route, where `none` is a choice of its own

// A map of field names to a text or, where `files` are, to a map with value or value_file.
[[nodiscard]] Binding header_constants_binding(Field<std::vector<IdentityHeaderSettings>> field, bool files);

// `authorization:` of a route.
[[nodiscard]] Binding authorization_binding();

}  // namespace lp
