#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "proxy/http2/request_head.h"

namespace {
std::string_view take(std::string_view& bytes) {
  if (bytes.empty()) return {};
  const std::size_t count = std::min<std::size_t>(static_cast<unsigned char>(bytes.front()), bytes.size() - 1);
  const std::string_view taken = bytes.substr(1, count);
  bytes.remove_prefix(1 + count);
  return taken;
}
}  // namespace

// Fields as a client may put them: a byte each for the lengths of name and value. Whatever they hold, no field of the
// request comes from within another one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const lp::HeadLimits limits{2048, 50, 512};
  lp::Http2RequestHead head(limits);
  lp::Http2Trailers trailers(limits);
  std::size_t added = 0;
  bool asks_private = false;
  for (; !bytes.empty(); ++added) {
    const std::string_view name = take(bytes);
    const std::string_view value = take(bytes);
    asks_private = asks_private || name == "x-injected";
    head.add(name, value);
    trailers.add(name, value);
  }
  lp::ParsedRequest request;
  const bool ends = (data[0] & 1U) != 0;
  const auto error = head.finish({ends, "AAAAAAAAAAAAAAAAAAAAAA=="}, request);
  LP_CHECK(error || request.head.fields.count("host") == 1, "a request without its one Host");
  LP_CHECK(error || request.path_and_query.front() == '/', "a target that is no path");
  LP_CHECK(error || request.head.fields.size() <= added + 4, "fields that nobody sent");
  LP_CHECK(error || asks_private || !request.head.fields.has("x-injected"), "a field out of another one");
  LP_CHECK(error || !ends || request.body.kind == lp::BodyFraming::Kind::none || request.body.length == 0,
           "a body behind the end");
  LP_CHECK(trailers.is_bad() || trailers.fields().size() == added, "trailers that nobody sent");
  return 0;
}
