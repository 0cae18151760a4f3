#pragma once
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

namespace lp {

// Appends to a string, by way of room of its own: a piece costs one comparison and its copy, where std::string would
// look at its capacity and end itself anew, and to be made longer beforehand it would have to be filled. All that was
// written is in the string once this is gone. Pure.
class TextAppender {
 public:
  explicit TextAppender(std::string& out) : out_(out) {}
  ~TextAppender() { move_to_string(); }
  TextAppender(const TextAppender&) = delete;
  TextAppender& operator=(const TextAppender&) = delete;

  // Texts, one behind the other. Inline, so that a constant one is stored and not copied by a call.
  template <class... Texts>
  [[gnu::always_inline]] void add(const Texts&... texts) {
    put_all(std::string_view(texts)...);
  }
  template <class Integer>
  void add_number(Integer number) {
    char digits[24];
    const auto result = std::to_chars(digits, digits + sizeof digits, number);
    add(std::string_view(digits, static_cast<std::size_t>(result.ptr - digits)));
  }
  // What was written so far, for whoever appends to strings or takes something back, until the next call of the above.
  [[nodiscard]] std::string& as_string() {
    move_to_string();
    return out_;
  }

 private:
  static constexpr std::size_t kRoomBytes = 2048;  // nearly every head and line is written in one go

  template <class... Views>
  [[gnu::always_inline]] void put_all(Views... views) {
    const std::size_t bytes = (views.size() + ...);
    if (static_cast<std::size_t>(room_ + kRoomBytes - at_) >= bytes) {
      (put(views), ...);
    } else {
      move_to_string();
      (put_in_string(views), ...);
    }
  }
  [[gnu::always_inline]] void put(std::string_view text) { at_ = std::copy(text.begin(), text.end(), at_); }
  [[gnu::noinline]] void put_in_string(std::string_view text) { out_ += text; }
  [[gnu::noinline]] void move_to_string() {
    out_.append(room_, static_cast<std::size_t>(at_ - room_));
    at_ = room_;
  }

  std::string& out_;
  char room_[kRoomBytes];
  char* at_ = room_;  // where the next piece goes
};

}  // namespace lp
