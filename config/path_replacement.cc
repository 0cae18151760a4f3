#include "config/path_replacement.h"

#include <re2/re2.h>

#include <utility>

#include "config/path_pattern.h"

namespace lp {

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
  if (regex_ && !regex_->CheckRewriteString(to, &error)) return error;
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
