#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace lp {

// The leftmost part of a path that an RE2 pattern matches, and what takes its place: \0 is what matched, \1 to \9 its
// groups. Cheap to copy; safe to share between threads.
class PathReplacement {
 public:
  // Replaces nothing.
  PathReplacement() = default;
  // A bad pattern is an error that names what RE2 found.
  [[nodiscard]] static Result<PathReplacement> parse(std::string_view from);

  std::string to;
  [[nodiscard]] const std::string& from() const { return from_; }
  [[nodiscard]] bool is_set() const { return regex_ != nullptr; }
  // What is wrong with `to`; empty: nothing. It adds to paths what makes one, and what ends one it cannot.
  [[nodiscard]] std::string problem_of_to() const;
  // The path itself where the pattern does not match.
  [[nodiscard]] std::string applied_to(std::string_view path) const;

 private:
  std::string from_;
  std::shared_ptr<const re2::RE2> regex_;
};

}  // namespace lp
