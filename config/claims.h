#pragma once
#include <string_view>

namespace lp {

// The scope that makes Logto tell this claim (logto-facts.md, 3.1); empty for claims that need none or are unknown
// (custom claims).
[[nodiscard]] std::string_view scope_of_claim(std::string_view claim);

}  // namespace lp
