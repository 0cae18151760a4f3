#pragma once
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// The text of a head as it grows. Pure.
namespace lp {

// Appends to a string, which is longer than what was written meanwhile: a piece costs one comparison and its copy,
// where std::string would look at its capacity and end itself anew. What was written is all there is once this is gone.
class HeadText {
 public:
  explicit HeadText(std::string& out) : out_(out), size_(out.size()) {}
  ~HeadText() { out_.resize(written()); }
  HeadText(const HeadText&) = delete;
  HeadText& operator=(const HeadText&) = delete;

  void add(std::string_view text) {
    char* const at = room_for(text.size());
    std::memcpy(at, text.data(), text.size());
  }
  void add_number(std::uint64_t number) {
    char digits[20];
    const auto result = std::to_chars(digits, digits + sizeof digits, number);
    add({digits, static_cast<std::size_t>(result.ptr - digits)});
  }
  void add_field(std::string_view name, std::string_view value) {
    char* at = room_for(name.size() + value.size() + 4);
    std::memcpy(at, name.data(), name.size());
    at += name.size();
    std::memcpy(at, ": ", 2);
    std::memcpy(at + 2, value.data(), value.size());
    at += 2 + value.size();
    std::memcpy(at, "\r\n", 2);
  }
  // What was written so far, for whoever appends to strings or takes something back, until the next call of the above.
  [[nodiscard]] std::string& as_string() {
    out_.resize(written());
    is_lent_ = true;
    return out_;
  }

 private:
  [[nodiscard]] std::size_t written() const { return is_lent_ ? out_.size() : size_; }
  char* room_for(std::size_t bytes) {
    if (is_lent_) take_back();
    if (out_.size() - size_ < bytes) out_.resize(size_ + bytes + kSpare);
    char* const at = out_.data() + size_;
    size_ += bytes;
    return at;
  }
  void take_back() {
    size_ = out_.size();
    is_lent_ = false;
  }

  static constexpr std::size_t kSpare = 1024;  // most heads are shorter
  std::string& out_;
  std::size_t size_;
  bool is_lent_ = false;
};

}  // namespace lp
