#include "config/route_cover.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/one_of.h"
#include "config/forward_auth.h"
#include "config/host_pattern.h"
#include "config/path_pattern.h"

namespace lp {
namespace {

// Every text that `narrow` takes, `wide` takes too. Of two patterns only equal ones are known to.
bool pattern_covers(const TextPattern& wide, const TextPattern& narrow) {
  return wide.text() == narrow.text() || (!narrow.is_regex() && wide.matches(narrow.text()));
}

bool values_cover(const FieldCondition& wide, const FieldCondition& narrow) {
  return std::all_of(narrow.any_of.begin(), narrow.any_of.end(), [&](const auto& text) {
    return std::any_of(wide.any_of.begin(), wide.any_of.end(),
                       [&](const auto& pattern) { return pattern_covers(pattern, text); });
  });
}

template <class SameName>
bool conditions_hold(const std::vector<FieldCondition>& wide, const std::vector<FieldCondition>& narrow,
                     const SameName& same_name) {
  return std::all_of(wide.begin(), wide.end(), [&](const auto& condition) {
    return std::any_of(narrow.begin(), narrow.end(), [&](const auto& stricter) {
      return same_name(condition.name, stricter.name) && values_cover(condition, stricter);
    });
  });
}

bool query_covers(const RouteSettings& wide, const RouteSettings& narrow) {
  return conditions_hold(wide.query, narrow.query, [](const auto& a, const auto& b) { return a == b; });
}

// Fields have their names in any case.
bool headers_cover(const RouteSettings& wide, const RouteSettings& narrow) {
  return conditions_hold(wide.headers, narrow.headers, [](const auto& a, const auto& b) { return iequals(a, b); });
}

bool networks_cover(const std::vector<Cidr>& wide, const std::vector<Cidr>& narrow) {
  if (wide.empty()) return true;
  return !narrow.empty() && std::all_of(narrow.begin(), narrow.end(), [&](const Cidr& one) {
    return std::any_of(wide.begin(), wide.end(), [&](const Cidr& range) { return lies_in(one, range); });
  });
}

}  // namespace

bool lies_in(const Cidr& narrow, const Cidr& wide) {
  if (narrow.prefix_bits < wide.prefix_bits) return false;
  for (int bit = 0; bit < wide.prefix_bits; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    if (((narrow.address[byte] ^ wide.address[byte]) >> (7 - bit % 8) & 1) != 0) return false;
  }
  return true;
}

bool host_covers(const std::string& wide, const std::string& narrow) {
  return wide.empty() || wide == narrow || (!is_wildcard(narrow) && host_matches(wide, narrow));
}

bool methods_cover(const RouteSettings& wide, const RouteSettings& narrow) {
  if (wide.methods.empty()) return true;
  return !narrow.methods.empty() && std::all_of(narrow.methods.begin(), narrow.methods.end(),
                                                [&](const auto& method) { return is_one_of(method, wide.methods); });
}

bool methods_meet(const RouteSettings& a, const RouteSettings& b) {
  if (a.methods.empty() || b.methods.empty()) return true;
  return std::any_of(a.methods.begin(), a.methods.end(),
                     [&](const auto& method) { return is_one_of(method, b.methods); });
}

bool takes_requests_of(const RouteSettings& wide, const RouteSettings& narrow) {
  return covers(wide.path, narrow.path) && conditions_cover(wide, narrow);
}

bool conditions_cover(const RouteSettings& wide, const RouteSettings& narrow) {
  return fields_and_host_cover(wide, narrow) && networks_cover(wide.networks, narrow.networks);
}

bool fields_and_host_cover(const RouteSettings& wide, const RouteSettings& narrow) {
  return host_covers(wide.host, narrow.host) && query_covers(wide, narrow) && headers_cover(wide, narrow);
}

std::vector<std::string> hosts_of(const Settings& settings, const RouteSettings& route) {
  std::vector<std::string> hosts;
  if (!route.host.empty()) return {route.host};
  const auto add = [&](const std::vector<Origin>& origins) {
    for (const Origin& origin : origins) hosts.push_back(origin.host);
  };
  if (settings.realms.empty()) add(settings.external_urls);
  for (const RealmSettings& realm : settings.realms) add(realm.external_urls);  // it is of them all
  if (hosts.empty()) hosts.emplace_back();
  return hosts;
}

RouteSettings at_host(RouteSettings route, const std::string& host) {
  route.host = host;
  return route;
}

bool are_asked_together(const Settings& settings, const RouteSettings& a, const RouteSettings& b) {
  return is_for_oauth2_auth(settings, a) == is_for_oauth2_auth(settings, b);
}

}  // namespace lp
