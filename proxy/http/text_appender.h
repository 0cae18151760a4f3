#pragma once
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

namespace lp {

// Appends to a string, which is longer than what was written meanwhile: a piece costs one comparison and its copy,
// where std::string would look at its capacity and end itself anew. What was written is all there is once this is gone.
// Pure.
class TextAppender {
 public:
  explicit TextAppender(std::string& out) : out_(out) { begin_behind(out.size(), kUsualBytes); }
  ~TextAppender() { end_string(); }
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
    end_string();
    at_ = end_ = nullptr;
    return out_;
  }

 private:
  static constexpr std::size_t kUsualBytes = 1024;
  static constexpr std::size_t kSpareBytes = 256;

  template <class... Views>
  [[gnu::always_inline]] void put_all(Views... views) {
    const std::size_t bytes = (views.size() + ...);
    if (static_cast<std::size_t>(end_ - at_) < bytes) make_room(bytes);
    (put(views), ...);
  }
  [[gnu::always_inline]] void put(std::string_view text) { at_ = std::copy(text.begin(), text.end(), at_); }
  [[gnu::noinline]] void make_room(std::size_t bytes) {
    const std::size_t written = at_ == nullptr ? out_.size() : static_cast<std::size_t>(at_ - out_.data());
    begin_behind(written, bytes + kSpareBytes);
  }
  void begin_behind(std::size_t written, std::size_t room) {
    out_.resize(written + room);
    at_ = out_.data() + written;
    end_ = at_ + room;
  }
  void end_string() {
    if (at_ != nullptr) out_.resize(static_cast<std::size_t>(at_ - out_.data()));
  }

  std::string& out_;
  char* at_ = nullptr;   // where the next piece goes; null: the string is lent and ends there
  char* end_ = nullptr;  // of the room
};

}  // namespace lp
