#include "proxy/http1/body_writer.h"

#include "proxy/http1/write.h"

namespace lp {
namespace {

constexpr std::size_t kCopyBytes = 16 * 1024;

}  // namespace

std::optional<SocketWriter::State> BodyWriter::write(std::string_view bytes) {
  if (is_chunked_) writer_.queue(ChunkHead(bytes.size()).text());
  if (writer_.may_write() && bytes.size() > kCopyBytes) return writer_.send(bytes, is_chunked_ ? "\r\n" : "");
  writer_.queue(bytes);
  if (is_chunked_) writer_.queue("\r\n");
  if (writer_.may_write() && writer_.unsent_bytes() > 2 * kCopyBytes) return writer_.flush();
  return std::nullopt;
}

void BodyWriter::write_trailers(const Fields& trailers) {
  if (!is_chunked_ || has_last_chunk_) return;
  has_last_chunk_ = true;
  writer_.queue("0\r\n");
  for (const Field& field : trailers.all()) {
    for (const std::string_view part : {field.name, std::string_view(": "), field.value, std::string_view("\r\n")})
      writer_.queue(part);
  }
}

void BodyWriter::end() {
  if (is_chunked_) writer_.queue(has_last_chunk_ ? "\r\n" : "0\r\n\r\n");
  is_chunked_ = false;
}

}  // namespace lp
