#pragma once
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace lp {

// The scope that makes Logto tell this claim (Logto fact 21); empty for claims that need none or are unknown
// (custom claims).
[[nodiscard]] std::string_view scope_of_claim(std::string_view claim);

// Those that Logto's tokens have at a sign-in, with whatever scopes.
[[nodiscard]] const std::vector<std::string>& claims_of_logto();

// The claim that this leaf of a rule looks at, "" for those that look at none. As users write it, maybe a dotted path.
[[nodiscard]] std::string claim_of(const Requirement& requirement);

// The claims, as dotted paths, without which the headers and rules of `settings` can do nothing; `sub` is not among
// them, everybody has one.
[[nodiscard]] std::set<std::string> claims_in_use(const Settings& settings);

// Whether routes are for members of an organization: names and ids of theirs are kept whole then.
[[nodiscard]] bool has_organizations(const Settings& settings);

// Those of them that headers tell.
[[nodiscard]] std::set<std::string> claims_in_headers(const Settings& settings);

// A claim that is longer is told in no header: a reason for the app's server to refuse the request.
inline constexpr std::size_t kMaxClaimHeaderBytes = 8 * 1024;

// The values that any rule looks for in this claim.
[[nodiscard]] std::set<std::string> items_that_rules_name(const Settings& settings, std::string_view claim);

// The top-level claim that a dotted path begins with: "address" of "address.country". A path that begins with a scheme
// ("https://example.com/tier") is one name.
[[nodiscard]] std::string top_level_claim(std::string_view path);

}  // namespace lp
