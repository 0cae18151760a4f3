#include "config/redirect_target.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "config/path_pattern.h"
#include "config/value.h"

namespace lp {
namespace {

constexpr int kMostGroups = 10;  // \0 and nine more
using Groups = std::array<std::string_view, kMostGroups>;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// One past the end of "scheme://host:port", 0 of a path.
std::size_t path_begins(std::string_view target) {
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return 0;
  return std::min(target.find_first_of("/?#", scheme + 3), target.size());
}

// A path, or a URL whose origin is one and holds no group.
bool has_safe_begin(std::string_view target) {
  const std::size_t begins = path_begins(target);
  if (begins == 0) return target.substr(0, 1) == "/" && target.substr(0, 2) != "//";
  return static_cast<bool>(parse_config_origin(target.substr(0, begins)));
}

Groups groups_in(const PathPattern& pattern, std::string_view path) {
  Groups groups;
  groups[0] = path;
  if (pattern.kind == PathPattern::Kind::prefix) {
    std::string_view rest = path.substr(pattern.text.size());
    if (!rest.empty()) rest.remove_prefix(1);  // the slash before '*'
    groups[1] = rest;
  } else if (pattern.kind == PathPattern::Kind::regex) {
    const RE2 regex(pattern.text, path_regex_options());
    const int count = std::min(groups_of(pattern), kMostGroups - 1);
    std::array<re2::StringPiece, kMostGroups> found;
    if (!regex.Match(path, 0, path.size(), RE2::ANCHOR_BOTH, found.data(), count + 1)) return groups;
    for (std::size_t i = 1; i <= static_cast<std::size_t>(count); ++i) groups[i] = {found[i].data(), found[i].size()};
  }
  return groups;
}

// "//host" and "/\host" are other hosts to browsers (threat O01).
void keep_on_this_host(std::string& location) {
  const std::size_t end = location.find_first_not_of("/\\");
  if (location.front() == '/' && end != 1) location.replace(0, std::min(end, location.size()), "/");
}

// In a query they would end the parameter, or be a blank.
std::string as_value(std::string_view group) {
  std::string value;
  for (const char c : group) {
    constexpr std::string_view kEscapes[] = {"&%26", "+%2B", "=%3D", ";%3B"};
    const auto found =
        std::find_if(std::begin(kEscapes), std::end(kEscapes), [c](std::string_view one) { return one[0] == c; });
    if (found == std::end(kEscapes))
      value += c;
    else
      value += found->substr(1);
  }
  return value;
}

}  // namespace

Result<std::string> parse_redirect_target(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '"'; });
  for (std::size_t at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at + 1)) {
    if (at + 1 >= text.size() || !is_digit(text[at + 1])) return fail("expected a digit after '\\', as in /new/\\1");
  }
  for (std::size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1)) {
    if (at + 1 < text.size() && is_digit(text[at + 1]))
      return fail("expected groups as \\1, found '" + std::string(text.substr(at, 2)) + "': write \\" + text[at + 1] +
                  " (a dollar sign before a digit is %24)");
  }
  if (plain && has_safe_begin(text)) return std::string(text);
  return expected("a path such as /new/\\1 or a URL such as https://example.com/\\1, whose host is fixed", text);
}

int groups_of(const PathPattern& path) {
  if (path.kind == PathPattern::Kind::exact) return 0;
  if (path.kind == PathPattern::Kind::prefix) return 1;
  return RE2(path.text, path_regex_options()).NumberOfCapturingGroups();
}

int highest_group_in(std::string_view target) {
  int highest = 0;
  for (std::size_t at = target.find('\\'); at != std::string_view::npos; at = target.find('\\', at + 1))
    highest = std::max(highest, target[at + 1] - '0');
  return highest;
}

std::string redirect_location(std::string_view target, const PathPattern& pattern, std::string_view path,
                              std::string_view query) {
  const Groups groups = groups_in(pattern, path);
  std::string location;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target[i] != '\\') {
      location += target[i];
      continue;
    }
    const std::string_view group = groups[static_cast<std::size_t>(target[++i] - '0')];
    location += location.find('?') == std::string::npos ? std::string(group) : as_value(group);
  }
  keep_on_this_host(location);
  if (target.find('?') == std::string_view::npos) location.insert(std::min(location.find('#'), location.size()), query);
  return location;
}

}  // namespace lp
