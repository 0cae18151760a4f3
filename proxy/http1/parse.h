#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/http/messages.h"

// The strict HTTP/1.1 codec, reading side (RFC 9112). Pure: bytes in, values out. What is ambiguous is refused, never
// repaired: a repaired message means something else to the next parser (request smuggling, threats S).
namespace lp {

struct HeadLimits {
  std::size_t head_bytes = 64 * 1024;  // request line or status line and all fields, with the empty line
  std::size_t field_count = 200;
  std::size_t target_bytes = 16 * 1024;
};

// Finds the end of a head while its bytes trickle in, looking at each byte once, and refuses at the first byte that no
// legal head can hold (bare CR or LF, NUL, other controls, a TLS hello), without waiting for the rest.
class HeadScanner {
 public:
  enum class Kind { request, response };
  enum class Outcome { need_more, complete, bad, too_large };
  explicit HeadScanner(Kind kind = Kind::request) : kind_(kind) {}
  // `bytes` is everything received for this head so far (the same bytes as before plus new ones).
  Outcome scan(std::string_view bytes, const HeadLimits& limits);
  [[nodiscard]] std::size_t head_bytes() const { return head_bytes_; }  // after complete
  [[nodiscard]] int status_if_too_large() const;                        // 414 while in the request line, else 431
  void reset();

 private:
  Kind kind_;
  std::size_t seen_ = 0;
  std::size_t line_start_ = 0;
  std::size_t head_bytes_ = 0;
  std::size_t lines_ = 0;
};

// A complete head as found by HeadScanner, with its empty line. Fills `out` with views into `bytes`.
// Also checks what RFC 9112/9110 demand of the whole: exactly one valid Host (HTTP/1.0 too: we need it), framing
// unambiguous, version, method token, target form (origin-form; absolute-form of http/https; "*" and authority-form are
// refused).
[[nodiscard]] std::optional<ParseError> parse_request_head(std::string_view bytes, const HeadLimits& limits,
                                                           ParsedRequest& out);

[[nodiscard]] std::optional<ParseError> parse_response_head(std::string_view bytes, std::string_view request_method,
                                                            const HeadLimits& limits, ParsedResponse& out);

// Takes the chunked coding off (RFC 9112 7.1). Extensions are checked and dropped, trailers are checked and dropped
// (threat H16); their size is bounded.
class ChunkedDecoder {
 public:
  enum class Outcome { need_more, data, end, bad };
  // Looks at `in`, sets `consumed`; on `data`, `data` is the next piece of the body (a view into `in`), to be called
  // again with the rest; on `end` the message is complete and what follows `consumed` belongs to the next one.
  Outcome next(std::string_view in, std::size_t& consumed, std::string_view& data);
  void reset();

 private:
  enum class State : std::uint8_t {
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf,
    done,
    failed
  };
  bool take(char c);  // one byte outside of data; false: no legal message goes on so
  bool take_size(char c);
  bool take_extension(char c);
  bool take_trailer(char c);
  bool expect(char c, char wanted, State next_state);

  State state_ = State::size;
  std::uint64_t left_ = 0;             // of this chunk's data
  std::uint32_t digits_ = 0;           // of this chunk's size
  std::uint32_t extension_bytes_ = 0;  // of the whole message
  std::uint32_t trailer_bytes_ = 0;
};

}  // namespace lp
