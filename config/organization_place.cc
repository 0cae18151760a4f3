#include "config/organization_place.h"

#include <algorithm>

namespace lp {
namespace {

using Place = RouteTokenSettings::Organization;

constexpr std::size_t kMaxOrganizationBytes = 128;

std::string_view first_label(std::string_view host) { return host.substr(0, host.find('.')); }

// "/o/acme/x" for the prefix "/o": "acme".
std::string_view segment_after(std::string_view path, std::string_view prefix) {
  if (path.size() <= prefix.size() + 1 || !path.starts_with(prefix) || path[prefix.size()] != '/') return {};
  const std::string_view rest = path.substr(prefix.size() + 1);
  return rest.substr(0, rest.find('/'));
}

std::string_view named(Place place, std::string_view fixed, std::string_view host, std::string_view path,
                       std::string_view prefix) {
  std::string_view text;
  if (place == Place::none) return text;
  if (place == Place::fixed) text = fixed;
  if (place == Place::from_host) text = first_label(host);
  if (place == Place::from_path) text = segment_after(path, prefix);
  return is_organization_id(text) ? text : std::string_view();
}

}  // namespace

bool is_organization_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxOrganizationBytes && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::string_view organization_of_route(const RouteSettings& route, std::string_view host, std::string_view path) {
  return named(route.organization.place, route.organization.id, host, path, route.path.text);
}

std::string_view organization_of_token(const RouteSettings& route, std::string_view host, std::string_view path) {
  return named(route.token.organization, route.token.organization_id, host, path, route.path.text);
}

bool names_other_organization(const RouteSettings& route, std::string_view path, std::string_view reading) {
  if (route.organization.place != Place::from_path && route.token.organization != Place::from_path) return false;
  const std::string_view own = named(Place::from_path, {}, {}, path, route.path.text);
  const std::string_view other = named(Place::from_path, {}, {}, reading, route.path.text);
  return !own.empty() && !other.empty() && own != other;
}

}  // namespace lp
