#include "config/host_pattern.h"

namespace lp {

bool is_wildcard(std::string_view pattern) { return pattern.starts_with("*."); }

bool host_matches(std::string_view pattern, std::string_view host) {
  if (pattern.empty() || pattern == host) return true;
  if (!is_wildcard(pattern)) return false;
  const std::string_view domain = pattern.substr(1);  // ".example.com"
  return host.size() > domain.size() && host.ends_with(domain) && host.find('.') == host.size() - domain.size();
}

bool host_patterns_meet(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty() || a == b) return true;
  return (!is_wildcard(b) && host_matches(a, b)) || (!is_wildcard(a) && host_matches(b, a));
}

bool origin_matches(const Origin& pattern, const Origin& origin) {
  return pattern.scheme == origin.scheme && pattern.port == origin.port && host_matches(pattern.host, origin.host);
}

bool cookie_domain_covers(std::string_view domain, std::string_view host) {
  if (is_wildcard(host)) host.remove_prefix(2);
  if (host == domain) return true;
  return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.';
}

}  // namespace lp
