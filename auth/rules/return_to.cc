#include "auth/rules/return_to.h"

#include <algorithm>
#include <utility>

#include "auth/rules/own_returns.h"
#include "auth/rules/return_routes.h"
#include "base/encoding.h"
#include "config/host_pattern.h"

namespace lp {
namespace {

bool is_visible(char c) { return c > 0x20 && c < 0x7f; }

// What browsers repair: a backslash becomes a slash in a path, and quotes and angle brackets never stand raw in a URL.
bool is_repaired(char c) { return c == '\\' || c == '"' || c == '<' || c == '>'; }

enum class RawQuery { refused, kept };

// Visible ASCII without what browsers repair. In a query and a fragment that is data, which browsers send as it is.
bool has_plain_bytes(std::string_view candidate, RawQuery raw_query) {
  if (!std::all_of(candidate.begin(), candidate.end(), is_visible)) return false;
  if (raw_query == RawQuery::kept) candidate = candidate.substr(0, candidate.find_first_of("?#"));
  return std::none_of(candidate.begin(), candidate.end(), is_repaired);
}

bool is_dot_segment(std::string_view segment) { return segment == "." || segment == ".."; }

// Calls `ok` with each segment of a path that begins with '/'; true when all are.
template <class Ok>
bool all_segments(std::string_view path, Ok ok) {
  path.remove_prefix(1);
  for (;;) {
    const std::size_t end = path.find('/');
    if (!ok(path.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

bool has_control(std::string_view path) {
  return std::any_of(path.begin(), path.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
}

// No dot segment ("..;x" is one to some servers), nothing that reads as "//host", no blank that somebody trims.
bool has_plain_shape(std::string_view path) {
  if (!path.starts_with('/') || has_control(path)) return false;
  if (path.starts_with("//") || path.starts_with("/ ")) return false;
  return all_segments(path,
                      [](std::string_view segment) { return !is_dot_segment(segment.substr(0, segment.find(';'))); });
}

// More than the layers of encoding that a path of ours may have (proxy/route/target.h).
constexpr int kRounds = 5;

// Judges the path as it stands and as it looks decoded again and again, for apps and intermediaries do that, and take
// backslashes for slashes.
bool is_safe_path(std::string_view path, const Origin& own, const Settings& settings) {
  std::string seen(path);
  for (int round = 0; round < kRounds; ++round) {
    if (!has_plain_shape(seen) || leads_to_own_endpoint(seen, own, settings)) return false;
    std::optional<std::string> decoded = percent_decode(seen);
    if (!decoded) return round > 0;  // as sent it must be well-formed; "%25zz" decoded is not an escape any more
    seen = std::move(*decoded);
    std::replace(seen.begin(), seen.end(), '\\', '/');
  }
  return true;
}

// The path, query and fragment of an absolute URL of `own`.
std::optional<std::string_view> below_own_origin(std::string_view url, const Origin& own) {
  const Result<Url> parsed = parse_url(url.substr(0, url.find_first_of("?#")));
  if (!parsed || parsed->origin != own) return std::nullopt;
  const std::size_t authority = url.find("://") + 3;
  const std::size_t end = url.find_first_of("/?#", authority);
  if (end == std::string_view::npos) return "/";
  return url[end] == '/' ? std::optional(url.substr(end)) : std::nullopt;
}

// That of the candidate, an absolute URL, where it is one of ours.
std::optional<Origin> other_own_origin(std::string_view candidate, const Settings& settings) {
  if (candidate.starts_with('/')) return std::nullopt;
  const Result<Url> parsed = parse_url(candidate.substr(0, candidate.find_first_of("?#")));
  if (!parsed) return std::nullopt;
  const bool is_ours = (settings.sign_in_url && parsed->origin == *settings.sign_in_url) ||
                       std::any_of(settings.external_urls.begin(), settings.external_urls.end(),
                                   [&](const Origin& pattern) { return origin_matches(pattern, parsed->origin); });
  return is_ours ? std::optional(parsed->origin) : std::nullopt;
}

std::optional<std::string> vet(std::string_view candidate, const Origin& own, const Settings& settings,
                               RawQuery raw_query) {
  if (candidate.empty() || !has_plain_bytes(candidate, raw_query)) return std::nullopt;
  std::string_view local = candidate;
  if (local.front() != '/') {
    const std::optional<std::string_view> below = below_own_origin(candidate, own);
    if (!below) return std::nullopt;
    local = *below;
  }
  const std::string_view path = local.substr(0, local.find_first_of("?#"));
  if (!is_safe_path(path, own, settings)) return std::nullopt;
  return std::string(local);
}

std::optional<std::string> vet_external(std::string_view candidate, const Origin& own, const Settings& settings,
                                        RawQuery raw_query) {
  if (auto local = vet(candidate, own, settings, raw_query)) return local;
  const std::optional<Origin> other = other_own_origin(candidate, settings);
  if (!other) return std::nullopt;
  const auto local = vet(candidate, *other, settings, raw_query);
  return local ? std::optional(other->text() + *local) : std::nullopt;
}

}  // namespace

std::optional<std::string> vet_return_to(std::string_view candidate, const Origin& own, const Settings& settings) {
  return vet(candidate, own, settings, RawQuery::refused);
}

std::optional<std::string> vet_own_target(std::string_view target, const Origin& own, const Settings& settings) {
  return vet(target, own, settings, RawQuery::kept);
}

std::optional<std::string> vet_return_to_own(std::string_view candidate, const Origin& own, const Settings& settings) {
  return settings.sign_in_url ? vet_return_to_external(candidate, own, settings)
                              : vet_return_to(candidate, own, settings);
}

std::optional<std::string> vet_return_to_external(std::string_view candidate, const Origin& own,
                                                  const Settings& settings) {
  return vet_external(candidate, own, settings, RawQuery::refused);
}

std::optional<std::string> vet_sealed_return_to(std::string_view candidate, const Origin& own,
                                                const Settings& settings) {
  if (is_own_return(candidate, settings.auth_prefix)) return std::string(candidate);
  if (const std::optional<Origin> other = other_own_origin(candidate, settings)) {
    const std::optional<std::string_view> below = below_own_origin(candidate, *other);
    if (below && is_own_return(*below, settings.auth_prefix)) return other->text() + std::string(*below);
  }
  return vet_external(candidate, own, settings, RawQuery::kept);
}

}  // namespace lp
