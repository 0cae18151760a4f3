#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The outside of WebSocket frames (RFC 6455 5.2): enough to know where one may be put between the others. Pure.
namespace lp {

// Follows one direction of a tunnel by its frame headers, whatever the cuts of its bytes; payload is skipped by
// arithmetic, nothing is allocated. Bytes that are no frames make it unknown for good: never at a boundary again.
class FrameTracker {
 public:
  void feed(std::string_view bytes);
  [[nodiscard]] bool at_frame_boundary() const { return state_ == State::header && header_bytes_ == 0; }
  // A whole close frame has passed: nothing may follow it (5.5.1).
  [[nodiscard]] bool has_closed() const { return has_closed_; }
  [[nodiscard]] bool is_unknown() const { return state_ == State::unknown; }
  bool operator==(const FrameTracker&) const = default;

 private:
  enum class State : std::uint8_t { header, payload, unknown };
  void take_header_byte(unsigned char byte);
  void header_complete();
  void frame_complete();
  [[nodiscard]] std::size_t wanted_header_bytes() const;

  State state_ = State::header;
  bool has_closed_ = false;
  bool is_close_frame_ = false;
  std::uint8_t header_bytes_ = 0;  // of this frame's, so far
  std::uint8_t length_code_ = 0;   // 0 to 127, as in the second byte
  bool is_masked_ = false;
  std::uint64_t payload_left_ = 0;
};

// Why a proxy closes a WebSocket by itself.
struct CloseCause {
  std::uint16_t code = 0;
  std::string_view reason;
};
inline constexpr CloseCause kSessionEnded{4401, "session ended"};  // private use (RFC 6455 7.4.2), after HTTP's 401
inline constexpr CloseCause kNotSignedIn{4401, "not signed in"};
inline constexpr CloseCause kTryAgainLater{1013, "try again later"};  // registered with IANA, as HTTP's 503

// A whole close frame. `reason` is UTF-8 of at most 123 bytes. Clients mask (5.3), servers don't; `mask` must then be
// random.
[[nodiscard]] std::string close_frame(std::uint16_t code, std::string_view reason,
                                      const std::optional<std::array<char, 4>>& mask = std::nullopt);

}  // namespace lp
