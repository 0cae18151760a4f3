#include "base/deflate.h"

#include <zlib.h>

#include <algorithm>

#include "base/check.h"

namespace lp {
namespace {

constexpr int kRawStream = -15;  // the largest window, without header and checksum
constexpr std::size_t kStepBytes = 16384;

// zlib reads from a pointer that it does not call constant.
Bytef* input_of(std::string_view bytes) { return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data())); }

void give_output(z_stream& stream, std::string& out, std::size_t more) {
  const std::size_t used = out.size();
  out.resize(used + more);
  stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
  stream.avail_out = static_cast<uInt>(more);
}

}  // namespace

std::string deflate_text(std::string_view text) {
  z_stream stream{};
  LP_CHECK(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kRawStream, 8, Z_DEFAULT_STRATEGY) == Z_OK,
           "no memory for a deflate stream");
  stream.next_in = input_of(text);
  stream.avail_in = static_cast<uInt>(text.size());
  std::string out;
  give_output(stream, out, deflateBound(&stream, static_cast<uLong>(text.size())));
  LP_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflateBound() was too small");
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::optional<std::string> inflate_text(std::string_view bytes, std::size_t max_bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, kRawStream) != Z_OK) return std::nullopt;
  stream.next_in = input_of(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int result = Z_OK;
  while (result == Z_OK && out.size() <= max_bytes) {
    give_output(stream, out, std::min(kStepBytes, max_bytes + 1 - out.size()));
    result = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  const bool is_whole = result == Z_STREAM_END && stream.avail_in == 0 && out.size() <= max_bytes;
  inflateEnd(&stream);
  return is_whole ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace lp
