#pragma once
#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <string_view>

namespace lp {

// Whether `text` is one of these texts, byte for byte.
template <class Texts>
[[nodiscard]] bool is_one_of(std::string_view text, const Texts& texts) {
  return std::any_of(std::begin(texts), std::end(texts), [text](std::string_view one) { return one == text; });
}
[[nodiscard]] inline bool is_one_of(std::string_view text, std::initializer_list<std::string_view> texts) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

}  // namespace lp
