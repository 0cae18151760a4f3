#pragma once
#include <string_view>

#include "base/url.h"

// Hosts as rules write them: "" is any, "*.example.com" any with exactly one label in place of the star, everything
// else that one. Lower case throughout. Pure.
namespace lp {

[[nodiscard]] bool is_wildcard(std::string_view pattern);
// `host` is a real one.
[[nodiscard]] bool host_matches(std::string_view pattern, std::string_view host);
// Some host matches both.
[[nodiscard]] bool host_patterns_meet(std::string_view a, std::string_view b);
// Scheme, host and port.
[[nodiscard]] bool origin_matches(const Origin& pattern, const Origin& origin);
// A Domain attribute covers the host itself and its subdomains (RFC 6265 5.1.3); a wildcard stands for its hosts.
[[nodiscard]] bool cookie_domain_covers(std::string_view domain, std::string_view host);

}  // namespace lp
