#pragma once
#include <optional>
#include <string_view>

#include "proxy/http/messages.h"
#include "proxy/net/socket.h"

namespace lp {

// Frames the bodies that a connection sends, one after the other: the chunked coding is put on (RFC 9112 7.1), any
// other body goes as it is. The writer outlives this.
class BodyWriter {
 public:
  explicit BodyWriter(SocketWriter& writer) : writer_(writer) {}

  void begin(const BodyFraming& framing) {
    is_chunked_ = framing.kind == BodyFraming::Kind::chunked;
    has_last_chunk_ = false;
  }
  // Small pieces are copied behind what is queued, so that they leave with it in one system call: nullopt while they
  // wait for the flush at the end of the batch, else what came of writing. Nothing is written before the writer
  // may write. `bytes` is not empty, for an empty chunk would be the last one.
  std::optional<SocketWriter::State> write(std::string_view bytes);
  [[nodiscard]] bool is_chunked() const { return is_chunked_; }
  // Behind the last chunk; where there are no chunks there is no place for them.
  void write_trailers(const Fields& trailers);
  void end();  // queues what the coding ends with

 private:
  SocketWriter& writer_;
  bool is_chunked_ = false;
  bool has_last_chunk_ = false;
};

}  // namespace lp
