#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "proxy/http1/chunked.h"

namespace {

using Outcome = lp::ChunkedDecoder::Outcome;

struct Decoded {
  Outcome outcome = Outcome::need_more;
  std::string body;
  std::size_t consumed = 0;
  bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view message, std::size_t step, bool is_of_app) {
  Decoded result;
  lp::ChunkedDecoder decoder(is_of_app);
  while (result.consumed < message.size()) {
    std::size_t consumed = 0;
    std::string_view data;
    result.outcome = decoder.next(message.substr(result.consumed, step), consumed, data);
    LP_CHECK(consumed <= step && data.size() <= consumed, "consumed more than there was");
    result.body += data;
    result.consumed += consumed;
    if (result.outcome == Outcome::bad || result.outcome == Outcome::end) return result;
    LP_CHECK(consumed > 0, "no progress");
  }
  result.outcome = Outcome::need_more;
  return result;
}

}  // namespace

// How the bytes are cut must not matter, and what a client may say an app says too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  for (const bool is_of_app : {false, true}) {
    const Decoded whole = decode(message, size + 1, is_of_app);
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}}) {
      LP_CHECK(decode(message, step, is_of_app) == whole, "pieces change the message");
    }
  }
  const Decoded strict = decode(message, size + 1, false);
  LP_CHECK(strict.outcome == Outcome::bad || strict == decode(message, size + 1, true),
           "blanks change a message without");
  return 0;
}
