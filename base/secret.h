#pragma once
#include <string>
#include <string_view>

namespace lp {

// Bytes that must never reach a log, a page or a core of somebody else's making: does not print, is compared in
// constant time, and is wiped when it goes. reveal() marks each place where the bytes leave.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes);
  Secret(const Secret&) = default;
  Secret& operator=(const Secret& other);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  [[nodiscard]] std::string_view reveal() const { return bytes_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  // Constant time in the bytes; the lengths may be learnt.
  [[nodiscard]] bool equals(std::string_view other) const;

  template <class Stream>
  friend Stream& operator<<(Stream&, const Secret&) = delete;

 private:
  std::string bytes_;
};

// Constant time in the bytes; the lengths may be learnt.
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace lp
