#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace lp {

// A text that another is compared with: the same bytes, or "~ REGEX", an RE2 pattern that must match all of it. Cheap
// to copy; safe to share between threads.
class TextPattern {
 public:
  // Matches the empty text only.
  TextPattern() = default;
  // A bad pattern is an error that names what RE2 found.
  [[nodiscard]] static Result<TextPattern> parse(std::string_view text);
  // Takes the text as it is, also one that begins with '~'.
  [[nodiscard]] static TextPattern literal(std::string text);

  [[nodiscard]] bool matches(std::string_view text) const;
  // As parse() reads it back.
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool is_regex() const { return regex_ != nullptr; }

 private:
  std::string text_;
  std::shared_ptr<const re2::RE2> regex_;
};

}  // namespace lp
