#include "config/text_pattern.h"

#include <re2/re2.h>

#include <utility>

namespace lp {
namespace {

constexpr std::int64_t kRegexMemoryBytes = 8 << 20;

}  // namespace

Result<TextPattern> TextPattern::parse(std::string_view text) {
  TextPattern pattern = literal(std::string(text));
  if (!text.starts_with('~')) return pattern;
  std::string_view source = text.substr(1);
  while (source.starts_with(' ')) source.remove_prefix(1);
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexMemoryBytes);
  auto regex = std::make_shared<const RE2>(re2::StringPiece(source.data(), source.size()), options);
  if (source.empty() || !regex->ok()) {
    return Error{"expected a pattern in RE2's syntax" + (source.empty() ? ", found nothing" : ": " + regex->error())};
  }
  pattern.regex_ = std::move(regex);
  return pattern;
}

TextPattern TextPattern::literal(std::string text) {
  TextPattern pattern;
  pattern.text_ = std::move(text);
  return pattern;
}

bool TextPattern::matches(std::string_view text) const {
  return regex_ ? RE2::FullMatch({text.data(), text.size()}, *regex_) : text == text_;
}

}  // namespace lp
