#include "config/short_names.h"

#include <algorithm>

namespace lp {
namespace {

bool counts(char c) { return c >= '0' && c <= '9'; }
bool is_kept(char c) { return (c >= 'a' && c <= 'z') || counts(c); }

// Takes the first segment, and the slash before it, off `path`.
std::string_view take_first_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

// What stands before the '~' of a short name: at most eight characters with its number, three behind a dot. Empty: it
// is none.
std::string_view beginning_of_short(std::string_view segment) {
  const std::string_view name = segment.substr(0, segment.find('.'));
  const bool has_extension = name.size() < segment.size();
  if (name.size() > 8 || (has_extension && segment.size() - name.size() > 4)) return {};
  const std::size_t tilde = name.rfind('~');
  if (tilde == std::string_view::npos || tilde + 1 == name.size()) return {};
  return std::all_of(name.begin() + static_cast<std::ptrdiff_t>(tilde) + 1, name.end(), counts) ? name.substr(0, tilde)
                                                                                                : std::string_view();
}

// Dots are left out, and what is no letter or digit becomes another character.
bool may_shorten(std::string_view beginning, std::string_view name) {
  std::size_t at = 0;
  for (const char c : name) {
    if (at == 2 || at == beginning.size() || !is_kept(c)) return true;
    if (c != beginning[at++]) return false;
  }
  return true;
}

}  // namespace

bool has_short_name(std::string_view key) {
  if (key.find('~') == std::string_view::npos) return false;
  while (!key.empty()) {
    if (!beginning_of_short(take_first_segment(key)).empty()) return true;
  }
  return false;
}

bool may_stand_for(std::string_view key, std::string_view meant, bool below) {
  if (meant == "/") meant = {};
  while (!meant.empty()) {
    if (key.empty()) return false;
    const std::string_view segment = take_first_segment(key);
    const std::string_view name = take_first_segment(meant);
    if (segment == name) continue;
    const std::string_view beginning = beginning_of_short(segment);
    if (beginning.empty() || !may_shorten(beginning, name)) return false;
  }
  return below || key.empty();
}

}  // namespace lp
