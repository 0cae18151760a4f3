#include "auth/rules/return_routes.h"

#include <algorithm>
#include <optional>
#include <string>

#include "auth/rules/own_paths.h"
#include "base/encoding.h"
#include "config/host_pattern.h"
#include "config/path_pattern.h"
#include "config/redirect_target.h"

namespace lp {
namespace {

using Action = RouteReplySettings::Action;

// Whoever is sent on more often than that is in a circle.
constexpr int kMostRedirects = 8;

std::string with_merged_slashes(std::string_view path) {
  std::string merged(path);
  merged.erase(std::unique(merged.begin(), merged.end(), [](char a, char b) { return a == '/' && b == '/'; }),
               merged.end());
  return merged;
}

// A front proxy may fold the case.
bool is_ours(std::string_view path, const Settings& settings) {
  const std::string lower = ascii_lower(path);
  const auto prefixes = own_prefixes(settings);
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return lies_below_prefix(lower, ascii_lower(prefix)); });
}

bool matches(const PathPattern& pattern, const std::string& path) {
  if (pattern.kind == PathPattern::Kind::exact) return path == pattern.text;
  if (pattern.kind == PathPattern::Kind::prefix) return is_below(path, pattern.text);
  return RE2::FullMatch(path, RE2(pattern.text, path_regex_options()));
}

// The one that matches, also a path whose escapes are decoded already.
std::optional<PathPattern> matching(const PathPattern& pattern, const std::string& path) {
  if (matches(pattern, path)) return pattern;
  if (pattern.kind == PathPattern::Kind::regex) return std::nullopt;
  PathPattern decoded = pattern;
  decoded.text = percent_decode(pattern.text).value_or(pattern.text);
  return matches(decoded, path) ? std::optional(decoded) : std::nullopt;
}

bool takes_gets(const RouteSettings& route) {
  return route.methods.empty() || std::find(route.methods.begin(), route.methods.end(), "GET") != route.methods.end();
}

bool has_conditions(const RouteSettings& route) {
  return !route.query.empty() || !route.headers.empty() || !route.networks.empty();
}

bool leads_on(std::string_view path, const Origin& own, const Settings& settings, int redirects);

bool redirect_leads_on(const std::string& location, const Origin& own, const Settings& settings, int redirects) {
  const std::string_view place = std::string_view(location).substr(0, location.find_first_of("?#"));
  if (place.starts_with('/')) return leads_on(place, own, settings, redirects + 1);
  const Result<Url> url = parse_url(place);
  if (!url) return false;
  const auto is_it = [&](const Origin& pattern) { return origin_matches(pattern, url->origin); };
  const bool is_ours = (settings.sign_in_url && is_it(*settings.sign_in_url)) ||
                       std::any_of(settings.external_urls.begin(), settings.external_urls.end(), is_it);
  const std::size_t path_begins = place.find('/', place.find("://") + 3);
  const std::string_view path = path_begins == place.npos ? "/" : place.substr(path_begins);
  return is_ours && leads_on(path, url->origin, settings, redirects + 1);
}

// Of routes with conditions nobody knows which one will decide: any that leads on counts.
bool leads_on(std::string_view as_given, const Origin& own, const Settings& settings, int redirects) {
  const std::string path = with_merged_slashes(as_given);
  if (is_ours(path, settings) || redirects > kMostRedirects) return true;
  for (const RouteSettings& route : settings.routes) {
    const RouteReplySettings& reply = route.reply;
    const bool is_regex = route.path.kind == PathPattern::Kind::regex;
    if (!takes_gets(route) || !host_matches(route.host, own.host) || (is_regex && !reply.is_configured())) continue;
    const std::optional<PathPattern> pattern = matching(route.path, path);
    if (!pattern) continue;
    if (reply.action == Action::sign_out || reply.action == Action::sign_in) return true;
    if (!reply.redirect_to.empty() &&
        redirect_leads_on(redirect_location(reply.redirect_to, *pattern, path, {}), own, settings, redirects))
      return true;
    if (!has_conditions(route)) return false;
  }
  return false;
}

}  // namespace

bool leads_to_own_endpoint(std::string_view path, const Origin& own, const Settings& settings) {
  return leads_on(path, own, settings, 0);
}

}  // namespace lp
