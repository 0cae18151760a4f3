#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/http_message.h"
#include "proxy/http/messages.h"

namespace lp {

// What a peer owes us while it is waited for: never as long a silence, and a rate that it may be behind for no longer
// than `window_ms`. A byte now and then ends the silence and does not make up for the rate.
struct PaceTerms {
  std::int64_t silence_ms = 0;
  std::int64_t bytes_per_s = 0;  // 0: no rate is owed
  std::int64_t window_ms = 0;
};

// An answer whose bytes come when there is something to say, events or messages of gRPC: it is the app that says so,
// and no rate is owed to it.
[[nodiscard]] bool is_slow_by_nature(const BodyFraming& body, const Fields& answer);

// Whether one peer keeps to them: of a connection or of one stream of it, sending or taking. Bytes are counted where
// they come by; time is looked at now and then, when a deadline fires, and never where bytes are. What a peer is ahead
// is not kept for later, so that a fast beginning buys no slow end. Pure.
class Pace {
 public:
  // From here on it is waited for. The first look is due after look_ms().
  void begin() { *this = Pace(); }
  void moved(std::size_t bytes) { bytes_ += bytes; }
  // Of what was counted: they have not got there yet.
  void stuck(std::size_t bytes) { bytes_ -= bytes < bytes_ ? bytes : bytes_; }
  // So much later than begin() or the last look. When the next one is due; nullopt: it is too slow.
  [[nodiscard]] std::optional<std::int64_t> look(const PaceTerms& terms, std::int64_t elapsed_ms);
  [[nodiscard]] static std::int64_t look_ms(const PaceTerms& terms);

 private:
  std::uint64_t bytes_ = 0;  // since the last look
  std::int64_t behind_ = 0;  // bytes that the rate would have brought and that did not come
  std::int64_t silent_ms_ = 0;
};

}  // namespace lp
