// Replies of Redis: however the bytes are cut, the same replies and the same verdict, within the bounds.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/redis_reply.h"

namespace {

constexpr std::size_t kLimit = 64 << 10;

struct Reading {
  std::vector<lp::RedisReply> replies;
  bool failed = false;
  bool operator==(const Reading&) const = default;
};

std::size_t depth_of(const lp::RedisReply& reply) {
  std::size_t deepest = 0;
  for (const auto& element : reply.elements()) deepest = std::max(deepest, depth_of(element));
  return deepest + 1;
}

std::size_t bytes_of(const lp::RedisReply& reply) {
  std::size_t bytes = sizeof reply + reply.text().size();
  for (const auto& element : reply.elements()) bytes += bytes_of(element);
  return bytes;
}

Reading read_all(std::string_view bytes, std::size_t part) {
  Reading reading;
  lp::RedisReplyReader reader(kLimit);
  for (std::size_t at = 0; at < bytes.size() && !reading.failed; at += part) {
    reader.feed(bytes.substr(at, part));
    for (;;) {
      auto reply = reader.next();
      reading.failed = !reply.ok();
      if (reading.failed || !*reply) break;
      if (depth_of(**reply) > 9 || bytes_of(**reply) > kLimit) std::abort();
      reading.replies.push_back(std::move(**reply));
    }
  }
  return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (size > kLimit / 2) return 0;  // beyond it, when a verdict falls may depend on the parts
  if (!(read_all(bytes, 1) == read_all(bytes, size + 1))) std::abort();
  return 0;
}
