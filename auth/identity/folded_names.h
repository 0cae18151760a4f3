#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>

// Names of fields as gateways fold them (config/client_fields.h), for comparing those of every request. Pure.
namespace lp {

inline constexpr std::array<char, 256> kFieldFold = [] {
  std::array<char, 256> table{};
  for (std::size_t c = 0; c < 256; ++c) table[c] = '-';
  for (std::size_t c = '0'; c <= '9'; ++c) table[c] = static_cast<char>(c);
  for (std::size_t c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = static_cast<char>(c);
  return table;
}();

inline char fold_of_field(char c) { return kFieldFold[static_cast<unsigned char>(c)]; }

// A set of folded names and name beginnings. Nearly all fields are told apart by their first letter and their third,
// for the second one of many is a '-'.
class FoldedNames {
 public:
  void add(std::string_view name) {
    std::string folded;
    for (const char c : name) folded += fold_of_field(c);
    if (folded.empty()) return;
    note_letters(folded);
    if (folded.back() == '-') longest_beginning_ = std::max(longest_beginning_, folded.size());
    names_.insert(std::move(folded));
  }
  // One that ends in punctuation would stand for others too; `check` refuses those.
  void add_exactly(std::string_view name) {
    if (name.empty() || fold_of_field(name.back()) != '-') add(name);
  }
  template <class List>
  void add_all(const List& list) {
    for (const std::string_view name : list) add(name);
  }

  void remove(std::string_view name) {
    std::string folded;
    for (const char c : name) folded += fold_of_field(c);
    names_.erase(folded);
  }

  [[nodiscard]] bool contains(std::string_view name) const { return may_contain(name) && contains_surely(name); }
  // False: it does not. The answer that nearly every field gets, so that it is to cost no call.
  [[nodiscard]] [[gnu::always_inline]] bool may_contain(std::string_view name) const {
    return !name.empty() && letters_[letters_of(name)];
  }

 private:
  // A number for the two characters; not unique, which costs a look-up and nothing else.
  static std::size_t letters_of(std::string_view name) {
    const std::size_t first = static_cast<std::size_t>(fold_of_field(name[0])) & 31;
    const std::size_t third = name.size() > 2 ? static_cast<std::size_t>(fold_of_field(name[2])) & 31 : 0;
    return first << 5 | third;
  }
  // Behind "x-" there may be any third letter.
  void note_letters(const std::string& folded) {
    const std::size_t letters = letters_of(folded);
    letters_[letters] = true;
    if (folded.size() > 2 || folded.back() != '-') return;
    for (std::size_t third = 0; third < 32; ++third) letters_[(letters & ~std::size_t{31}) | third] = true;
  }
  [[nodiscard]] [[gnu::noinline]] bool contains_surely(std::string_view name) const {
    std::array<char, 64> small;
    if (name.size() > small.size()) return contains_long(name);
    std::transform(name.begin(), name.end(), small.begin(), fold_of_field);
    return contains_folded({small.data(), name.size()});
  }
  [[nodiscard]] bool contains_long(std::string_view name) const {
    std::string folded(name.size(), '-');
    std::transform(name.begin(), name.end(), folded.begin(), fold_of_field);
    return contains_folded(folded);
  }
  [[nodiscard]] bool contains_folded(std::string_view folded) const {
    const std::size_t end = std::min(folded.size(), longest_beginning_);
    for (std::size_t i = 1; i < end; ++i) {
      if (folded[i] == '-' && names_.contains(folded.substr(0, i + 1))) return true;
    }
    return names_.contains(folded);
  }

  struct ViewHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_set<std::string, ViewHash, std::equal_to<>> names_;
  std::array<bool, 1024> letters_{};
  std::size_t longest_beginning_ = 0;
};

}  // namespace lp
