#include "auth/rules/return_to.h"

#include <algorithm>
#include <utility>

#include "auth/rules/own_paths.h"
#include "auth/rules/own_returns.h"
#include "base/encoding.h"
#include "config/host_pattern.h"

namespace lp {
namespace {

// Visible ASCII without the bytes that browsers repair: a backslash becomes a slash, tabs and line ends vanish, quotes
// and angle brackets never stand raw in a URL.
bool is_plain_byte(char c) { return c > 0x20 && c < 0x7f && c != '\\' && c != '"' && c != '<' && c != '>'; }

bool is_dot_segment(std::string_view segment) { return segment == "." || segment == ".."; }

// Calls `ok` with each segment of a path that begins with '/'; true when all are.
template <class Ok>
bool all_segments(std::string_view path, Ok ok) {
  path.remove_prefix(1);
  for (;;) {
    const std::size_t end = path.find('/');
    const bool last = end == std::string_view::npos;
    if (!ok(path.substr(0, end), last)) return false;
    if (last) return true;
    path.remove_prefix(end + 1);
  }
}

bool has_bad_byte(std::string_view path) {
  return std::any_of(path.begin(), path.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f || c == '\\'; });
}

// No dot segment ("..;x" is one to some servers), nothing that reads as "//host", no blank that somebody trims.
bool has_plain_shape(std::string_view path, bool may_hold_empty_segments) {
  if (!path.starts_with('/') || has_bad_byte(path)) return false;
  if (path.starts_with("//") || path.starts_with("/ ")) return false;
  return all_segments(path, [&](std::string_view segment, bool last) {
    const bool may_be_empty = last || may_hold_empty_segments;
    return (may_be_empty || !segment.empty()) && !is_dot_segment(segment.substr(0, segment.find(';')));
  });
}

// In any case: a front proxy may fold it.
bool is_ours(std::string_view path, const Settings& settings) {
  const std::string lower = ascii_lower(path);
  const auto prefixes = own_prefixes(settings);
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return lies_below_prefix(lower, ascii_lower(prefix)); });
}

// Judges the path as it stands and as it looks decoded once and twice, for apps and intermediaries do that. Only as it
// stands must it be free of empty segments: %2F%2F inside a path is data.
bool is_safe_path(std::string_view path, const Settings& settings) {
  std::string seen(path);
  for (int round = 0; round < 3; ++round) {
    if (!has_plain_shape(seen, round > 0) || is_ours(seen, settings)) return false;
    std::optional<std::string> decoded = percent_decode(seen);
    if (!decoded) return round > 0;  // as sent it must be well-formed; "%25zz" decoded is not an escape any more
    seen = std::move(*decoded);
  }
  return true;
}

// The path, query and fragment of an absolute URL of `own`.
std::optional<std::string_view> below_own_origin(std::string_view url, const Origin& own) {
  const Result<Url> parsed = parse_url(url.substr(0, url.find('#')));
  if (!parsed || parsed->origin != own) return std::nullopt;
  const std::size_t authority = url.find("://") + 3;
  const std::size_t end = url.find_first_of("/?#", authority);
  if (end == std::string_view::npos) return "/";
  return url[end] == '/' ? std::optional(url.substr(end)) : std::nullopt;
}

// That of the candidate, an absolute URL, where it is one of ours.
std::optional<Origin> other_own_origin(std::string_view candidate, const Settings& settings) {
  if (candidate.starts_with('/')) return std::nullopt;
  const Result<Url> parsed = parse_url(candidate.substr(0, candidate.find('#')));
  if (!parsed) return std::nullopt;
  const bool is_ours = (settings.sign_in_url && parsed->origin == *settings.sign_in_url) ||
                       std::any_of(settings.external_urls.begin(), settings.external_urls.end(),
                                   [&](const Origin& pattern) { return origin_matches(pattern, parsed->origin); });
  return is_ours ? std::optional(parsed->origin) : std::nullopt;
}

}  // namespace

std::optional<std::string> vet_return_to(std::string_view candidate, const Origin& own, const Settings& settings) {
  if (candidate.empty() || !std::all_of(candidate.begin(), candidate.end(), is_plain_byte)) return std::nullopt;
  std::string_view local = candidate;
  if (local.front() != '/') {
    const std::optional<std::string_view> below = below_own_origin(candidate, own);
    if (!below) return std::nullopt;
    local = *below;
  }
  const std::string_view path = local.substr(0, local.find_first_of("?#"));
  if (!is_safe_path(path, settings)) return std::nullopt;
  return std::string(local);
}

std::optional<std::string> vet_return_to_own(std::string_view candidate, const Origin& own, const Settings& settings) {
  return settings.sign_in_url ? vet_return_to_external(candidate, own, settings)
                              : vet_return_to(candidate, own, settings);
}

std::optional<std::string> vet_return_to_external(std::string_view candidate, const Origin& own,
                                                  const Settings& settings) {
  if (auto local = vet_return_to(candidate, own, settings)) return local;
  const std::optional<Origin> other = other_own_origin(candidate, settings);
  if (!other) return std::nullopt;
  const auto local = vet_return_to(candidate, *other, settings);
  return local ? std::optional(other->text() + *local) : std::nullopt;
}

std::optional<std::string> vet_sealed_return_to(std::string_view candidate, const Origin& own,
                                                const Settings& settings) {
  if (is_own_return(candidate, settings.auth_prefix)) return std::string(candidate);
  if (const std::optional<Origin> other = other_own_origin(candidate, settings)) {
    const std::optional<std::string_view> below = below_own_origin(candidate, *other);
    if (below && is_own_return(*below, settings.auth_prefix)) return other->text() + std::string(*below);
  }
  return vet_return_to_external(candidate, own, settings);
}

}  // namespace lp
