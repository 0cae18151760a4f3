#include "proxy/http1/scan.h"

#include <algorithm>

#include "proxy/http/syntax.h"

namespace lp {
namespace {

// Method (32), version and spaces around a target of the greatest size, rounded up.
constexpr std::size_t kRequestLineBesidesTarget = 64;

}  // namespace

HeadScanner::Outcome HeadScanner::scan(std::string_view bytes, const HeadLimits& limits) {
  const std::size_t end = std::min(bytes.size(), limits.head_bytes);
  std::size_t at = seen_;
  while (at < end) {
    // Every line begins with a token (method, "HTTP" or a field name) or is the empty line: no obs-fold, no TLS hello,
    // no CRLF before a request line (RFC 9112 2.2 would let us skip that; it also hides the remains of a body).
    if (at == line_start_ && !syntax::is_tchar(bytes[at]) && (lines_ == 0 || !may_end_line(bytes[at], limits))) {
      return Outcome::bad;
    }
    at = syntax::skip_text(bytes, at, end);
    if (at == end) break;
    if (bytes[at] == '\t' && (lines_ > 0 || kind_ == Kind::response)) {
      ++at;
      continue;
    }
    if (!may_end_line(bytes[at], limits)) return Outcome::bad;
    const std::size_t line_end = bytes[at] == '\r' ? 2 : 1;
    if (at + line_end > end) break;
    if (bytes[at + line_end - 1] != '\n') return Outcome::bad;
    if (at == line_start_) {
      head_bytes_ = at + line_end;
      return Outcome::complete;
    }
    ++lines_;
    at += line_end;
    line_start_ = at;
    if (lines_ > limits.field_count + 1) return Outcome::too_large;
  }
  seen_ = at;
  if (bytes.size() >= limits.head_bytes) return Outcome::too_large;
  const bool line_too_long =
      lines_ == 0 && kind_ == Kind::request && at > limits.target_bytes + kRequestLineBesidesTarget;
  return line_too_long ? Outcome::too_large : Outcome::need_more;
}

int HeadScanner::status_if_too_large() const { return lines_ == 0 ? 414 : 431; }

void HeadScanner::reset() { *this = HeadScanner(kind_); }

}  // namespace lp
