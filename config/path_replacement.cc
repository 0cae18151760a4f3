#include "config/path_replacement.h"

#include <re2/re2.h>

#include <utility>

#include "config/path_pattern.h"

namespace lp {
namespace {

bool counts_up(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Result<PathReplacement> PathReplacement::parse(std::string_view from) {
  auto regex = std::make_shared<const RE2>(re2::StringPiece(from.data(), from.size()), path_regex_options());
  if (from.empty() || !regex->ok())
    return Error{"expected a pattern in RE2's syntax" + (from.empty() ? "" : ": " + regex->error())};
  PathReplacement replacement;
  replacement.from_ = from;
  replacement.regex_ = std::move(regex);
  return replacement;
}

std::string PathReplacement::problem_of_to() const {
  std::string error;
  const int groups = regex_ ? regex_->NumberOfCapturingGroups() : 0;
  if (regex_ && RE2::MaxSubmatch(to) > groups)
    return "expected no group above \\" + std::to_string(groups) + ": from has no more; a group is what stands in ( )";
  if (regex_ && !regex_->CheckRewriteString(to, &error)) return "expected a digit behind '\\', as in /new/\\1";
  if (const std::size_t at = to.find('$'); at != std::string::npos && at + 1 < to.size() && counts_up(to[at + 1]))
    return "expected groups as \\1, found '" + to.substr(at, 2) + "': write \\" + to[at + 1];
  for (const char c : to) {
    if (c <= 0x20 || c >= 0x7f || c == '?' || c == '#' || c == '%')
      return "expected a part of a path, without escapes, '?', '#' and blanks, found '" + to + "'";
  }
  return {};
}

std::string PathReplacement::applied_to(std::string_view path) const {
  std::string replaced(path);
  if (regex_) RE2::Replace(&replaced, *regex_, to);
  return replaced;
}

}  // namespace lp
