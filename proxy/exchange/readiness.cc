#include "proxy/exchange/readiness.h"

namespace lp {

Answer fixed_answer(FixedAnswer asked, Readiness& readiness, std::int64_t now_ms) {
  if (asked == FixedAnswer::ready) readiness.asked(now_ms);
  const bool is_stopping = asked == FixedAnswer::ready && !readiness.is_ready();
  if (asked == FixedAnswer::robots_txt) return text_answer(200, "User-agent: *\nDisallow: /\n");
  return is_stopping ? text_answer(503, "Shutting down") : text_answer(200, "OK");
}

}  // namespace lp
