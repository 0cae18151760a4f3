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
};

Decoded decode(std::string_view message, std::size_t step) {
  Decoded result;
  lp::ChunkedDecoder decoder;
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

// How the bytes are cut must not matter.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const Decoded whole = decode(message, size + 1);
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}}) {
    const Decoded pieces = decode(message, step);
    LP_CHECK(pieces.outcome == whole.outcome && pieces.body == whole.body && pieces.consumed == whole.consumed,
             "pieces change the message");
  }
  return 0;
}
