#pragma once
#include <cstddef>
#include <string_view>

#include "proxy/http1/head_limits.h"

namespace lp {

// Finds the end of a head that does not come whole while its bytes trickle in, looking at each byte once, and refuses
// at the first byte that no legal head can hold (bare CR, of a client bare LF, NUL, other controls, a TLS hello),
// without waiting for the rest.
class HeadScanner {
 public:
  enum class Kind { request, response };
  enum class Outcome { need_more, complete, bad, too_large };
  explicit HeadScanner(Kind kind = Kind::request) : kind_(kind) {}
  // `bytes` is everything received for this head so far (the same bytes as before plus new ones).
  Outcome scan(std::string_view bytes, const HeadLimits& limits);
  [[nodiscard]] bool has_begun() const { return seen_ > 0; }
  [[nodiscard]] std::size_t head_bytes() const { return head_bytes_; }  // after complete
  [[nodiscard]] int status_if_too_large() const;                        // 414 while in the request line, else 431
  void reset();

 private:
  [[nodiscard]] bool may_end_line(char c, const HeadLimits& limits) const {
    return c == '\r' || (c == '\n' && (kind_ == Kind::response || limits.is_for_probes));
  }

  Kind kind_;
  std::size_t seen_ = 0;
  std::size_t line_start_ = 0;
  std::size_t head_bytes_ = 0;
  std::size_t lines_ = 0;
};

}  // namespace lp
