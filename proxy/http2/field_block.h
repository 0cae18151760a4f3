#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lp {

// Where the block of fields under way on a connection stands (HEADERS and its CONTINUATION, RFC 9113 4.3): nghttp2 says
// nothing of one that it skips, nor where that ends. Fed with all that a client sends, preface and all. Pure.
class FieldBlockWatch {
 public:
  void saw(std::string_view bytes);
  // A HEADERS frame has begun, and its block is not complete.
  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] std::uint64_t number() const { return number_; }  // of the block, from 1
  [[nodiscard]] std::int32_t stream() const { return stream_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }  // of it so far, as sent

 private:
  static constexpr std::size_t kPrefaceBytes = 24;
  static constexpr std::size_t kFrameHeadBytes = 9;
  void begin_frame();
  void begin_block();
  void skip(std::size_t bytes);

  std::array<std::uint8_t, kFrameHeadBytes> head_{};
  std::size_t head_bytes_ = 0;
  std::size_t left_ = kPrefaceBytes;  // of a payload
  std::size_t bytes_ = 0;
  std::uint64_t number_ = 0;
  std::int32_t stream_ = 0;
  bool is_open_ = false;
  bool is_last_frame_ = false;
};

// What the fields of a block are when decoded, whatever becomes of them: a byte can be as much as a whole entry of the
// table. Pure.
class DecodedBlock {
 public:
  void begin() { bytes_ = 0; }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }
  // False: so many times what a head may be that it was done on purpose (HPACK bombs, threat D04).
  [[nodiscard]] bool add(std::size_t field_bytes, std::int64_t most_head_bytes) {
    bytes_ += static_cast<std::int64_t>(field_bytes) + kFieldOverhead;
    return bytes_ <= kBombFactor * most_head_bytes;
  }

 private:
  static constexpr std::int64_t kFieldOverhead = 32;  // as RFC 7541 4.1 counts it
  static constexpr std::int64_t kBombFactor = 8;
  std::int64_t bytes_ = 0;
};

}  // namespace lp
