#include "proxy/exchange/readiness.h"

namespace lp {

Answer fixed_answer(FixedAnswer asked, Readiness& readiness, std::int64_t now_ms) {
  if (asked == FixedAnswer::ready) readiness.asked(now_ms);
  const bool is_stopping = asked == FixedAnswer::ready && !readiness.is_ready();
  Answer made;
  made.status = is_stopping ? 503 : 200;
  made.add("Content-Type", "text/plain; charset=utf-8");
  made.add("Cache-Control", "no-store");
  made.body = asked == FixedAnswer::robots_txt ? "User-agent: *\nDisallow: /\n" : is_stopping ? "Shutting down" : "OK";
  return made;
}

}  // namespace lp
